import sys
import threading

import library


def work(number):
    if number:
        return library.call(str, number)
    return "nothing"


thread = threading.Thread(target=lambda: results.append(work(2)))
results = [work(0)]
thread.start()
thread.join()
print(results, sys.argv)
sys.exit(3)
