import sys

monitoring = sys.monitoring
taken = []
for tool in range(6):
    try:
        monitoring.use_tool_id(tool, f"tool {tool}")
        taken.append(tool)
    except ValueError as error:
        print(error)
print(taken, [monitoring.get_tool(tool) for tool in range(6)])


def work(number):
    return [item for item in range(number)]


for tool in taken:
    monitoring.register_callback(tool, monitoring.events.PY_START, lambda code, *details: seen.append(code.co_name))
    monitoring.set_events(tool, monitoring.events.PY_START)
seen = []
work(2)
print(seen)
for tool in taken:
    monitoring.set_events(tool, 0)
    monitoring.register_callback(tool, monitoring.events.PY_START, None)
    monitoring.free_tool_id(tool)
print(work(3))
