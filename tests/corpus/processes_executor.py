import concurrent.futures
import multiprocessing
import os
import sys


def cube(number):
    return number**3


def die(status):
    os._exit(status)


def fail(text):
    raise LookupError(text)


if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        print(list(pool.map(cube, range(6), chunksize=2)))
        error = pool.submit(fail, "text").exception()
        print(repr(error), "fail" in str(error.__cause__))
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        print(type(pool.submit(die, 3).exception()).__name__)
