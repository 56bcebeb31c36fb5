import gc
import sys


def work(value):
    return [value]


print(sys.getrefcount(globals()), sorted(type(holder).__name__ for holder in gc.get_referrers(globals())))
print(work(1), sys.getrefcount(globals()), sys.getrefcount(sys.modules["__main__"]))
