"""Values that stay while lines run, and now and then change: a long text, bytes, sets, Decimals, dates."""

from datetime import date, datetime, timedelta
from decimal import Decimal


class Markup(str):
    """A text of a class of its own."""


def main() -> list[object]:
    text, held = "a line of a long text\n" * 200, bytearray(4_000)
    marked = Markup(text)
    names, numbers = {f"name {number}" for number in range(12)}, frozenset(range(12))
    price, total = Decimal("19.99"), Decimal(0)
    day, moment, pause = date(2024, 2, 29), datetime(2024, 2, 29, 12, 30), timedelta(hours=7)
    for number in range(400):
        total += price
        moment += pause
        if number % 20 == 0:
            text += "one line more\n"
            held[number] = 1
            names.add(f"name {number}")
            price += 1
    return [text, held, marked, names, numbers, total, day, moment]


main()
