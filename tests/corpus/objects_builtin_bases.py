import collections
import datetime
import decimal
import enum
import fractions
import pathlib
import types

log = []
KEPT = {"__new__", "__init__", "__class__", "__getattribute__", "__setattr__", "__init_subclass__", "__subclasshook__"}
KEPT |= {"__del__", "__doc__", "__module__", "__dict__", "__hash__", "__eq__", "__buffer__", "__release_buffer__"}


def loud(name, real):
    def method(self, *arguments, **named):
        if watching:
            log.append((type(self).__mro__[1].__name__, name))
        return real(self, *arguments, **named)

    return method


def derive(base):
    names = {name: loud(name, getattr(base, name)) for name in dir(base) if name not in KEPT and hasattr(base, name)}
    names = {name: method for name, method in names.items() if callable(getattr(base, name))}
    return type(f"Loud{base.__name__}", (base,), names)


def take(value, inside):
    held = value
    for _ in range(2):
        held = inside
    return held


BASES = [
    (int, 5), (float, 1.5), (complex, 1j), (str, "text"), (bytes, b"b"), (bytearray, b"c"), (list, [1]), (tuple, (1,)),
    (dict, {1: 2}), (set, {1}), (frozenset, {1}), (Exception, "e"), (KeyError, "k"), (OSError, "o"), (object, None),
    (collections.deque, [1]), (collections.OrderedDict, {1: 2}), (collections.Counter, "aab"), (collections.ChainMap, {}),
    (collections.defaultdict, None), (collections.UserDict, {1: 2}), (collections.UserList, [1]), (fractions.Fraction, 1),
    (decimal.Decimal, "1.5"), (datetime.timedelta, 1), (pathlib.PurePosixPath, "a"), (types.SimpleNamespace, None),
    (property, None), (classmethod, None), (enumerate, "ab"), (reversed, [1]), (map, None), (super, None),
]  # fmt: skip
for base, argument in BASES:
    watching = False
    arguments = {map: (str, "ab"), object: (), types.SimpleNamespace: (), super: (int, 5)}.get(base, (argument,))
    value = derive(base)(*arguments)
    inside = [value, (value,), {"v": value}]
    watching = True
    take(value, inside)
    watching = False
date = derive(datetime.datetime)(2020, 1, 2)
watching = True
take(date, [date])
print(log)
