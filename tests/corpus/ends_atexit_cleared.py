import atexit
import sys


def work(number):
    doubled = number * 2
    return doubled


how = sys.argv[1]
atexit.register(print, "registered")
print(atexit._ncallbacks())
atexit._run_exitfuncs() if how == "run" else atexit._clear()
print(atexit._ncallbacks())
atexit.register(print, "once more")
print(how, work(2), atexit._ncallbacks())
