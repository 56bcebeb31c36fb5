import os
import sys

import coverage


def work(number):
    total = 0
    if number > 2:
        total = number
    else:
        total = -number
    for item in range(number):
        total += item
        if item == 5:
            break
    return total


def never():
    return "never called"


measured = coverage.Coverage(data_file=None, branch="branch" in sys.argv, include=["library.py", "package/*"])
measured.start()
import library  # noqa: E402
import package  # noqa: E402

print(work(1), library.call(package.add, 1, 2), list(library.numbers(2)))
try:
    library.fail(1)
except ZeroDivisionError:
    pass
measured.stop()
data = measured.get_data()
for path in sorted(data.measured_files()):
    print(os.path.relpath(path), sorted(data.lines(path)), sorted(data.arcs(path) or []))
print(round(measured.report(file=sys.stdout), 2), sys.gettrace())
