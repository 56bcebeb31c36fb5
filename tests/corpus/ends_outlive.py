import atexit
import threading
import time

atexit.register(print, "atexit")


def late(name, seconds):
    time.sleep(seconds)
    found = [name]
    print("late", found, threading.main_thread().is_alive())
    if name == "parent":
        threading.Thread(target=late, args=("child", 0.05)).start()
    if name == "error":
        raise ValueError(name)


for number, name in enumerate(("first", "parent", "error")):
    threading.Thread(target=late, args=(name, 0.1 + number * 0.1), name=name).start()
threading.Timer(0.05, print, ("timer",)).start()
print("main is done")
