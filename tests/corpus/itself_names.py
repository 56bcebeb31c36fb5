import collections
import enum
import logging
import sys
import typing

Pair = collections.namedtuple("Pair", "a b")
Colour = enum.Enum("Colour", "RED GREEN")
Number = typing.NewType("Number", int)
Kind = typing.TypeVar("Kind")
Typed = typing.TypedDict("Typed", {"a": int})
Named = typing.NamedTuple("Named", [("a", int)])
print([thing.__module__ for thing in (Pair, Colour, Number, Kind, Typed, Named)])


class Base:
    def __init_subclass__(cls, **options):
        print("subclass", cls.__name__, options, sys._getframe(1).f_code.co_name)


class Derived(Base, option=1):
    def __set_name__(self, owner, name):
        print("named", owner.__name__, name)

    def method(self) -> "Derived":
        return super().__init__(), __class__.__name__


class Owner:
    field = Derived()


logging.basicConfig(format="%(name)s %(module)s %(funcName)s %(lineno)d %(threadName)s %(message)s", level=0)


def say(level=1):
    logging.warning("here %s", level, stacklevel=level)
    logging.getLogger("own").info("info", stack_info=level == 2)


say()
say(2)
print(Derived().method(), typing.get_type_hints(Derived.method)["return"] is Derived)
