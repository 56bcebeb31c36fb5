import sys
import threading

import library


def tracer(frame, event, argument):
    name = frame.f_code.co_name
    if frame.f_globals.get("__name__") in ("__main__", "library"):
        seen.append(
            (event, name, frame.f_lineno, argument if isinstance(argument, int | None) else type(argument).__name__)
        )
    return tracer


def work(number):
    total = 0
    for item in library.numbers(number):
        total += item
    try:
        library.fail(1)
    except ZeroDivisionError:
        total = [item for item in range(2)]
    return sum(total)


def opcodes(frame, event, argument):
    frame.f_trace_opcodes = True
    frame.f_trace_lines = False
    if event == "opcode":
        counts.append(frame.f_lasti)
    return opcodes


seen, counts = [], []
sys.settrace(tracer)
work(2)
sys.settrace(None)
print(*seen, sep="\n")
sys.settrace(opcodes)
library.call(len, "ab")
sys.settrace(None)
print(counts)
seen.clear()
threading.settrace(tracer)
thread = threading.Thread(target=work, args=(1,))
thread.start()
thread.join()
threading.settrace(None)
print(len(seen), seen[-3:], sys.gettrace(), threading.gettrace())
gate, ready = threading.Event(), threading.Event()
thread = threading.Thread(target=lambda: (ready.set(), gate.wait(), work(1)))
thread.start()
ready.wait()
seen.clear()
threading.settrace_all_threads(tracer)
gate.set()
thread.join()
threading.settrace_all_threads(None)
print([entry[:2] for entry in seen if entry[1] == "fail"])
