import gc
import sys


class Thing:
    pass


def count(value):
    return sys.getrefcount(value)


def referrers(value):
    return sorted(type(holder).__name__ for holder in gc.get_referrers(value))


def body(argument, default=Thing()):
    local = Thing()
    pair = [local, argument]
    print(count(local), count(argument), count(default), count(pair))
    print(referrers(local), referrers(argument))
    for item in pair:
        print(count(item), end=" ")
    del item
    local = pair = None
    print(count(argument))
    return argument


thing = Thing()
print(count(thing), count(Thing), count(body), count(body.__code__))
body(thing)
print(count(thing), count(Thing), count(body), count(body.__code__))
text, number, items = "a text".upper(), int("1" + "0" * 20), [1, 2]
for _ in range(3):
    print(count(text), count(number), count(items), count(None) == count(None))
plain = Thing()
plain.a, plain.b = [], 1
body(plain)
print([type(part).__name__ for part in gc.get_referents(plain)], sys.getsizeof(plain))


def fails(value):
    raise ValueError(value)


try:
    fails(thing)
except ValueError as error:
    print(count(thing), count(error), count(error.__traceback__), referrers(error))
    entry = error.__traceback__
    print(count(entry.tb_frame), count(entry.tb_next.tb_frame), entry.tb_next.tb_frame.f_locals.keys())
print(count(thing), sys.exc_info())


def frames():
    frame = sys._getframe()
    return count(frame), count(frame.f_code), count(frame.f_back)


print(frames(), frames())
