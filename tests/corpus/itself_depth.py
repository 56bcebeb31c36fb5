import sys
import threading

depth = 0


def down():
    global depth
    depth += 1
    down()


class Deep:
    def __getattr__(self, name):
        global depth
        depth += 1
        return getattr(self, name + "x")

    def __repr__(self):
        global depth
        depth += 1
        return repr(self)

    def __add__(self, other):
        return self + other


def numbers():
    global depth
    depth += 1
    yield from numbers()


def measure(what):
    global depth
    depth = 0
    try:
        what()
    except RecursionError as error:
        print(depth, error)


for limit in (sys.getrecursionlimit(), 300, 5000):
    sys.setrecursionlimit(limit)
    for what in (down, lambda: Deep().a, lambda: repr(Deep()), lambda: list(numbers()), lambda: Deep() + 1):
        measure(what)
thread = threading.Thread(target=measure, args=(down,))
thread.start()
thread.join()
try:
    sys.setrecursionlimit(1)
except RecursionError as error:
    print(error)
