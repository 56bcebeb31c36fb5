import sys


def numbers(name):
    try:
        with Context(name):
            for number in range(10):
                yield number
    finally:
        print("closed", name, sys.exc_info()[0])


class Context:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, entry):
        print("exit", self.name, kind)


def outer(name):
    yield from numbers(name)


async def wait(name):
    try:
        await Forever()
    finally:
        print("coroutine closed", name)


class Forever:
    def __await__(self):
        yield 1


def kept():
    it = numbers("local")
    next(it)
    return "returned"


first, second = numbers("first"), outer("second")
next(first), next(second)
print(kept())
third = wait("third")
third.send(None)
never = numbers("never started")
fourth = outer("fourth")
next(fourth)
del fourth
raise ValueError("the end")
