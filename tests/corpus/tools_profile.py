import cProfile
import io
import profile
import pstats
import re
import sys

import library


def work(number):
    total = sum(library.numbers(number))
    return [len(str(item)) for item in range(total)]


def counts(profiler):
    text = io.StringIO()
    statistics = pstats.Stats(profiler, stream=text)
    own = {key: value[:2] for key, value in statistics.stats.items() if not key[0].startswith("/usr")}
    return sorted((re.sub(r".*/", "", file), line, name, calls) for (file, line, name), calls in own.items())


fast = cProfile.Profile()
print(fast.runcall(work, 3))
print(*counts(fast), sep="\n")
fast.enable()
work(2)
fast.disable()
print(*counts(fast), sep="\n")
slow = profile.Profile()
slow.runcall(work, 3)
print([entry for entry in counts(slow) if entry[0].endswith(".py")])
print(sys.getprofile(), sys.monitoring.get_tool(2))
