import atexit
import sys


def work(number):
    doubled = number * 2
    return doubled


how = sys.argv[1]
atexit.register(print, "registered")
atexit._run_exitfuncs() if how == "run" else atexit._clear()
atexit.register(print, "once more")
print(how, work(2))
