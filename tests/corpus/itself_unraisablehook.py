import sys
import weakref


class Del:
    def __repr__(self):
        return "<Del>"

    def __call__(self):
        raise ValueError("from del")

    def __get__(self, instance, owner):
        return self


class Broken:
    __del__ = Del()


def drop():
    broken = Broken()
    del broken


drop()
sys.unraisablehook = lambda details: print(
    "hook",
    details.exc_type.__name__,
    details.exc_value,
    str(details.err_msg).partition(" at 0x")[0],
    details.exc_traceback.tb_frame.f_code.co_name,
)
drop()


class Other:
    def __del__(self):
        raise KeyError("other")


def callback(reference):
    raise OSError(1, "in a callback")


def stubborn():
    try:
        yield 1
    except GeneratorExit:
        yield 2


other = Other()
reference = weakref.ref(other, callback)
del other
it = stubborn()
next(it)
del it
sys.unraisablehook = sys.__unraisablehook__
drop()
