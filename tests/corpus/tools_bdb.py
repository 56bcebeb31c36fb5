import bdb
import os

import library


class Watching(bdb.Bdb):
    def user_line(self, frame):
        log.append(("line", frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno))
        if frame.f_code.co_name == "numbers":
            self.set_return(frame)
        else:
            self.set_step()

    def user_return(self, frame, value):
        log.append(("return", frame.f_code.co_name, value))

    def user_exception(self, frame, details):
        log.append(("exception", frame.f_code.co_name, details[0].__name__))


def work(number):
    total = 0
    for item in library.numbers(number):
        total += item
    try:
        {}["missing"]
    except KeyError:
        total = -total
    return total


log = []
watching = Watching()
print(watching.runcall(work, 2))
print(*log, sep="\n")
log.clear()
watching.set_break(os.path.abspath(library.__file__), library.fail.__code__.co_firstlineno + 3)
try:
    watching.runeval("library.fail(1)", globals())
except ZeroDivisionError:
    print(log[-3:], watching.get_all_breaks() != {})
watching.clear_all_breaks()
