import collections
import sys

import library

monitoring, events = sys.monitoring, sys.monitoring.events
tool = int(sys.argv[1])
seen = collections.Counter()
KINDS = [name for name in dir(events) if name.isupper() and name not in ("NO_EVENTS", "C_RAISE", "C_RETURN")]


def work(number):
    total = 0
    for item in library.numbers(number):
        total += item if item else 0
    try:
        library.fail(1)
    except ZeroDivisionError:
        total += 1
    try:
        with open("made.txt", "w") as file:
            raise StopIteration(file.write("x"))
    except StopIteration:
        pass
    return [len(str(item)) for item in range(2)], total


def counter(kind):
    def count(code, *details):
        if code.co_name in ("work", "fail", "numbers"):
            seen[kind, code.co_name] += 1

    return count


print(monitoring.get_tool(tool))
monitoring.use_tool_id(tool, "own tool")
print(monitoring.get_tool(tool), monitoring.get_events(tool))
for kind in KINDS:
    print(kind, monitoring.register_callback(tool, getattr(events, kind), counter(kind)) is None)
print(monitoring._all_events())
monitoring.set_events(tool, sum(getattr(events, kind) for kind in KINDS))
print(work(3), monitoring._all_events())
monitoring.set_events(tool, 0)
print(monitoring._all_events())
print(*sorted(seen.items()), sep="\n")
seen.clear()
monitoring.set_local_events(tool, work.__code__, events.LINE | events.PY_START)
work(2)
print(monitoring.get_local_events(tool, work.__code__), monitoring.get_local_events(tool, counter.__code__))
monitoring.set_local_events(tool, work.__code__, 0)
print(sorted(seen.items()))
monitoring.free_tool_id(tool)
print(monitoring.get_tool(tool), work(1))
