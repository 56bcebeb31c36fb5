"""Owns: that a trace tells what was executed: each line, call, yield, exception and value, in order.

The account it is held against is that of `oracle_sequence.py`, which knows nothing of the recorder. With STRESS in the
environment the long programs are among them. Must not: compare what a program prints (test_corpus does).
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Plain, Record
from tests.sequences import Reader, difference, differences
from tests.test_corpus import CASES, Case, outcome
from tests.test_real_programs import PROGRAMS as PROGRAMS_OF_OTHERS
from tests.test_real_programs import Program, program
from tests.traces import checked

__all__ = ["program"]  # a fixture

ORACLE = Path(__file__).parent / "oracle_sequence.py"
SCALARS = ["--config", "limits = { items = 1, depth = 1 }"]  # they are compared; of the rest there need not be much

PROGRAMS = {
    "classes": '''
import sys
class Base:
    def __init__(self, n):
        self.n = n
    def __init_subclass__(cls, **named):
        super().__init_subclass__(**named)
        cls.made = True
class Child(Base):
    kind = "child"
    if kind:
        extra: int = 3
    for i in range(2):
        last = i
    @property
    def twice(self): return self.n * 2
    @staticmethod
    def make(n=1, /, *, more=2):
        return Child(n + more)
    @classmethod
    def other(cls):
        def deep():
            return __class__
        return deep() is cls
    def __getattr__(self, name):
        if name == "lazy": return len(name)
        raise AttributeError(name)
c = Child.make(4)
a, b = c.twice, c.lazy
hasattr(c, "nothing")
Child.other()
def deco(x):
    def wrap(f):
        def inner(*args, **named):
            got = f(*args, **named)
            return got
        return inner
    return wrap
@deco(
    1
)
@deco(2)
def decorated(
    a,
    b=[
        1,
    ],
):
    """doc"""
    return (
        a
        +
        len(b)
    )
decorated(5)
decorated(a=6)
x = (lambda y, z=2: y *
     z)(3)
one = lambda: (yield)
next(one(), None)
def early(n):
    for i in range(n):
        if i == 1: continue
        if i == 3: break
    else:
        return "else"
    while n:
        n -= 1
        try:
            if n == 2: continue
            if n == 1: return "in"
        finally:
            n = n + 0
early(5); early(1)
def over():
    try:
        return 1
    finally:
        return 2
def swallow():
    while True:
        try:
            1 / 0
        finally:
            break
    return "out"
over(), swallow()
total = 0
for i in range(3): total += i
while total > 0: total -= 1
for a in "ab":
    for b in "cd":
        if b == "d": continue
        pair = a + b
del pair, total
if (n := 10) > 5 and (m := n * 2) or False: k = m
assert n == 10, "no"
try:
    assert n == 11, (
        "message"
    )
except AssertionError as error: text = str(error)
v = [1, 2, 3]
v[0], *v[1:] = 4, 5
s = f"{n!r:>{m}}"
z = n if m else k
global_name = 1
def changes():
    global global_name
    global_name += 1
    del globals()["z"]
changes()
''',
    "generators": """
def simple(n):
    for i in range(n):
        got = yield i
        if got: yield f"got {got}"
    return n
def outer():
    result = yield from simple(2)
    result += yield
    return result
it = outer()
out = [next(it), it.send("x"), next(it)]
try:
    next(it)
    it.send(None)
except StopIteration as stop: value = stop.value
except TypeError as error: value = str(error)
def guarded():
    try:
        yield 1
        yield 2
    except ValueError as error:
        yield "caught"
    except KeyError:
        raise RuntimeError("from key")
    finally:
        done = True
g = guarded(); next(g); a = g.throw(ValueError("v")); g.close()
g = guarded(); next(g)
try: g.throw(KeyError)
except RuntimeError as error: why = repr(error.__context__)
g = guarded(); next(g); next(g); del g
g = guarded(); g.close()
g = guarded()
try: g.throw(OSError("before the start"))
except OSError: pass
def delegating():
    try:
        yield from guarded()
    except RuntimeError: return "r"
d = delegating(); next(d)
try: d.throw(KeyError("k"))
except StopIteration as stop: b = stop.value
d = delegating(); next(d); d.close()
def plain():
    x = 1
    yield x
    x = 2
    yield x
p = plain(); next(p); del p
p = plain(); next(p); p.close()
p = plain(); list(p)
def one(): yield 1; yield 2
list(one())
def assigns(): x = yield 1; y = yield x
q = assigns(); next(q); q.send(5)
try: q.send(6)
except StopIteration: pass
total = sum(x * y for x in range(3) for y in range(x) if x != y)
nested = [[i * j for j in range(2)] for i in range(2)]
odd = {k: v for k, v in zip("ab", (n for n in range(5)))}
lazy = (i for i in range(10)); next(lazy); lazy.close()
def recurse(n):
    if n:
        yield from recurse(n - 1)
        yield n
list(recurse(4))
def fails():
    yield 1
    raise StopIteration("becomes RuntimeError")
try: list(fails())
except RuntimeError as error: c = type(error.__cause__).__name__
def bad_return():
    yield
    return 5
for _ in bad_return(): pass
a, *rest = bad_return()
z = dict.fromkeys(bad_return())
import itertools, functools
chained = list(itertools.chain(simple(1), one()))
m = max(simple(3), key=lambda v: -v)
r = functools.reduce(lambda a, b: a + b, simple(4))
w = sorted(one(), key=lambda v: -v)
try: sorted([1, 2], key=lambda v: 1 // (v - 1))
except ZeroDivisionError: pass
it = iter(lambda: 5, 5); list(it)
f = (yield_ for yield_ in [1])
def suspended():
    with open("/dev/null") as null:
        yield 1
kept = suspended(); next(kept)
""",
    "tasks": """
import asyncio, contextlib
class Manager:
    def __init__(self, quiet): self.quiet = quiet
    async def __aenter__(self):
        await asyncio.sleep(0)
        return self.quiet
    async def __aexit__(self, kind, value, traceback):
        await asyncio.sleep(0)
        return self.quiet
async def numbers(n):
    try:
        for i in range(n):
            await asyncio.sleep(0)
            yield i
    finally:
        await asyncio.sleep(0)
        closed = True
async def leaf(n):
    await asyncio.sleep(0)
    if n > 2: raise ValueError(n)
    return n
class Awaitable:
    def __await__(self):
        got = yield from asyncio.sleep(0).__await__()
        return 7
async def main():
    x = await leaf(1)
    y = await asyncio.gather(leaf(1), leaf(2), leaf(3), return_exceptions=True)
    async for i in numbers(3):
        if i == 1: break
    odd = [i async for i in numbers(2)]
    s = {i: await leaf(i) async for i in numbers(2) if i}
    async with Manager(True) as quiet, Manager(False):
        raise KeyError("gone")
    gen = numbers(5)
    a = await anext(gen)
    await gen.aclose()
    gen = numbers(2)
    await anext(gen)
    try: await gen.athrow(ValueError("in"))
    except ValueError as error: caught = str(error)
    z = await Awaitable()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(leaf(1)); group.create_task(leaf(5))
    except* ValueError as errors: count = len(errors.exceptions)
    task = asyncio.create_task(asyncio.sleep(10))
    await asyncio.sleep(0)
    task.cancel()
    try: await task
    except asyncio.CancelledError: cancelled = True
    async def never(): pass
    never().close()
    c = leaf(9)
    c.close()
    @contextlib.asynccontextmanager
    async def managed():
        try: yield 5
        finally: after = 1
    async with managed() as five: six = five + 1
    queue = asyncio.Queue(1)
    async def put():
        for i in range(3): await queue.put(i)
    put_task = asyncio.create_task(put())
    total = 0
    for _ in range(3): total += await queue.get()
    await put_task
    return total
result = asyncio.run(main())
""",
    "exceptions": """
import contextlib
class CM:
    def __init__(self, swallow): self.swallow = swallow
    def __enter__(self): return self
    def __exit__(self, *details): return self.swallow
def f(n):
    with CM(True) as a, \\
         CM(False) as b:
        if n == 0: raise ValueError("in with")
        if n == 1: return "returned"
        x = n
    return "end"
f(0); f(1); f(2)
def chain():
    try:
        try:
            1 / 0
        except ZeroDivisionError as error:
            raise KeyError("k") from error
    except KeyError as error:
        kept = error
    try:
        raise kept
    except KeyError:
        try: raise
        except KeyError as again: same = again is kept
    return same
chain()
def finals():
    try:
        try: raise ValueError(1)
        finally: x = 1
    except ValueError: pass
    else: y = 1
    finally:
        z = 2
    try: pass
    except ValueError: pass
    else: y = 3
    return x, z
finals()
def stars():
    try:
        raise ExceptionGroup("g", [ValueError(1), TypeError(2), OSError(3)])
    except* ValueError as e:
        a = len(e.exceptions)
    except* (TypeError, OSError) as e:
        b = len(e.exceptions)
    try:
        try: raise ValueError("naked")
        except* ValueError: raise KeyError("more")
    except KeyError as error: c = repr(error.__context__)
    return a + b
stars()
def deep(n):
    if n == 0: raise LookupError("bottom")
    try: deep(n - 1)
    except ValueError: never = 1
    finally: n = -n
try: deep(4)
except LookupError as e: pass
def through(n):
    try: return sorted([3, 1], key=lambda v: {}[v])
    except KeyError as e: return str(e)
through(1)
@contextlib.contextmanager
def managed(n):
    got = None
    try: yield n
    except ValueError as e: got = str(e)
    finally: n += 1
with managed(1) as m: raise ValueError("to manager")
with contextlib.suppress(ZeroDivisionError): 1 / 0
with managed(2) as m: pass
class Evil(Exception):
    def __init__(self, a): super().__init__(a); self.a = a
def raise_class():
    try: raise Evil
    except TypeError: pass
    try: raise Evil(5)
    except Evil as e: return e.a
raise_class()
def nothing():
    try: undefined
    except NameError: pass
    try: x = y; y = 1
    except UnboundLocalError: pass
    try: None.attr
    except AttributeError: pass
    try: [][0]
    except IndexError: pass
    try: {}["k"]
    except KeyError: pass
    try: int("x")
    except ValueError: pass
    try: import no_such_module
    except ImportError: pass
    try: next(iter(()))
    except StopIteration: pass
    try: assert False
    except AssertionError: pass
nothing()
def loops():
    for i in range(4):
        try:
            if i == 0: continue
            if i == 2: break
            raise ValueError(i)
        except ValueError as e: last = str(e)
        finally: seen = i
    return last, seen
loops()
def match(v):
    match v:
        case 0: r = "zero"
        case [a, *b] if a > 1: r = f"{a} {b}"
        case {"k": x, **rest}: r = x
        case str(s) | bytes(s): r = s
        case complex(real=re): r = re
        case _: r = None
    return r
for v in (0, [2, 3], [1], {"k": 5, "l": 6}, "text", 1j, None): match(v)
""",
    "objects": """
import threading, functools, dataclasses, enum, collections, operator
def work(n):
    total = 0
    for i in range(n): total += i
    return total
for n in range(3):
    t = threading.Thread(target=work, args=(n,), name=f"w{n}"); t.start(); t.join()
@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: int = 2
    def __post_init__(self): self.z = self.x + self.y
p = Point(1); q = sorted([Point(3), p])[0]
class Colour(enum.Enum):
    RED = 1
    BLUE = "b"
    @classmethod
    def _missing_(cls, value): return cls.RED
r = Colour(77)
class Meta(type):
    @classmethod
    def __prepare__(meta, name, bases): return {"given": 1}
    def __new__(meta, name, bases, names): return super().__new__(meta, name, bases, dict(names))
    def __call__(cls, *args): return super().__call__(*args)
class Made(metaclass=Meta):
    x = given + 1
    def __new__(cls, *args): return super().__new__(cls)
    def __init__(self, *args): self.args = args
    def __eq__(self, other): return True
    def __hash__(self): return 1
    def __len__(self): return 0
    def __bool__(self): return False
    def __iter__(self): yield 1
    def __contains__(self, v): return v == 3
    def __getitem__(self, i): return i
    def __setitem__(self, i, v): self.last = v
    def __call__(self, *a, **k): return k
    def __del__(self): gone = 1
    def __lt__(self, o): return NotImplemented
m = Made(1, 2)
d = {m: 1, Made(): 2}
ok = [not m, 3 in m, m[4], m(a=1), list(m), m == 5]
m[1] = 2
try: m < m
except TypeError: pass
del m, d
@functools.cache
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
fib(5)
@functools.singledispatch
def show(v): return "any"
@show.register
def _(v: int): return "int"
show(1), show("s")
def defaults(a, b=work(2), *args, c=len("abc"), **kw): return locals()
defaults(1, 2, 3, c=4, d=5)
big = 10 ** 40; small = -10 ** 40; edge = 2 ** 63; low = -2 ** 63; lower = -2 ** 63 - 1; top = 2 ** 64
inf, nan, minus, tiny = float("inf"), float("nan"), -0.0, 5e-324
floats = 0.1 + 0.2; whole = 1e16; expo = 1e22
text = "caf\\u00e9 \\U0001f600 \\0 \\n \\x1b \\u2028 \\"'\\\\"
lone = "\\ud800"
none = None; yes = True; no = not yes
empty = ""
long = "x" * 5000
def unusual():
    ø = 1
    def ähm(): nonlocal ø; ø += 1; return ø
    return ähm()
unusual()
def many():
    a = b = c = 1
    a += 1; b -= 1; c *= 5; del a
    (d, e), [f, *g] = (1, 2), "xyz"
    for h, (i, j) in [(1, (2, 3))]: pass
    import os.path as k
    from os import sep as l, linesep
    with open("/dev/null") as n: pass
    try: 1 / 0
    except ZeroDivisionError as o: p = 5
    def q(): return d
    class r: s = e
    u = v = [w for w in (1, 2)]
    return q()
many()
def cells():
    x = 1
    fs = [lambda: x]
    x = 2
    del x
    try: fs[0]()
    except NameError: pass
    x = 3
    return fs[0]()
cells()
class Outer:
    y = 1
    class Inner:
        z = 2
        def f(self): return self.z
    w = [v for v in range(y)]
    l = lambda self: self.y
    g = Inner().f()
    y += 1
    del g
Outer().l()
exec("made = 1\\ndef generated():\\n    return made\\n")
generated()
eval("work(1)")
import json
json.dumps({1: 2}, default=lambda o: None)
json.loads("[1.5]", parse_float=lambda s: s)
s = collections.defaultdict(lambda: 5)["k"]
list(map(lambda v: v + 1, [1, 2])); list(filter(None, (v for v in (0, 1))))
""",
    "last states": """
class Renamed:
    a = 5
    b = a; del a
def same_place(n):
    x = 10**6 * n
    x += 1; x += 1
same_place(3)
def longer(n):
    x = str(n)
    x += "b"; x = x[:-1] + "c"; x += "d"
longer(3)
def half(x): x = x + 0.5; x = x + 0.5
half(1.25)
def turned(x, times):
    x = x[1:] + x[:1]
    [x := x[1:] + x[:1] for _ in range(times)]
for start in b"abcd", b"abcd" * 40, (1, 2, 3, 4), (2.5, 3.5, b"d", 2**70):
    for times in 1, 2, 3: turned(start, times)
def summed(x, times): [x := x + 1 for _ in range(times)]
for times in 1, 2, 3: summed(2**70, times)
def through_a_cell():
    x = 1
    def change():
        nonlocal x
        x += 1
    change(); change()
through_a_cell()
def deleted(a): del a
deleted(1)
def raised(n):
    n += 1; raise ValueError(n)
try: raised(1)
except ValueError: pass
def unpacked(pair): a, b = pair; b, a = a, b
unpacked((1, 2))
def yielded(n):
    n += 1; yield n; n += 1; yield n; n += 1
list(yielded(1))
def looped(n):
    for i in range(n): n += i
looped(3)
def ended(n):
    try: return n
    finally: n = 5
ended(1)
x = 1234.5
y = x; del x
""",
    "lines": '''
def back(a,
         b=2):
    return (back(
        b - 1,
        b=b - 1,
    ) if b
        else
        a)
back(1)
def one(): return 1
two = lambda: one(
)
two(); [one() for _ in range(2)]
def line_again(n):
    while n: n -= 1; one()
    for i in (1, 2): one(); j = i
    for i in (1, 2): i
    [i for i in (1, 2)]; [one() for i in (1, 2)]
    return [i
            for i in range(3)
            if i]
line_again(2)
def nested():
    return [[one() for b in range(a)] for a in [x for x in range(3)]], {a: {b for b in (a,)} for a in range(2)}
nested()
def ifs(a):
    if a: b = 1
    elif one(): b = 2
    else: b = 3
    c = 1 if a else 2; d = a and one() or b
    while a:
        if a > 1:
            a -= 1
            continue
        elif a:
            break
    else:
        e = 5
    pass
ifs(0); ifs(2)
def long_text(): return f"""
{one()}
  {one()
  }
"""
long_text()
def with_docstring():
    """Only text."""
with_docstring()
def constant():
    if 0: never = 1
    if True: always = 1
    while 1:
        break
    "text"
    5
    ...
    return always
constant()
class Empty: pass
class WithDoc:
    """Doc."""
class Chained(Empty,
              WithDoc):
    x = \\
        1
    y = (
        one()
    )
def star(*args, **named): return args
star(*[1,
       2],
     a=one(),
     **{"b":
        1})
(lambda:
    one())()
async_list = [
    one(),

    one()
]
def semi(): a = 1; b = a; return b
semi()
def decorated(*names):
    def deco(f): return f
    return deco
@decorated("a",
           "b")
@decorated(
    "c"
)
class Decorated:
    @decorated()
    def m(self): pass
    @property
    @decorated(1)
    def p(self):
        return 1
Decorated().m(); Decorated().p
def annotated(a: one() = one(), *, b: "text" = 2) -> one():
    local: int
    other: one() = 1
annotated()
type Alias = int
def generic[T](a: T) -> T: return a
generic(1)
class Generic[T]:
    x: T
assert one(), one()
try: assert not one(), \\
    one()
except AssertionError: pass
del two
global_one = one
def uses_global():
    global made_global
    made_global = 5
    import sys as renamed, os.path
    from os import (
        sep,
        pathsep
    )
    return made_global
uses_global()
match 5:
    case int(x) if x > 5: pass
    case int(x) if (
        x == 5
    ): y = 1
''',
}


def compare(told: Path, trace: Path) -> None:
    different = differences(json.loads(told.read_text(encoding="utf-8")), checked(trace))
    assert not different, "\n".join(different)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program(name: str, folder: Path, plain: Plain, record: Record, form: str) -> None:
    (folder / "p.py").write_text(PROGRAMS[name], encoding="utf-8")
    watched = plain(ORACLE, "told.json", os.path.realpath(folder), "p.py")
    recorded = record("p.py", options=["--format", form, *SCALARS])
    assert (recorded.done.stdout, recorded.done.stderr) == (watched.stdout, watched.stderr)
    compare(folder / "told.json", recorded.trace)


REWRITTEN = """
import importlib, os, sys
sys.dont_write_bytecode = True
import part.grows
for number in range(3):
    with open(part.grows.__file__, "a") as file:
        file.write(f"\\n\\ndef more{number}(n):\\n    m = n + 1\\n    return m\\n\\n\\nmore{number}(1)\\n")
    importlib.reload(part.grows)
"""


def test_a_file_that_grows(folder: Path, plain: Plain, record: Record) -> None:
    """A module is written anew while the program runs, and loaded again."""
    for name, text in (("p.py", REWRITTEN), ("part/grows.py", "x = 1\n")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    recorded = record("p.py", options=SCALARS)
    steps = [line.split(" | ")[0].split(":")[1] for line in recorded.dump() if "step part/grows.py:" in line]
    assert {"5", "6", "13", "14", "21", "22"} <= set(steps), recorded.dump()


LATE = """
def fails(n):
    try:
        return [][n]
    finally:
        n += 1
def caught():
    try:
        fails(1)
    except IndexError as error:
        raise ValueError("late") from error
def yields():
    while True:
        try:
            yield 1
        except KeyError:
            yield 2
def passes_on(function):
    function()
def asks(dictionary):
    return dictionary["absent"]
"""
SKIPPED = """
import threading
class Fails(dict):
    def __missing__(self, key):
        raise KeyError(key)
def nothing():
    yield
def tried(function, *arguments):
    try:
        function(*arguments)
    except (LookupError, ValueError):
        return True
skipped = nothing()
next(skipped)
for _ in range(3):
    tried(lambda: [][0])
def waits(turn, answer):
    turn.wait()
    tried(lambda: [][0])
    from recorded.late import fails
    answer.append(tried(fails, 3))
turn, answer = threading.Event(), []
thread = threading.Thread(target=waits, args=(turn, answer))
thread.start()
tried(skipped.throw, KeyError)
from recorded import late
assert tried(late.fails, 0) and tried(late.caught)
generator = late.yields()
next(generator)
generator.throw(KeyError())
assert tried(generator.throw, ValueError)
assert tried(late.passes_on, lambda: late.fails(2)) and tried(late.asks, Fails())
turn.set()
thread.join()
assert answer == [True]
"""


def test_exceptions_of_code_that_comes_late(folder: Path, plain: Plain, record: Record, form: str) -> None:
    """Nothing is recorded at first, and what raises exceptions before and around what is recorded is skipped."""
    (folder / "p.py").write_text(SKIPPED, encoding="utf-8")
    (folder / "recorded").mkdir()
    (folder / "recorded" / "late.py").write_text(LATE, encoding="utf-8")
    plain(ORACLE, "told.json", os.path.realpath(folder / "recorded"), "p.py").check_returncode()
    recorded = record("p.py", options=["--format", form, "--exclude", "p.py", *SCALARS])
    assert (recorded.done.returncode, recorded.done.stderr) == (0, "")
    compare(folder / "told.json", recorded.trace)


def test_the_comparison_misses_nothing(folder: Path, plain: Plain, record: Record) -> None:
    """Without any one of its records a trace tells another story, and so it does with one that is told wrongly."""
    (folder / "p.py").write_text(PROGRAMS["lines"], encoding="utf-8")
    plain(ORACLE, "told.json", os.path.realpath(folder), "p.py")
    (told,) = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    (items,) = Reader(checked(record("p.py", options=SCALARS).trace)).read()
    assert difference(told, items) is None
    for place, item in enumerate(items):
        if not item.is_certain:
            continue
        wrong = replace(item, kind="raise" if item.kind == "return" else "return")
        assert difference(told, [*items[:place], wrong, *items[place + 1 :]])
        # A step of the recorder's own can stand for one that is missing: where and what it tells is the same.
        may_stand = any(other.line == item.line and not other.is_certain for other in items[place:])
        assert difference(told, items[:place] + items[place + 1 :]) or may_stand
        if item.kind == "step":
            wrong = replace(item, names={**(item.names or {}), "more": ["int", "1"]})
            assert difference(told, [*items[:place], wrong, *items[place + 1 :]])


REAL = [program for name, program in PROGRAMS_OF_OTHERS.items() if name == "pyflakes" or "STRESS" in os.environ]


@pytest.mark.parametrize("program", REAL, indirect=True, ids=lambda program: program.package)
def test_a_real_program(program: Program, folder: Path, plain: Plain, record: Record) -> None:
    spec = importlib.util.find_spec(program.package)
    assert spec and spec.origin
    watched = os.pathsep.join([os.path.realpath(folder), str(Path(spec.origin).parent)])
    same = {"PYTHONHASHSEED": "0"}  # sets have their order by it
    plain(*program.arguments, env=same)  # and by whether they are loaded from a compiled file: now they are
    plain(ORACLE, "told.json", watched, *program.arguments, env=same)
    recorded = record(*program.arguments, options=["--packages", program.package, *SCALARS], env=same)
    compare(folder / "told.json", recorded.trace)


# Programs that see the oracle as well: its frames, its modules, its exit handler, and what it refers to.
AWARE = {
    "ends_atexit_cleared",
    "ends_atexit_run",
    "ends_generators",
    "ends_memory",
    "ends_memory_caught",
    "ends_name",
    "itself_arguments_original",
    "itself_audit",
    "itself_depth",
    "itself_depth_huge",
    "itself_depth_native",
    "itself_environment",
    "itself_environment_locale",
    "itself_excepthook",
    "itself_frames",
    "itself_importers",
    "itself_main",
    "itself_modules",
    "itself_modules_gone",
    "itself_path",
    "itself_replaced",
    "itself_traceback_chain",
    "itself_traceback_import",
    "itself_traceback_recursion",
    "objects_collector",
    "objects_collector_counts",
    "objects_errors",
    "objects_huge",
    "objects_references",
    "objects_references_globals",
    "tools_monitoring_0",
    "tools_monitoring_1",
    "tools_monitoring_2",
    "tools_monitoring_3",
    "tools_monitoring_4",
    "tools_monitoring_5",
    "tools_monitoring_all",
    *(case.name for case in CASES if case.script == "itself_excepthook_odd.py"),
}
COMPARED = [
    case
    for case in CASES
    if case.deterministic
    and case.whole
    and case.name not in AWARE
    # The oracle starts scripts only, watches all of theirs, and has no terminal; its own first line would be skipped.
    and not (case.program or case.options or case.terminal)
    and case.source.name != "itself_first_line.py"
]


@pytest.mark.parametrize("case", COMPARED, ids=[case.name for case in COMPARED])
def test_a_program_of_the_corpus(case: Case, folder: Path) -> None:
    run, told, trace = folder / "run", folder / "told.json", folder / "trace"
    watched = outcome(case, run, os.fspath(ORACLE), os.fspath(told), os.path.realpath(run))
    options = ["--trace-dir", os.fspath(trace), *SCALARS]
    recorded = outcome(case, run, "-m", "codetracer_python_recorder", *options)
    assert (recorded.stdout, recorded.status) == (watched.stdout, watched.status)
    compare(told, trace)


def streams(trace: Path) -> dict[int, str]:
    """What a trace tells of standard output, standard error and standard input, by the number of its kind."""
    told = dict.fromkeys((0, 2, 3), "")
    for event in checked(trace).events:
        if event.name == "Event" and event.body["kind"] in told:
            told[event.body["kind"]] += event.body["content"]
    return told


@pytest.mark.parametrize("name", ["streams_layers", "streams_layers_unbuffered"])
def test_the_streams(name: str, folder: Path) -> None:
    """Whichever layer the program calls, and whatever that does to those below: each character is told once."""
    (case,) = (case for case in CASES if case.name == name)
    recorded = outcome(case, folder / "run", "-m", "codetracer_python_recorder", "--trace-dir", str(folder / "trace"))
    told = streams(folder / "trace")
    assert told[0] == recorded.stdout.decode()
    assert told[2] == "waits too\nso does this, and this\n\nput last of all\n"
    assert told[3] == case.stdin.encode("latin-1").decode() + "first\nssecond\nits "


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "write",
    [
        "sys.stdout.write(text)",
        "sys.stdout.buffer.write(data)",
        "sys.stdout.writelines([text[:9000], text[9000:]])",
        "open(1, 'wb', 0, closefd=False).write(data)",
        "os.write(1, data)",
    ],
)
def test_a_write_that_breaks_off(write: str, unbuffered: str, folder: Path, plain: Plain, record: Record) -> None:
    """A pipe that may not be waited for takes a part of a text: that, and no more, is output."""
    (folder / "p.py").write_text(f"""
import io, os, sys
data = b"".join(b"%07d\\n" % number for number in range((1 << 17) // 8 + io.DEFAULT_BUFFER_SIZE // 8))
text = data.decode()
read, write = os.pipe()
os.dup2(write, 1)
os.set_blocking(1, False)
try: {write}
except BlockingIOError as error: print(error.characters_written, file=sys.stderr)
os.set_blocking(read, False)
taken = b""
try:
    while True:
        taken += os.read(read, 1 << 20)
        try: sys.stdout.flush()
        except BlockingIOError: pass
except BlockingIOError: pass
with open("taken", "wb") as file: file.write(taken)
os.close(1)
""")
    environment = {"PYTHONUNBUFFERED": unbuffered}
    assert record("p.py", env=environment).done.returncode == plain("p.py", env=environment).returncode
    told, taken = streams(folder / "trace-out")[0], (folder / "taken").read_text()
    assert len(taken) > 60000
    if unbuffered and "sys.stdout.write" in write:
        assert told.startswith(taken)  # the text layer says that it has written all, and loses the rest
    else:
        assert told == taken


def test_the_streams_upon_layers_of_the_program(folder: Path) -> None:
    (case,) = (case for case in CASES if case.name == "streams_beneath")
    recorded = outcome(case, folder / "run", "-m", "codetracer_python_recorder", "--trace-dir", str(folder / "trace"))
    told = streams(folder / "trace")
    elsewhere = ("both ways\n", "." * 5000 + "\n")
    for text in elsewhere:
        assert told[0].count(text) == 1
    here = re.sub("|".join(map(re.escape, elsewhere)), "", told[0])
    assert here.replace("caf\xe9", "caf?") == recorded.stdout.decode()
    assert told[2] == recorded.stderr.decode().partition("codetracer-python-recorder")[0]
    assert told[3] == case.stdin.encode("latin-1").decode()
