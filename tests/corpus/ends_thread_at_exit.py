import atexit
import os
import threading


def start(what):
    try:
        what()
    except RuntimeError as error:
        print(type(error).__name__, error)
    except Exception as error:
        print("other", type(error).__name__)


def thread():
    made = threading.Thread(target=print, args=("started",))
    made.start()
    made.join()


def fork():
    child = os.fork()
    if child == 0:
        os._exit(3)
    print("forked", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


atexit.register(start, thread)
atexit.register(start, fork)
print("end", flush=True)
