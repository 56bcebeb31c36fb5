import os
import sys
import trace
import timeit

import library


def work(number):
    total = 0
    for item in library.numbers(number):
        total += item
    return total


tracer = trace.Trace(count=True, trace=True, countfuncs=False, ignoredirs=[sys.prefix, sys.exec_prefix])
print(tracer.runfunc(work, 2))
counts = {(os.path.basename(file), line): count for (file, line), count in tracer.results().counts.items()}
print(sorted(counts.items()))
callers = trace.Trace(count=False, trace=False, countcallers=True)
callers.runfunc(work, 2)
print(sorted((caller[2], callee[2]) for caller, callee in callers.results().callers))
print(
    timeit.timeit("work(3)", globals=globals(), number=5) > 0, timeit.repeat(lambda: work(1), number=2, repeat=2) != []
)
