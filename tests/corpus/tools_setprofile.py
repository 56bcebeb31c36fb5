import sys
import threading

import library


def profiler(frame, event, argument):
    if frame.f_globals.get("__name__") in ("__main__", "library"):
        shown = argument.__name__ if event.startswith("c_") else type(argument).__name__
        seen.append((event, frame.f_code.co_name, shown))


def work(number):
    total = sum(library.numbers(number))
    try:
        library.fail(1)
    except ZeroDivisionError:
        total += len([str(item) for item in range(2)])
    sorted([3, 1], key=lambda item: -item)
    return max(total, 1)


seen = []
sys.setprofile(profiler)
work(2)
sys.setprofile(None)
print(*seen, sep="\n")
seen.clear()
threading.setprofile(profiler)
thread = threading.Thread(target=work, args=(1,))
thread.start()
thread.join()
threading.setprofile(None)
print(len(seen), sys.getprofile())


def broken(frame, event, argument):
    raise KeyError(event)


try:
    sys.setprofile(broken)
    work(1)
except KeyError as error:
    print(error, sys.getprofile())
