import gc
import io
import os
import sys


def wrap():
    stream = io.TextIOWrapper(os.fdopen(os.dup(1), "wb"), write_through=True)
    stream.write("through a copy\n")


class Last:
    def __del__(self):
        print("printed while collected")


print("one", flush=True)
wrap()
gc.collect()
sys.stdout.flush()
sys.stdout = open(1, "w", closefd=False, buffering=1)
print("by a new stream")
sys.stdout = sys.__stdout__
last = Last()
del last
cycle = Last()
cycle.me = cycle
del cycle
gc.collect()
kept = Last()
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
print("and the old one goes away")
sys.__stdout__ = None
gc.collect()
print("still there")
