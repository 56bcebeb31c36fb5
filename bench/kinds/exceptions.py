"""Exceptions above all: raised deep, caught, chained, passed through `finally`."""

import os


class RefusedError(Exception):
    def __init__(self, number: int) -> None:
        super().__init__(f"refused: {number}")
        self.number = number


def deep(level: int, number: int) -> int:
    if level == 0:
        raise RefusedError(number)
    try:
        return deep(level - 1, number)
    finally:
        number += 1


def chained(number: int) -> None:
    try:
        deep(5, number)
    except RefusedError as error:
        raise ValueError(error.number) from error


def main() -> int:
    caught = 0
    for number in range(2_000):
        try:
            chained(number)
        except ValueError as error:
            caught += error.args[0]
        try:
            {}[number]
        except KeyError:
            caught += 1
    return caught


for _ in range(int(os.environ.get("TIMES", "1"))):
    main()
