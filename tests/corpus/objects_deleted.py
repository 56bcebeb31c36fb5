import sys


class Noisy:
    def __init__(self, name, *held):
        self.name = name
        self.held = held

    def __del__(self):
        local = self.name
        print("del", local, sys._getframe(1).f_code.co_name if sys._getframe().f_back else "none")


class Reborn:
    kept = []

    def __del__(self):
        Reborn.kept.append(self)
        print("reborn")


def locals_go_in_order():
    first, second = Noisy("first"), Noisy("second")
    third = Noisy("third", second)
    first = None
    print("middle")
    second = None
    del third
    last = Noisy("last")
    return "result"


def overwritten():
    for number in range(3):
        value = Noisy(f"loop {number}")
    print("loop is done")
    value = value.name
    print(value)


def passed(argument):
    argument = None
    print("argument is gone")


def raised():
    inner = Noisy("inner")
    raise KeyError(inner.name)


def caught():
    try:
        raised()
    except KeyError as error:
        print("caught", error)
    print("after except")


def generator():
    held = Noisy("in a generator")
    yield 1
    print("resumed")


def temporaries():
    print(Noisy("temporary").name, [Noisy("in a list").name])
    return Noisy("returned").name


print(locals_go_in_order())
overwritten()
passed(Noisy("argument"))
caught()
it = generator()
next(it)
del it
print(temporaries())
Reborn()
print(len(Reborn.kept))
Reborn.kept.clear()
[Noisy("comprehension") for _ in range(2)]
print("end")
