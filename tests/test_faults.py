"""Owns: failures inside the recorder, made on purpose by a build with the feature `faults` (src/fault.rs).

Must not: run with another build; `make test` names this file where it tests the debug build.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Plain, Record
from tests.strategies import changes, examples
from tests.traces import Body, Trace, checked

PROGRAM = """
import sys
import threading

def work(number):
    total = 0
    for item in range(number):
        total += item
    try:
        raise ValueError(total)
    except ValueError as error:
        print("caught", error)
    return total

thread = threading.Thread(target=work, args=(20,))
thread.start()
thread.join()
print(work(30))
print("on stderr", file=sys.stderr)
sys.exit(3)
"""
STAGES = ["decide:3", "call:2", "step:1", "step:40", "value:1", "value:100", "exception:1", "output:2", "writer:2"]


@pytest.mark.parametrize("stage", [*STAGES, "finish:1", "join:1"])
def test_the_program_goes_on(stage: str, form: str, folder: Path, plain: Plain, record: Record) -> None:
    (folder / "program.py").write_text(PROGRAM)
    expected = plain("program.py")
    recorded = record("program.py", options=["--format", form], env={"CODETRACER_FAULT": stage})
    assert (recorded.done.returncode, recorded.done.stdout) == (expected.returncode, expected.stdout)
    theirs = [line for line in recorded.done.stderr.splitlines() if not line.startswith("codetracer-python-recorder:")]
    ours = [line for line in recorded.done.stderr.splitlines() if line.startswith("codetracer-python-recorder:")]
    assert theirs == expected.stderr.splitlines()
    assert sum("injected at" in line for line in ours) == 1, "the fault was not come by"
    assert sum("recording stopped" in line for line in ours) == 1
    trace = checked(recorded.trace, whole=False)
    assert trace.metadata["status"] == "partial"
    assert trace.metadata["reason"] == "an error of the recorder's own"


def test_a_fork_goes_on(form: str, folder: Path, plain: Plain, record: Record) -> None:
    """While the fork's handlers run the writer has no thread: what fails then fails on the program's."""
    (folder / "program.py").write_text("""
import os, time
def work(number):
    return number
def handle():
    end = time.monotonic() + 0.9
    while time.monotonic() < end:
        work(1)
        time.sleep(0.01)
os.register_at_fork(after_in_parent=handle)
child = os.fork()
if not child:
    os._exit(0)
os.waitpid(child, 0)
print("well")
""")
    recorded = record("program.py", options=["--format", form], env={"CODETRACER_FAULT": "writer:5"})
    assert (recorded.done.returncode, recorded.done.stdout) == (0, "well\n"), recorded.done.stderr
    assert recorded.done.stderr.count("injected at") == 1, recorded.done.stderr
    assert checked(recorded.trace, whole=False).metadata["reason"] == "an error of the recorder's own"


LIMITS = (
    "",
    "limits.string = 10",
    "limits = { string = 10, value-bytes = 300 }",
    "limits = { depth = 2, items = 0, value-bytes = 0 }",
)


@examples(30)
@given(changes(), st.sampled_from(LIMITS))
def test_no_value_is_stale(folder: Path, record: Record, text: str, limits: str) -> None:
    """What is remembered from value to value shows nothing else than what is read anew."""
    (folder / "program.py").write_text(text)

    warm_is_cold(record, ["--config", limits] if limits else [])


def warm_is_cold(record: Record, options: list[str]) -> None:
    def recorded(fault: str) -> Trace:
        done = record("program.py", options=options, env={"CODETRACER_FAULT": fault, "PYTHONHASHSEED": "0"})
        assert done.done.returncode == 0, done.done.stderr
        return checked(done.trace)

    warm, cold = recorded(""), recorded("cold")
    assert with_types(warm.events, warm) == with_types(cold.events, cold)
    assert warm.names == cold.names
    assert warm.metadata["counters"] == cold.metadata["counters"]


def with_types(body: Body, trace: Trace) -> Body:
    """The same with types in the place of their ids. A type may be defined for what turns out to have no room."""
    if isinstance(body, dict):
        return {key: with_types(trace.types[part] if key == "type_id" else part, trace) for key, part in body.items()}
    if isinstance(body, list | tuple):
        return [with_types(part, trace) for part in body]
    return body


# What a step shows stands until a variable is bound anew, or what it holds changes.
STEPS = {
    "bound to what lies where the last one lay": """
def bind(text):
    number = len(text) * 1000
    part = 0.5
    for turn in range(20):
        pass
        del number; number = 1000 + turn
        del part; part = turn + 0.5
        del text; text = "x" * 40 + chr(65 + turn)
        pass
    return number

bind("x" * 40)
bind("x" * 300)
""",
    "cells": """
def outer(value):
    kept = [value]
    def inner():
        nonlocal value, kept
        value = value + 1.5
        kept = kept
        pass
        kept.append(value)
        if value > 9:
            del kept
            kept = []
        return value
    for _ in range(8):
        inner()
        pass
    return inner

for number in range(3):
    outer(number)()
""",
    "frames where others have lain": """
class Box:
    pass

def one(box, a):
    pass
    box.a = a
    pass

def other(box, *, a, b=None):
    pass
    box.b = b = a
    pass

def third():
    box = a = None
    pass

box = Box()
for number in range(12):
    one(box, 5)
    other(box, a=5)
    one(box, number)
    third()
    box.__dict__.clear()
    one(box, 5)
""",
    "another function where one has lain": """
def lost(first):
    pass
    pass

def good(other):
    pass
    pass

box = [1]
for number in range(40):
    lost({number})
good(box)
lost(box)
""",
    "code where other has lain": """
box = [1]
for number in range(40):
    names = "abcdef"[: 1 + number % 5]
    space = {}
    lines = f"def made({', '.join(names)}):", "    pass", "    pass", "    return a"
    exec(compile(chr(10).join(lines), __file__, "exec"), space)
    space["made"](*[box] * len(names))
    del space
    box.append(number)
""",
    "deep calls": """
def deep(level, kept):
    pass
    if level:
        deep(level - 1, kept)
    kept.append(level)
    pass
    return level

deep(200, [])
deep(70, [])
""",
    "generators at several depths": """
def numbers(kept):
    for number in range(12):
        pass
        got = yield number
        pass
        kept.append(got)

def through(generator, level):
    pass
    return through(generator, level - 1) if level else next(generator, None)

generator = numbers([])
for level in (0, 0, 3, 3, 1, 70, 0, 64, 65, 0):
    through(generator, level)
""",
    "secrets and numbers": """
def pay(number, password, card):
    pass
    number = number + 1
    pass
    card = "4111 1111 1111 1111"
    pass
    shown = password
    password = None
    pass
    return shown

def show(text):
    pass
    pass

for _ in range(4):
    show("hunter2-and-more")
    pay(4111111111111110, "hunter2-and-more", "none")
    show("hunter2-and-more")
""",
    "threads": """
import _thread

def work(kept, turns, lock):
    for turn in range(turns):
        pass
        kept.append(turn)
        pass
    lock.release()

kept = []
lock = _thread.allocate_lock()
for turns in (3, 4):
    lock.acquire()
    work(kept, turns, lock)
    lock.acquire()
    _thread.start_new_thread(work, (kept, turns, lock))
    lock.acquire()
    work(kept, turns, lock)
""",
    "arguments that are nearly as long as what is kept": """
numbers = [[100000 + 37 * row + column for column in range(20)] for row in range(18)]
names = ", ".join(f"a{row}" for row in range(18))
for length in range(0, 240, 6):
    lines = f"def made({names}, text):", "    pass", "    return 1"
    space = {}
    exec(compile(chr(10).join(lines), __file__, "exec"), space)
    for _ in range(3):
        space["made"](*numbers, chr(1) * length)
""",
    "the number of a card deep in a list": """
def pay(number):
    pass
    pass
    number[0][0] = 4111111111111111
    pass
    text = "it is 4111111111111111"
    return text

pay([[5]])
""",
    "attributes beside content": """
class Items(list):
    __slots__ = ("a", "b")

def show(it):
    pass
    pass

it = Items([1])
it.a = it.b = 1
for number in range(1000, 1006):
    it.a = number
    show(it)
    it.b = number
    show(it)
""",
    "more than is kept": """
def show(it):
    pass
    pass
    return it

for turn in range(3):
    kept = [[str(place) * 190] * 20 for place in range(turn, 900)]
    for it in kept:
        show(it)
        show(it)
    for it in kept[::-1]:
        show(it)
""",
}


@pytest.mark.parametrize("text", STEPS.values(), ids=STEPS)
def test_no_step_is_stale(folder: Path, record: Record, form: str, text: str) -> None:
    (folder / "program.py").write_text(text)
    warm_is_cold(record, ["--format", form])
