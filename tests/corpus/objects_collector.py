import gc
import sys


class Thing:
    def __init__(self, other=None):
        self.other = other or self


def make(number):
    made = [Thing() for _ in range(number)]
    pairs = [(thing, Thing(thing)) for thing in made]
    return pairs


gc.disable()
make(1)
before = len(gc.get_objects())
kept = make(10)
print(len(gc.get_objects()) - before, gc.isenabled(), gc.garbage)
gc.collect()
before = len(gc.get_objects())
for _ in range(5):
    make(10)
print(len(gc.get_objects()) - before, gc.collect())
print(len(gc.get_objects()) - before, gc.is_tracked(kept), gc.is_finalized(kept))
seen = []
gc.callbacks.append(lambda phase, details: seen.append((phase, details["generation"])))
gc.collect(0)
gc.collect(1)
gc.collect(2)
print(seen)
gc.callbacks.clear()
gc.enable()
gc.set_threshold(1, 1, 1)
print(sum(len(make(3)) for _ in range(50)))
gc.set_threshold(700, 10, 10)
gc.collect()
gc.freeze()
print(gc.get_freeze_count() > 0, gc.collect())
gc.unfreeze()
gc.set_debug(gc.DEBUG_SAVEALL)
make(2)
gc.collect()
print(len(gc.garbage), {type(thing).__name__ for thing in gc.garbage})
gc.set_debug(0)
gc.garbage.clear()
print(sys.getallocatedblocks() > 0)
