import sys

monitoring, events = sys.monitoring, sys.monitoring.events
TOOL = 1


def work(number):
    total = 0
    for item in range(number):
        total += item
    return total


def line(code, number):
    if code is work.__code__:
        seen.append(number - code.co_firstlineno)
    return monitoring.DISABLE


def instruction(code, offset):
    offsets.append(offset)
    return monitoring.DISABLE if offset % 4 else None


def failing(code, *details):
    if code is work.__code__:
        raise LookupError("from a callback")


seen, offsets = [], []
monitoring.use_tool_id(TOOL, "disabling")
monitoring.register_callback(TOOL, events.LINE, line)
monitoring.set_events(TOOL, events.LINE)
for number in range(3):
    work(2)
print(seen)
monitoring.restart_events()
work(2)
print(seen)
monitoring.set_events(TOOL, 0)
monitoring.register_callback(TOOL, events.INSTRUCTION, instruction)
monitoring.set_local_events(TOOL, work.__code__, events.INSTRUCTION)
work(2)
work(2)
print(len(offsets) == len([offset for offset in offsets]), offsets[:5])
monitoring.set_local_events(TOOL, work.__code__, 0)
monitoring.register_callback(TOOL, events.PY_START, failing)
monitoring.set_events(TOOL, events.PY_START)
try:
    work(1)
except LookupError as error:
    print(error)
monitoring.set_events(TOOL, 0)
monitoring.register_callback(TOOL, events.RAISE, lambda *details: monitoring.DISABLE)
monitoring.set_events(TOOL, events.RAISE)
try:
    work("x")
except Exception as error:
    print(type(error).__name__, error)
monitoring.set_events(TOOL, 0)
monitoring.free_tool_id(TOOL)
print(work(4), seen)
