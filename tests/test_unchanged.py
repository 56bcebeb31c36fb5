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
    # Each new object lies where the last one has lain.
    "immutable objects one after another": """
import datetime
import decimal
import fractions
import pathlib
import uuid

MAKERS = [
    lambda n: (decimal.Decimal(n).scaleb(-2), f"Decimal({n / 100:.2f})"),
    lambda n: (decimal.Decimal(n) * 10 ** 40, f"Decimal({n / 10}00000000000000000000000000E+41)"),
    lambda n: (datetime.date(2000, 1, n), f"date(2000-01-{n})"),
    lambda n: (datetime.time(n, 1), f"time({n}:01:00)"),
    lambda n: (datetime.datetime(2000, 1, n, 3), f"datetime(2000-01-{n}T03:00:00)"),
    lambda n: (datetime.datetime(2000, 1, n, tzinfo=datetime.UTC), f"datetime(2000-01-{n}T00:00:00 UTC)"),
    lambda n: (datetime.timedelta(n), f"timedelta({n} days, 00:00:00)"),
    lambda n: (complex(n, 2.5), f"{n}.0+2.5j"),
    lambda n: (fractions.Fraction(n * 2, 101), f"Fraction({n * 2}/101)"),
    lambda n: (uuid.UUID(int=n), f"UUID(00000000-0000-0000-0000-{n:012x})"),
    lambda n: (pathlib.PurePosixPath("/a", str(n)), f"PurePosixPath(/a/{n})"),
    lambda n: (bytes([65 + n]) * 3, f"b'{chr(65 + n) * 3}'"),
    lambda n: (2 ** 70 + n, str(2 ** 70 + n)),
    lambda n: (fractions.Fraction(2 ** 70 + n, 101), f"Fraction({2 ** 70 + n}/101)"),
    lambda n: (ValueError(2 ** 70 + n), f"ValueError({2 ** 70 + n})"),
    lambda n: ({n, n + 1}, str({n, n + 1})),
    lambda n: (frozenset([n]), f"frozenset({{{n}}})"),
]

for make in MAKERS:
    for n in range(10, 20):
        for _ in range(2):
            value, text = make(n)
            print("it =", text)
            look(value)
            del value
""",
    "long texts one after another": """
for letter in "aé\u0430\U0001f600":
    for n in range(10):
        text = f"{letter}{n}" * 99
        for _ in range(2):
            print(f"it = {text!r}")
            look(text)
        del text
""",
    "a set that changes in its place": """
items = {1, 2}
for n in range(3, 40):
    print("it =", items)
    look(items)
    items.remove(n - 2)
    items.add(n)
""",
    "a function with another name": """
def function():
    pass

for n in range(20):
    function.__qualname__ = f"name{n}"
    for _ in range(2):
        print(f"it = <function name{n}>")
        look(function)
""",
    "attributes that come, change and go": """
class Thing:
    __slots__ = ("a", "b", "__dict__")

thing = Thing()
for n in range(60):
    name = "bacd"[n % 4]
    if n % 7 == 3 and hasattr(thing, name):
        delattr(thing, name)
    else:
        setattr(thing, name, [n, 1.5 * n, str(n), [n], None][n % 5])
    shown = [(k, getattr(thing, k)) for k in "ab" if hasattr(thing, k)] + list(thing.__dict__.items())
    print("it = Thing(" + ", ".join(f"{k}={v!r}" for k, v in shown) + ")")
    look(thing)
""",
    "an attribute that changes among many": """
class Thing:
    def __init__(self):
        self.one, self.two, self.three = 1, "two", [3]

things = [Thing(), Thing()]
for n in range(40):
    thing = things[n % 2]
    match n % 3:
        case 0:
            thing.one = n
        case 1:
            thing.two += "x"
        case 2:
            thing.three.append(n)
            thing.one = thing.three if n % 4 else None
    print(f"it = Thing(one={thing.one!r}, two={thing.two!r}, three={thing.three!r})")
    look(thing)
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
    # A dict keeps the order of insertion beneath.
    "an order that changes alone": """
from collections import OrderedDict

class Cache(OrderedDict):
    pass

class Key:
    asked = 0

    def __hash__(self):
        return 1

    def __eq__(self, other):
        Key.asked += 1
        return self is other

for cache in OrderedDict(), Cache():
    for number in range(30):
        cache[number * 7 % 12] = number
        cache.move_to_end(number * 5 % (number + 1) * 7 % 12, last=number % 3 > 0)
        if number % 9 == 8:
            cache.popitem(last=False)
        for _ in range(2):
            items = ", ".join(f"item({key}, {value})" for key, value in cache.items())
            print("it =", f"Cache([{items}])" if type(cache) is Cache else f"OrderedDict({dict(cache.items())})")
            look(cache)
    cache.clear()
keys = OrderedDict((Key(), number) for number in range(3))
keys.move_to_end(next(iter(keys)))
Key.asked = 0
for _ in range(3):
    print("it = OrderedDict({<Key>: 1, <Key>: 2, <Key>: 0})".replace("<Key>", "Key()"))
    look(keys)
assert Key.asked == 0
""",
    # The second sum lies where the first one has lain, and what is put into a cleared dict where the last ones have.
    "other items at the places of a dict's": """
number, whole, keyed, filled = {1: 1.5}, {1: 10**20}, {0.5: 0}, {}
for turn in range(9):
    for items in number, whole, keyed, filled:
        for _ in range(3):
            print(f"it = {items}")
            look(items)
    number[1] += 1; number[1] += 1
    whole[1] += 1; whole[1] += 1
    keyed.clear(); keyed[turn + 1.5] = 0
    filled.clear(); filled.update({turn: turn + 0.5, -turn: 10**20 + turn})

class Thing:
    pass

thing = Thing()
thing.__dict__ = {}
for turn in range(9):
    for _ in range(3):
        print(f"it = Thing(x{turn}=1)" if turn else "it = Thing()")
        look(thing)
    vars(thing).clear(); vars(thing)["x" + str(turn + 1)] = 1
""",
    "a path whose text is made later": """
from pathlib import PurePosixPath

for parts in ("/a//b/./c",), ("a", "", "./b", ".."), ("//x", "y/"), ("///x", "."), ("a", "/b"), ("/",), ("./",), ():
    text, path = str(PurePosixPath(*parts)), PurePosixPath(*parts)
    for _ in range(6):
        print(f"it = PurePosixPath({text})")
        look(path)
        if _ == 3:
            str(path)
""",
    "what inherits from a deque": """
from collections import deque

class Last(deque):
    def __len__(self):
        return 99

    def __iter__(self):
        return iter("never")

class Named(deque):
    __slots__ = ("name",)

last, named = Last(maxlen=3), Named()
for number in range(8):
    last.append(number)
    named.rotate(1)
    named.append(number)
    if number > 3:
        named.name = number
    name = f", name={named.name}" if number > 3 else ""
    for _ in range(2):
        print(f"it = Last({[*range(max(0, number - 2), number + 1)]})")
        look(last)
        items = list(named)
        print(f"it = Named(deque=Named({items}){name})")
        look(named)
""",
    "what inherits from a date, time or number": """
import datetime
import decimal

class Day(datetime.date):
    pass

class Time(datetime.time):
    __slots__ = ()

class Moment(datetime.datetime):
    def __str__(self):
        assert False

    __repr__ = year = property(__str__)

class Span(datetime.timedelta):
    days = 5

class Number(complex):
    def __complex__(self):
        assert False

class Money(decimal.Decimal):
    def __new__(cls, amount):
        return super().__new__(cls, amount)

    def __str__(self):
        assert False

MAKERS = [
    lambda n: (Day(2000, 1, n), "Day", "date", f"2000-01-{n}"),
    lambda n: (Time(n, 1), "Time", "", f"{n}:01:00"),
    lambda n: (Moment(2000, 1, n, 3), "Moment", "datetime", f"2000-01-{n}T03:00:00"),
    lambda n: (Moment(2000, 1, n, tzinfo=datetime.UTC), "Moment", "datetime", f"2000-01-{n}T00:00:00 UTC"),
    lambda n: (Span(n), "Span", "timedelta", f"{n} days, 00:00:00"),
    lambda n: (Number(n, 2.5), "Number", "complex", f"{n}.0+2.5j"),
    lambda n: (Money(n * 10 ** 40), "Money", "Decimal", f"{n * 10 ** 40}"),
    lambda n: (decimal.Decimal(n), "Decimal", "", f"{n}"),
]

for make in MAKERS:
    for n in range(10, 20):
        value, name, base, text = make(n)
        for word in ("", "", "first", "second", "second"):
            if word and base:
                value.word = word
                print(f"it = {name}({base}={name}({text}), word={word!r})")
            else:
                print(f"it = {name}({text})")
            look(value)
        del value
""",
    # They lie elsewhere, and may move.
    "the bytes of a bytearray": """
class Stream:
    pass

stream = Stream()
stream.held = held = bytearray(b"some")
CHANGES = (
    lambda: held.__setitem__(0, 83),
    lambda: memoryview(held).__setitem__(1, 79),
    lambda: held.__delitem__(0),
    lambda: held.append(33),
    lambda: held.extend(b" more" * 20),
    lambda: held.__setitem__(-1, 69),
    lambda: held.__delitem__(slice(90)),
    lambda: held.reverse(),
    held.clear,
    lambda: held.extend(b"new"),
    lambda: held.__setitem__(slice(3), b"old"),
    lambda: None,
)
for change in CHANGES:
    for _ in range(3):
        print(f"it = Stream(held={held})")
        look(stream)
        print(f"it = {held}")
        look(held)
    change()
""",
    # The next one lies where the last one has lain, its characters perhaps, too.
    "texts and bytes of classes of their own": """
class Text(str):
    pass

class Plain(str):
    __slots__ = ()

class Bytes(bytes):
    pass

class Buffer(bytearray):
    pass

def look_at(one, shown):
    for _ in range(3):
        print(f"it = {shown}")
        look(one)

for n in range(60):
    for make, content in (Text, "a"), (Text, "b"), (Plain, "é"), (Plain, "è"), (Bytes, b"a"), (Bytes, b"b"):
        look_at(make(content * n), f"{make.__name__}({content * n!r})")
for n in range(9):
    for content in b"a", b"b":
        one = Buffer(content * n)
        look_at(one, f"Buffer({content * n!r})")
        one.append(67)
        look_at(one, f"Buffer({content * n + b'C'!r})")
for make, content in (Text, "text"), (Bytes, b"text"), (Buffer, b"text"):
    one = make(content)
    for n in range(5):
        one.n = n
        base = make.__bases__[0].__name__
        look_at(one, f"{make.__name__}({base}={make.__name__}({content!r}), n={n})")
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
