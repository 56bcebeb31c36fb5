import threading
import time


def spin(started):
    number = 0
    started.set()
    while True:
        number += 1
        text = [str(number)] * 3
        len(text)


def sleep(started):
    started.set()
    time.sleep(100)


def hold(started):
    with lock:
        started.set()
        threading.Event().wait()


lock = threading.Lock()
for number, target in enumerate((spin, spin, sleep, hold)):
    started = threading.Event()
    threading.Thread(target=target, args=(started,), daemon=True, name=f"daemon {number}").start()
    started.wait()
print("end", threading.active_count())
