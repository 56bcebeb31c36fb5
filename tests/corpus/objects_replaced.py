import collections
import datetime
import decimal
import fractions
import pathlib
import uuid


class Loud:
    def __init__(self):
        self.one = 1

    def __str__(self):
        print("__str__ of", type(self).__name__)
        return "text"

    def __len__(self):
        print("__len__ of", type(self).__name__)
        return 3

    def __iter__(self):
        print("__iter__ of", type(self).__name__)
        return iter([1, 2, 3])


REPLACED = {
    datetime: ("date", "time", "datetime", "timedelta"),
    decimal: ("Decimal",),
    fractions: ("Fraction",),
    pathlib: ("PosixPath", "PurePosixPath"),
    collections: ("deque", "OrderedDict", "Counter", "defaultdict"),
    uuid: ("UUID",),
}


class Zone(Loud, datetime.tzinfo):
    def utcoffset(self, when):
        print("utcoffset of", type(self).__name__)
        return datetime_of_old.timedelta(hours=1)


class datetime_of_old:
    datetime, timedelta = datetime.datetime, datetime.timedelta


def zoned():
    datetime.timezone = type("timezone", (Zone,), {})
    when = datetime_of_old.datetime(2000, 1, 1, tzinfo=datetime.timezone())
    print(when.year, "without its zone")


def main():
    zoned()
    for module, names in REPLACED.items():
        for name in names:
            own = type(name, (Loud,), {})
            setattr(module, name, own)
            made = own()
            made.two = 2
            print(module.__name__, name, vars(made))


main()
