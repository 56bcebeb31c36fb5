import contextlib
import inspect


def numbers():
    try:
        got = yield 1
        print("got", got)
        yield from inner()
        yield 4
    except ValueError as error:
        print("thrown", error)
        yield "recovered"
    finally:
        print("finally")
    return "result"


def inner():
    try:
        got = yield 2
        print("inner got", got)
    except KeyError:
        yield "inner recovered"
    return 3


@contextlib.contextmanager
def manager(name):
    print("enter", name)
    try:
        yield name
    except ZeroDivisionError:
        print("suppressed", name)
    print("exit", name)


it = numbers()
print(next(it), it.send("sent"), it.throw(KeyError("k")), it.gi_yieldfrom is not None, it.gi_frame.f_lineno)
print(it.throw(ValueError("v")), inspect.getgeneratorstate(it))
try:
    next(it)
except StopIteration as stop:
    print(stop.value)
closed = numbers()
next(closed)
closed.close()
print(inspect.getgeneratorstate(closed), list(closed))
with manager("a") as name, manager("b"):
    print(name)
    1 / 0  # noqa: B018
print(sum(number * number for number in range(4)), [*inner()], dict((n, n) for n in "ab"))
unstarted = numbers()
try:
    unstarted.throw(OSError("never started"))
except OSError as error:
    print(error)


def broken():
    yield 1
    raise StopIteration("inside")


try:
    list(broken())
except RuntimeError as error:
    print(error, repr(error.__cause__))
own = (next(own) for _ in range(1))
try:
    next(own)
except ValueError as error:
    print(error)
