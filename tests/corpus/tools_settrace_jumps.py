import sys


def jumping(frame, event, argument):
    if frame.f_code is not work.__code__:
        return None
    if event == "line" and frame.f_lineno - first in jumps:
        frame.f_lineno = first + jumps.pop(frame.f_lineno - first)
    if event == "line":
        frame.f_locals.get("number")
    return jumping


def work(number):
    log = ["start"]
    log.append("skipped by the jump")
    log.append("landed")
    for item in range(2):
        log.append(item)
    if number < 3:
        number += 1
        log.append(number)
    return log


first = work.__code__.co_firstlineno
jumps = {2: 3, 8: 3}
sys.settrace(jumping)
print(work(1))
sys.settrace(None)


def broken(frame, event, argument):
    if event == "line" and frame.f_code is work.__code__:
        raise KeyError("from the tracer")
    return broken


sys.settrace(broken)
try:
    work(5)
except KeyError as error:
    print(error, sys.gettrace())
try:
    sys._getframe().f_lineno = 1
except ValueError as error:
    print(error)
