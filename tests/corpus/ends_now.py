import atexit
import os
import sys
import threading

atexit.register(print, "never")
sys.stdout.write("not flushed ")
print("flushed", flush=True)
print("lost")


def leave(status):
    try:
        os._exit(status)
    finally:
        print("never")


if "thread" in sys.argv:
    threading.Thread(target=leave, args=(7,)).start()
    threading.Event().wait()
leave(6)
