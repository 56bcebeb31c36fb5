"""Calls, methods, generators, exceptions."""

from collections.abc import Iterator


class Account:
    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.balance = 0

    def add(self, amount: int) -> int:
        if amount < 0:
            raise ValueError(amount)
        self.balance += amount
        return self.balance


def amounts(count: int) -> Iterator[int]:
    for number in range(count):
        yield number - 2


def main() -> None:
    account = Account("me")
    for amount in amounts(1_000):
        try:
            account.add(amount)
        except ValueError:
            account.balance = 0


main()
