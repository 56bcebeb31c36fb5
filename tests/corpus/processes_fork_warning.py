import os
import threading


def fork():
    child = os.fork()
    if child == 0:
        os._exit(0)
    return os.waitpid(child, 0)[1]


print(fork())
gate = threading.Event()
thread = threading.Thread(target=gate.wait)
thread.start()
try:
    print(fork())
except DeprecationWarning as warning:
    print(str(warning).partition("(")[0])
gate.set()
thread.join()
