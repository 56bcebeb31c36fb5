import gc
import tracemalloc


def allocate(number):
    kept = [bytes(1000) for _ in range(number)]
    kept.append("x" * 5000)
    return kept


def own(snapshot):
    only = tracemalloc.Filter(True, __file__)
    return {
        entry.traceback[0].lineno: (entry.size, entry.count)
        for entry in snapshot.filter_traces([only]).statistics("lineno")
    }


tracemalloc.start(5)
held = allocate(100)
gc.collect()
lines = own(tracemalloc.take_snapshot())
first = allocate.__code__.co_firstlineno
print(lines[first + 1], lines[first + 2])
print([frame.lineno - first for frame in tracemalloc.get_object_traceback(held[0])], tracemalloc.get_traceback_limit())
before = tracemalloc.get_traced_memory()[0]
more = allocate(1000)
grown = tracemalloc.get_traced_memory()[0] - before
print(1_000_000 < grown < 1_100_000, grown // 10_000)
del more, held
print(tracemalloc.is_tracing(), tracemalloc.clear_traces(), tracemalloc.stop())
