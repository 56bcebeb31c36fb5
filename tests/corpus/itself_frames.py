import inspect
import sys

import library


def chain():
    frame, found = sys._getframe(), []
    while frame:
        found.append((frame.f_code.co_qualname, frame.f_lineno, frame.f_globals["__name__"], frame.f_trace))
        frame = frame.f_back
    return found


class Holder:
    seen = chain()

    def method(self):
        return [(info.function, info.lineno, info.index, info.code_context) for info in inspect.stack()]

    def __lt__(self, other):
        print("from C", len(inspect.stack()), sys._getframe(1).f_code.co_name)
        return False


def numbers():
    yield chain()


print(chain(), Holder.seen)
print(Holder().method())
print(library.call(chain), library.call(Holder().method), library.caller())
print(next(numbers()), list(map(lambda _: len(chain()), range(2))), [chain() for _ in "a"])
print(sorted([Holder(), Holder()]) and "sorted")
print(len(sys._current_frames()), list(sys._current_exceptions().values()), sys._getframemodulename(0))
try:
    sys._getframe(1)
except ValueError as error:
    print(error)
exec("print(chain()[1][:2], sys._getframe(1).f_code.co_filename == __file__)")
