import atexit
import sys


def work(number):
    found = [number]
    return found


@atexit.register
def last():
    print("last", work(3), sys.is_finalizing(), sys.modules["__main__"].__name__)


@atexit.register
def output():
    sys.stdout.write("written at exit\n")
    sys.stderr.write("and to stderr\n")


raise ValueError("uncaught before")
