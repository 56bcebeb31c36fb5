import sys
import types


class Slow:
    def __new__(cls, *arguments):
        self = super().__new__(cls)
        check(self)
        return self

    def __init__(self, fail):
        check(self)
        self.first = 1
        check(self)
        if fail:
            raise ValueError("half built")
        self.second = [self]

    def __repr__(self):
        return f"{self.first} {self.second}"

    def __del__(self):
        check(self)
        names = sorted(vars(self))
        print("del", names)

    def __setattr__(self, name, value):
        before = sorted(vars(self))
        super().__setattr__(name, value)
        check(before)


class Text(str):
    def __new__(cls, value):
        made = super().__new__(cls, value)
        made.extra = made
        return made


class Error(Exception):
    def __init__(self, *, code):
        check(self)
        self.code = code
        check(self.args)


def check(value):
    held = value
    return held


Slow(False).second.clear()
try:
    Slow(True)
except ValueError as error:
    print(error, check(error.__traceback__).tb_lineno)
for kind in (
    Slow,
    dict,
    Error,
    Text,
    OSError,
    types.SimpleNamespace,
    property,
    memoryview,
    slice,
    range,
    type(iter([])),
):
    try:
        check(kind.__new__(kind))
    except TypeError as error:
        print(type(error).__name__)
try:
    raise Error(code=3)
except Error as error:
    print(error.args, error.code, check(Text("x")).extra)
gone = types.SimpleNamespace()
del gone
print("gone" in globals(), sys.getrefcount(check))
