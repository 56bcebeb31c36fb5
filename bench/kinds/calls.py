"""Calls above all: many small functions, methods and closures, all of which return at once."""

import os


def add(one: int, other: int = 1, *, more: int = 0) -> int:
    return one + other + more


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def step(self, by: int) -> "Counter":
        self.count = add(self.count, by)
        return self

    @property
    def doubled(self) -> int:
        return add(self.count, self.count)


def fibonacci(number: int) -> int:
    return number if number < 2 else add(fibonacci(number - 1), fibonacci(number - 2))


def main() -> int:
    counter = Counter()
    for number in range(5_000):
        counter.step(number).step(-number)
        counter.step(counter.doubled % 7)
    return fibonacci(18) + counter.count


for _ in range(int(os.environ.get("TIMES", "1"))):
    main()
