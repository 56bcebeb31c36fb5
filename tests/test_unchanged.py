"""Owns: that a value which is kept until its object changes is seen to change, where that is hard to see.

Must not: hold drawn programs (test_faults compares thousands of them with values that are read anew).

Each program prints what it knows to be shown, a line for each call of `look`, which shows its argument on two lines.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conftest import Record

LOOK = """
def look(it):
    a = 1
    return None

"""

PROGRAMS = {
    # Since 3.13 a class keeps its version when it is renamed; the next name lies where the last one has lain.
    "a class renamed": """
class Thing:
    pass

thing = Thing()
thing.x = 1

def rename(*parts):
    Thing.__name__ = "between"
    Thing.__name__ = "".join(parts)

for parts in ("Al", "pha"), ("Gam", "ma"), ("De", "lta"):
    rename(*parts)
    for _ in range(3):
        print(f"it = {Thing.__name__}(x=1)")
        look(thing)
""",
    # Its characters do not lie in the name itself.
    "a class named by a text of another class": """
class Text(str):
    pass

class Other(str):
    __slots__ = tuple("abcdefghijklmnopqrst")

class Thing:
    pass

thing = Thing()
thing.x = 1
Thing.__name__ = Text("A" * 200)

def rename():
    Thing.__name__ = "between"
    kept = Other("A" * 200)
    Thing.__name__ = Text("B" * 200)
    return kept

for _ in range(3):
    print(f"it = {Thing.__name__}(x=1)")
    look(thing)
kept = rename()
print(f"it = {Thing.__name__}(x=1)")
look(thing)
""",
    # Then it is the value that is shown.
    "a member without a text as its name": """
import enum

class Colour(enum.Enum):
    RED = 1

red = Colour.RED
red._name_ = 5

def change(value):
    red._value_ = None
    red._value_ = value * 1.5

for value in range(2, 9):
    change(value)
    for _ in range(3):
        print(f"it = Colour({red._value_})")
        look(red)
""",
    # On 3.12 the dict has its old version while the old value goes.
    "an attribute seen while its old value goes": """
class Going:
    def __del__(self):
        print("it = Owner(x=77, y=2)")
        look(owner)

class Owner:
    pass

owner = Owner()
owner.__dict__ = {"x": None, "y": 2}

def store(value):
    owner.x = value

for _ in range(30):
    store(5)
store(Going())
for _ in range(4):
    print("it = Owner(x=Going(), y=2)")
    look(owner)
store(77)
""",
    "items seen while the old ones go": """
class Going:
    def __del__(self):
        print("it = {'x': 77, 'y': 2}")
        look(items)

class Owner:
    pass

owner = Owner()
items = {"x": None, "y": 2}
owner.__dict__ = items

def store(value):
    owner.x = value

for _ in range(30):
    store(5)
store([Going(), Going])
owner.x.pop()
for _ in range(4):
    print("it = {'x': [Going()], 'y': 2}")
    look(items)
store(77)
""",
    # Its size stands for it where it is not opened.
    "a container with attributes in the innermost": """
class Items(list):
    __slots__ = ("name",)

class Keys(dict):
    __slots__ = ("name",)

items, keys = Items(), Keys()
items.name = keys.name = "name"
both = [[items, keys]]
for number in range(9):
    for _ in range(3):
        print(f"it = [[<Items of {len(items)}>, <Keys of {len(keys)}>]]")
        look(both)
    items.append(number) if number % 2 else keys.update({number: number})
""",
    # It is looked for deeper than what is shown.
    "the number of a card in what was none": """
class Order:
    pass

order = Order()
order.number = [[5]]
for _ in range(4):
    print("it = Order(number=[<list of 1>])")
    look(order)
order.number[0][0] = 4111111111111111
for _ in range(2):
    print("it = Order(number=<redacted: content card number>)")
    look(order)
print("it = 'it is <redacted: content card number>'")
look("it is 4111111111111111")
""",
    # What is longer than that is not kept: that of which just an attribute has changed, neither.
    "more and more in two attributes": """
class Both:
    pass

both = Both()
both.a, both.b = {}, {}
for number in range(100):
    for _ in range(2):
        print(f"it = Both(a={both.a}, b={both.b})")
        look(both)
    both.a[number] = both.b[number] = number
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_change_is_seen(folder: Path, record: Record, form: str, name: str) -> None:
    (folder / "program.py").write_text(LOOK + PROGRAMS[name])
    limits = "limits = { depth = 2, items = 0, value-bytes = 0 }"
    done = record("program.py", options=["--format", form, "--config", limits])
    assert done.done.returncode == 0, done.done.stderr
    shown = [line for line in map(str.strip, done.dump()) if line.startswith("it = ")]
    at_both_lines = [line for line in done.done.stdout.splitlines() for _ in ("a = 1", "return None")]
    assert shown == at_both_lines


@pytest.mark.skipif(sys.platform != "linux", reason="how the interpreter's memory is given back")
def test_a_name_that_is_gone_is_not_read(folder: Path, record: Record) -> None:
    """The characters of a name of another class than str lay in memory that the process has no more."""
    (folder / "program.py").write_text(
        LOOK
        + """
class Text(str):
    pass

class Thing:
    pass

pool = [Text("A" * 190) for _ in range(20)]
early = [bytes(158) for _ in range(2000)]
del pool[3:18]
fills = [bytes(158) for _ in range(40000)]
Thing.__name__ = Text("A" * 190)
more = [bytes(158) for _ in range(40000)]
thing = Thing()
thing.x = 1
for _ in range(3):
    look(thing)

def rename():
    global early, fills, more
    del early[::40]
    Thing.__name__ = "between"
    hole = bytes(158)
    Thing.__name__ = Text("B" * 190)
    hole = fills = more = None

rename()
look(thing)
print("done")
"""
    )
    done = record("program.py")
    assert (done.done.returncode, done.done.stdout) == (0, "done\n"), done.done.stderr
