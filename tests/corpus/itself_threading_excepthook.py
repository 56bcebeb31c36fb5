import sys
import threading
import traceback

import library


def hook(details):
    print(details.exc_type.__name__, details.exc_value, details.thread.name)
    print(*traceback.format_tb(details.exc_traceback), sep="", end="")
    if details.exc_type is ZeroDivisionError:
        raise KeyError("in the hook")


threading.excepthook = hook
sys.excepthook = lambda kind, error, entry: print("main hook", kind.__name__, error)
for function, argument in ((library.fail, 1), (int, "x"), (sys.exit, 3)):
    thread = threading.Thread(target=function, args=(argument,), name=function.__name__)
    thread.start()
    thread.join()
threading.excepthook = threading.__excepthook__
thread = threading.Thread(target=int, args=("y",), name="last")
thread.start()
thread.join()
