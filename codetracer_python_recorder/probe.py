"""Frames and objects of known content, for the native module's self-check: does it read them as they are?

Owns: the cases in which the interpreter lays locals and attributes out in a way of their own. Must not: be used by
anything else. It is a module, and not a text in the native one, because a module is compiled once.
"""

from __future__ import annotations

from codetracer_python_recorder.own import BUILTINS

__builtins__ = BUILTINS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    type Probe = Callable[[], None]


def frames(probe: Probe) -> int:
    """Call `probe` from frames of every kind, parameters, cells and unbound names among them; how many times."""
    work = _outer(probe, 2, 3)
    next(work)
    work.send(8)

    class Body:
        inside = 7
        probe()

    return 4


def _outer(probe: Probe, captured: int, *rest: int, key: int = 4) -> Generator[object, object]:
    number = 5
    own = captured

    def inner(value: int) -> int:
        nonlocal own
        probe()
        own = value
        return own

    probe()
    inner(6)
    received = yield captured
    probe()
    yield (number, received)


class _Plain:
    def __init__(self) -> None:
        self.first, self.second, self.third = 1, 2, 3


class _Slotted:
    __slots__ = ("__dict__", "left", "right")


class _Child(_Slotted):
    __slots__ = ("own",)


def objects() -> list[tuple[object, dict[str, int]]]:
    """Objects of every layout, and their attributes in the order in which they are stored."""
    plain, removed, asked, many = _Plain(), _Plain(), _Plain(), _Plain()
    del removed.first
    removed.first = 4
    removed.fourth = 5  # type: ignore[attr-defined]  # a later one
    asked.__dict__["more"] = 6
    for index in range(40):
        setattr(many, f"name{index}", index)
    slotted = _Child()
    slotted.own, slotted.right, slotted.free = 7, 8, 9  # type: ignore[attr-defined]  # slots, and the dict beside them
    three = {"first": 1, "second": 2, "third": 3}
    return [
        (plain, three),
        (removed, {"second": 2, "third": 3, "first": 4, "fourth": 5}),
        (asked, {**three, "more": 6}),
        (many, {**three, **{f"name{index}": index for index in range(40)}}),
        (slotted, {"right": 8, "own": 7, "free": 9}),
    ]
