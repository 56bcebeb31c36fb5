import _thread
import threading
import time

import library


def broken(text):
    raise ValueError(text)


for name in ("one", "two"):
    thread = threading.Thread(target=library.call, args=(broken, name), name=name)
    thread.start()
    thread.join()


class Own(threading.Thread):
    def run(self):
        try:
            broken("inner")
        except ValueError as error:
            raise KeyError("outer") from error


own = Own(name="own")
own.start()
own.join()
timer = threading.Timer(0.01, library.fail, (2,))
timer.name = "timer"
timer.start()
timer.join()
print("all done", threading.active_count())
