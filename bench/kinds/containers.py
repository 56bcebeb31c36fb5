"""Big containers above all: lists, dicts, sets and tables of thousands of items, which change at every step."""

import os


def primes(limit: int) -> list[int]:
    sieve = [True] * limit
    sieve[0] = sieve[1] = False
    for number in range(2, int(limit**0.5) + 1):
        if sieve[number]:
            for multiple in range(number * number, limit, number):
                sieve[multiple] = False
    return [number for number, prime in enumerate(sieve) if prime]


def count(words: list[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        places.setdefault(word, []).append(place)
    return places


def main() -> None:
    found = primes(10_000)
    words = [f"word {number % 997}" for number in range(5_000)]
    places = count(words)
    seen: set[str] = set()
    table = [[row * column for column in range(50)] for row in range(50)]
    for row in table:
        for column, value in enumerate(row):
            row[column] = value + len(found)
    for word, numbers in places.items():
        seen.add(word)
        numbers.reverse()


for _ in range(int(os.environ.get("TIMES", "1"))):
    main()
