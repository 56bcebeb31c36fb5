import os
import sys
import threading
import time
import warnings

warnings.simplefilter("ignore")


def spin():
    while not stop:
        values = [number for number in range(10)]
        values.clear()
        time.sleep(0.0001)


def fork(number):
    child = os.fork()
    if child == 0:
        total = sum(item for item in range(number))
        found = threading.active_count(), threading.current_thread() is threading.main_thread(), total
        os._exit(7 if found == (1, True, 45) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


stop = False
threads = [threading.Thread(target=spin) for _ in range(2)]
for thread in threads:
    thread.start()
print([fork(10) for _ in range(6)])
results = []
forking = [threading.Thread(target=lambda: results.append(fork(10))) for _ in range(3)]
for thread in forking:
    thread.start()
    thread.join()
print(results)
stop = True
for thread in threads:
    thread.join()
child = os.fork()
if child == 0:
    thread = threading.Thread(target=lambda: print("thread of the child"))
    thread.start()
    thread.join()
    time.sleep(0.01)
    sys.exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
