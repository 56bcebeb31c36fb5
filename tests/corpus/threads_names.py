import _thread
import sys
import threading
import time


def work():
    thread = threading.current_thread()
    found.append((thread.name, thread.daemon, type(thread).__name__))
    thread.name = "renamed"


found, done = [], []
for name in ("", "plain", "plain", "ünïcode", "\ud800", "a\x00b", "x" * 300, "<thread>", "new\nline"):
    thread = threading.Thread(target=work, name=name)
    thread.start()
    thread.join()


def raw():
    done.append(len(done))


for _ in range(2):
    _thread.start_new_thread(raw, ())
while len(done) < 2:
    time.sleep(0.01)


class Strange(str):
    def __str__(self):
        print("asked for a name")
        return "strange"

    __repr__ = __format__ = __hash__ = __str__


threading.main_thread().name = Strange("main")
thread = threading.Thread(target=raw, daemon=True)
if sys.version_info < (3, 14):  # else it never starts
    thread._name = 5
thread.start()
thread.join()
print(ascii(found), len(done), threading.stack_size(65536), threading.stack_size(0))
