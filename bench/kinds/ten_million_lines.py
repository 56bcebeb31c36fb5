"""A program without end, nearly: what a recorder keeps in memory must not grow with it."""


def main() -> None:
    total = 0
    for number in range(5_000_000):
        total += number


main()
