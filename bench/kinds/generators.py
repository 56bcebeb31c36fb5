"""Generators above all: chains of them, a tree that is walked by `yield from`, values that are sent."""

import os
from collections.abc import Generator, Iterator


def squares(numbers: Iterator[int]) -> Iterator[int]:
    for number in numbers:
        yield number * number


def odd(numbers: Iterator[int]) -> Iterator[int]:
    for number in numbers:
        if number % 2:
            yield number


def walk(low: int, high: int) -> Iterator[int]:
    if low < high:
        middle = (low + high) // 2
        yield from walk(low, middle)
        yield middle
        yield from walk(middle + 1, high)


def average() -> Generator[float, float, None]:
    total, count, mean = 0.0, 0, 0.0
    while True:
        total += yield mean
        count += 1
        mean = total / count


def main() -> None:
    sum(odd(squares(iter(range(10_000)))))
    sum(walk(0, 4_000))
    mean = average()
    next(mean)
    for number in range(5_000):
        mean.send(number)


for _ in range(int(os.environ.get("TIMES", "1"))):
    main()
