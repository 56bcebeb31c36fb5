"""Owns: small programs and the dumps that must come of them, side by side in snapshots/, equal for both forms.

Must not: hold what differs between interpreters or runs (identities, timing): such things are asserted by structure.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.conftest import Plain, Record, Recorded
from tests.traces import read

CALLS = {
    "parameters": """
        def f(a, b=2, /, c=3, *args, d, e=5, **kw):
            x = (a, b, c)
            return x
        f(1, 2, 3, 4, 5, d=6, z=7)
        f(1, d=4)
    """,
    "closures": """
        def outer(n):
            k = n * 2
            def inner(m):
                nonlocal k
                k += m
                return k + n
            return inner
        g = outer(3)
        g(4)
        g(5)
    """,
    "class bodies": """
        class Shape:
            sides = 0
            name = "shape" + str(sides)
            class Inner:
                deep = 1
            def area(self, scale):
                self.scale = scale
                return scale * self.sides
        class Square(Shape):
            sides = 4
            def area(self, scale):
                return super().area(scale) + 1
        Square().area(2)
    """,
    "decorated functions": """
        def twice(function):
            def wrapper(*args):
                return function(*args) * 2
            return wrapper
        @twice
        @twice
        def plus(a):
            return a + 1
        plus(1)
    """,
    "lambdas and functions of one line": """
        square = lambda x: x * x
        def one(a): return square(a) + 1
        one(4)
        sorted([2, 1], key=lambda v: -v)
    """,
    "comprehensions": """
        def f(n):
            a = [i * 2 for i in range(n)]
            b = {i: j for i, j in zip(a, a)}
            c = {k for k in b}
            return [[x + y for y in a] for x in c]
        f(2)
        sum(i for i in (1, 2))
    """,
    "recursion": """
        def factorial(n):
            if n < 2:
                return 1
            return n * factorial(n - 1)
        factorial(3)
    """,
    "one line, many times": """
        def f(a): return a
        f(1); f(2)
        for i in range(2): f(i)
        while i: i -= f(i)
    """,
}

GENERATORS = {
    "send, throw and return": """
        def g(a):
            x = yield a
            try:
                y = yield x
            except ValueError as error:
                y = str(error)
            z = yield y
            return z
        it = g(1)
        next(it)
        it.send("two")
        it.throw(ValueError("thrown"))
        try:
            it.send("end")
        except StopIteration as end:
            v = end.value
    """,
    "yield from": """
        def inner(a):
            b = yield a
            return b
        def outer():
            c = yield from inner(1)
            return c
        it = outer()
        next(it)
        try:
            it.send(5)
        except StopIteration:
            pass
    """,
    "closed, dropped and abandoned": """
        def g():
            try:
                yield 1
                yield 2
            finally:
                done = True
        a = g()
        next(a)
        a.close()
        b = g()
        next(b)
        del b
        c = g()
        c.close()
        for item in g():
            break
        kept = g()
        next(kept)
    """,
    "a generator that ignores its end": """
        def g():
            try:
                yield 1
            finally:
                yield 2
        it = g()
        next(it)
        try:
            it.close()
        except RuntimeError as error:
            message = str(error)
    """,
}

COROUTINES = {
    "coroutines": """
        import asyncio
        async def leaf(n):
            await asyncio.sleep(0)
            return n * 2
        async def main():
            a = await leaf(1)
            b = await asyncio.gather(leaf(2), leaf(3))
            return a, b
        asyncio.run(main())
        leaf(6).close()
    """,
    "asynchronous iteration": """
        import asyncio
        async def numbers(n):
            for i in range(n):
                yield i
        class Manager:
            async def __aenter__(self):
                return 5
            async def __aexit__(self, *reason):
                return True
        async def main():
            async for i in numbers(2):
                pass
            async with Manager() as m:
                raise ValueError(m)
            return [i async for i in numbers(2)]
        asyncio.run(main())
    """,
}

EXCEPTIONS = {
    "caught in the frame": """
        def f():
            try:
                1 / 0
            except ZeroDivisionError as error:
                message = str(error)
            return message
        f()
    """,
    "through frames, with finally and from": """
        def low():
            raise ValueError("deep")
        def middle():
            try:
                low()
            finally:
                cleaned = True
        def high():
            try:
                middle()
            except ValueError as error:
                raise RuntimeError("high") from error
        try:
            high()
        except RuntimeError as error:
            cause = type(error.__cause__).__name__
    """,
    "raised again": """
        def f():
            try:
                try:
                    int("x")
                except ValueError:
                    raise
            except ValueError as error:
                try:
                    raise error
                except ValueError:
                    return "out"
        f()
    """,
    "with": """
        class Manager:
            def __enter__(self):
                return 1
            def __exit__(self, kind, error, traceback):
                return True
        def f():
            with Manager() as m:
                raise OSError(2, "gone")
            return m
        f()
    """,
    "of code that is not recorded": """
        import json
        try:
            json.loads("{")
        except ValueError as error:
            position = error.pos
    """,
    "an end by exit": """
        import sys
        def f():
            sys.exit(3)
        f()
    """,
    "that end loops are none": """
        for i in range(1):
            pass
        for c in "a":
            pass
        next(iter(()), None)
        [*(x for x in ())]
    """,
}

FRAMES = {
    "the last state": """
        def bound():
            for i in range(2):
                x = i
        def one(): z = 5
        def deleted():
            x = 1
            del x
        def raised():
            try:
                raise ValueError
            finally:
                x = 2
        def by_another():
            c = 1
            def inner():
                nonlocal c
                c = 2
            inner()
        def returned():
            return (w := 3)
        def untouched(a):
            a.append(1)
        bound(); one(); deleted(); by_another(); returned(); untouched([])
        try: raised()
        except ValueError: pass
    """,
    "globals of a module": """
        import os
        from math import pi
        __dunder__ = 1
        _private = 2
        def function(): pass
        class Class: pass
        value = 3
        def set_global():
            global other
            other = value
        set_global()
        del value
    """,
    "unbound and other names": """
        def f():
            try:
                print(later)
            except UnboundLocalError:
                later = 1
            import os.path as p
            match [1, 2]:
                case [first, *rest]:
                    pass
            return first, rest
        f()
    """,
}

VALUES = {
    "plain": """
        numbers = (1, -5, 2**70, -2**70, True, 1.5, float("nan"), -float("inf"), 1e-7, 2j)
        nothing = (None, ..., NotImplemented)
        text = ("h\\u00e9llo\\n", "a\\0b", "\\ud800", "\\U0001f600", "\\u202e")
        data = (b"\\x00\\xff", bytearray(b"abc"), memoryview(b"abc"))
        containers = [[1], (1,), {1}, frozenset({1}), {"k": [2]}, range(3), slice(1, 2)]
        empty = [[], (), set(), {}, "", b""]
        end = 1
    """,
    "of the standard library": """
        import array, datetime, decimal, enum, fractions, pathlib, uuid
        from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
        from dataclasses import dataclass
        when = datetime.datetime(2020, 1, 2, 3, 4, 5)
        day = (when.date(), when.time(), datetime.timedelta(days=1, seconds=5))
        exact = [fractions.Fraction(1, 3)]
        names = (pathlib.PurePosixPath("a/b"), uuid.UUID(int=5))
        class Colour(enum.Enum): RED = 1
        class Bits(enum.Flag): A = 1; B = 2
        members = (Colour.RED, Bits.A | Bits.B)
        mappings = [OrderedDict(a=1), defaultdict(list, a=[1]), Counter("aab")]
        sequences = [deque([1, 2]), array.array("i", [1, 2])]
        Point = namedtuple("Point", "x y")
        @dataclass
        class Order:
            id: int
            items: list
        structs = [Point(1, 2), Order(1, ["a"])]
        errors = [ValueError("a", 2), KeyError("k"), OSError(2, "gone", "file")]
        end = 1
    """,
    "of classes": """
        class Plain:
            def __init__(self): self.a = 1; self.b = [2]
        class Slots:
            __slots__ = ("a", "b")
        class Both(Slots):
            pass
        class MyList(list): pass
        class MyDict(dict): pass
        class MyInt(int): pass
        plain, slots, both, empty = Plain(), Slots(), Both(), object()
        slots.a = 1
        both.b = 2; both.c = 3
        subclasses = [MyList([1]), MyDict(a=1), MyInt(3)]
        subclasses[0].extra = 1
        names = [Plain, len, plain.__init__, iter([]), (i for i in ())]
        end = 1
    """,
    "cycles and shared objects": """
        d = {}; d["self"] = d
        l = [1]; l.append(l)
        class Node: pass
        n = Node(); n.me = n
        a, b = [], []
        a.append(b); b.append(a)
        shared = [1]
        both = [shared, shared]
        end = 1
    """,
}

STREAMS = {
    "output on the right line": """
        import os, sys
        def f(x):
            print("in f")
            return x + 1
        print(f(1))
        for i in range(2):
            print(i, end=" ")
            print("tail", flush=True)
        sys.stdout.buffer.write(b"raw\\n")
        sys.stdout.flush()
        os.write(1, b"written\\n")
        sys.stdout.buffer.write(memoryview(b"viewed\\n"))
        sys.stdout.flush()
        os.write(1, memoryview(b"viewed, too\\n")[8:])
        print("error", file=sys.stderr)
        sys.stdout.write("no newline")
    """,
    "input": """
        import sys
        name = input("name? ")
        line = sys.stdin.readline()
        for item in sys.stdin:
            break
        rest = sys.stdin.read()
        print(name, rest)
    """,
    "output that goes elsewhere": """
        import contextlib, io
        with contextlib.redirect_stdout(io.StringIO()) as out:
            print("not seen")
        text = out.getvalue()
        del out
        print("seen")
    """,
}

PROGRAMS = {**CALLS, **GENERATORS, **COROUTINES, **EXCEPTIONS, **FRAMES, **VALUES, **STREAMS}

LIMITS = """
    class Order:
        def __init__(self): self.a, self.b, self.c = 1, 2, 3
    text = "x" * 30
    data = b"y" * 30
    long = list(range(5))
    wide = {i: i for i in range(5)}
    deep = [[[["deep"]]]]
    order = Order()
    inside = [[order, {1, 2}, (1,)]]
    huge = 10 ** 200
    print("out" * 10)
"""

LIMIT_OPTIONS = [
    "limits.depth = 2",
    "limits.items = 2",
    "limits.string = 10",
    "limits.value-bytes = 60",
    "limits.output-bytes = 10",
    "limits = { depth = 0, items = 0, string = 0, value-bytes = 0, output-bytes = 0 }",
]

STDIN = "Ada\none\ntwo\nthree\nfour\n"


def dedent(program: str) -> str:
    lines = program.strip("\n").split("\n")
    margin = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[margin:] for line in lines).rstrip() + "\n"


def story(recorded: Recorded) -> list[str]:
    """What happened, without the definitions."""
    return [line for line in recorded.dump() if not line.startswith("#")]


def both(record: Record, *arguments: str | Path, options: list[str] | None = None, stdin: str = "") -> list[str]:
    """The story of a program, which both forms must tell alike, definitions included."""
    dumps = []
    for form in ("json", "binary"):
        recorded = record(*arguments, options=["--format", form, *(options or [])], stdin=stdin)
        assert recorded.metadata()["status"] == "complete", recorded.done.stderr
        dumps.append((recorded.dump(), recorded.dump("--json")))
    assert dumps[0] == dumps[1]
    return [line for line in dumps[0][0] if not line.startswith("#")]


def last_step(dump: list[str]) -> int:
    return max(at for at, line in enumerate(dump) if line.lstrip().startswith("step"))


def beside(program: str, dump: list[str]) -> str:
    return program + "-" * 40 + "\n" + "\n".join(dump)


# More is shown of values than by default.
WIDE = ["--config", "limits = { depth = 3, items = 50, string = 500 }"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program(folder: Path, record: Record, snapshot: SnapshotAssertion, name: str) -> None:
    program = dedent(PROGRAMS[name])
    (folder / "p.py").write_text(program, encoding="utf-8")
    dump = both(record, "p.py", options=WIDE, stdin=STDIN)
    assert beside(program, dump[last_step(dump) :] if name in VALUES else dump) == snapshot


@pytest.mark.parametrize("limit", LIMIT_OPTIONS)
def test_a_limit_and_its_mark(folder: Path, record: Record, snapshot: SnapshotAssertion, limit: str) -> None:
    program = dedent(LIMITS)
    (folder / "p.py").write_text(program, encoding="utf-8")
    dump = both(record, "p.py", options=[*WIDE, "--config", limit])
    assert beside(f"# {limit}\n{program}", dump[last_step(dump) :]) == snapshot


FLOATS = """
import struct
with open("floats", "rb") as file:
    for part in iter(lambda: file.read(80_000), b""):
        floats = struct.unpack(f"<{len(part) // 8}d", part)
"""


def test_floats_are_written_as_python_writes_them(folder: Path, record: Record) -> None:
    random = Random(5)
    edges = [sign * power + step for power in (1e-4, 1e15, 1e16, 1e17) for sign in (1, -1) for step in (0, 1e-5, 2)]
    powers = [*(2.0**exponent for exponent in range(-1074, 1024)), *(float(f"1e{place}") for place in range(-323, 309))]
    common = [number / 1000 for number in range(-2000, 2000)]
    smallest = struct.unpack("<2000d", struct.pack("<2000Q", *range(1, 2001)))
    of_any_bits = struct.unpack("<20000d", random.randbytes(160_000))
    floats = [*edges, *powers, *common, *smallest, *of_any_bits]
    (folder / "floats").write_bytes(struct.pack(f"<{len(floats)}d", *floats))
    (folder / "p.py").write_text(FLOATS)
    recorded = record("p.py", options=["--format", "json", "--config", "limits = { items = 0, value-bytes = 0 }"])
    shown: list[str] = []
    for event in read(recorded.trace / "trace.json"):
        elements = event.body.get("value", {}).get("elements") or [] if event.name == "Value" else []
        if len(elements) > 1 and [one["r"] for one in elements[:2]] != shown[-len(elements) :][:2]:
            shown += [one["r"] for one in elements]
    assert shown == [repr(number) for number in floats]


def test_the_definitions(folder: Path, record: Record, snapshot: SnapshotAssertion) -> None:
    program = "def f(a):\n    b = [a, 1.5]\n    return b\nprint(f(3))\n"
    (folder / "p.py").write_text(program, encoding="utf-8")
    assert beside(program, record("p.py").dump()) == snapshot


def test_the_first_events(folder: Path, record: Record) -> None:
    (folder / "p.py").write_text("x = 1\n", encoding="utf-8")
    recorded = record("p.py", options=["--format", "json"])
    path = str(folder / "p.py")
    step = {"Step": {"path_id": 0, "line": 1}}
    assert json.loads((recorded.trace / "trace.json").read_bytes())[:8] == [
        {"Type": {"kind": 30, "lang_type": "None", "specific_info": {"kind": "None"}}},
        {"Path": path},
        {"Function": {"path_id": 0, "line": 1, "name": "<toplevel>"}},
        {"Call": {"function_id": 0, "args": []}},
        step,
        {"Function": {"path_id": 0, "line": 1, "name": "<module>"}},
        {"Call": {"function_id": 1, "args": []}},
        step,
    ]
    assert json.loads((recorded.trace / "trace_paths.json").read_bytes()) == [path]


CODE = "def f(a):\n    return a\nprint(f(2))\n"


def test_code(record: Record, snapshot: SnapshotAssertion) -> None:
    assert beside(CODE, both(record, "-c", CODE)) == snapshot


def test_code_that_gets_the_address_of_the_programs(folder: Path, record: Record) -> None:
    """Of what comes by standard input the code objects are known by where they lie."""
    methods = "".join(f"    def m{n}(a):\n        b = a + 1\n        return b\n" for n in range(4))
    program = f"""
import atexit
class A:
{methods}
def end():
    for _ in range(30):
        names = {{"__name__": "other"}}
        exec(compile("def foreign(a):\\n    b = a + 1\\n    return b\\nforeign(1)\\n", "/usr/lib/x.py", "exec"), names)
        kept.append(names)
kept = []
atexit.register(end)
del A
"""
    recorded = record("-", stdin=program)
    assert not [line for line in recorded.dump() if "foreign" in line and "call" in line]


def test_the_prompt_behind_a_program_that_does_not_compile(record: Record, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-i", "-m", "codetracer_python_recorder", "--trace-dir", "t", "-c", "x = ="],
        input="typed = 1\n",
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert "nothing was recorded: -c could not be run" in done.stderr, done.stderr


def test_standard_input(record: Record, snapshot: SnapshotAssertion) -> None:
    assert beside(CODE, both(record, "-", stdin=CODE)) == snapshot


@pytest.fixture
def package(folder: Path) -> Path:
    (folder / "pkg").mkdir()
    (folder / "pkg" / "__init__.py").write_text("")
    (folder / "pkg" / "__main__.py").write_text("from pkg import lib\nbefore = 1\nfor i in range(2):\n    lib.f(i)\n")
    (folder / "pkg" / "lib.py").write_text("def f(a):\n    b = a\n    return b\n")
    return folder / "pkg"


def test_a_module(package: Path, record: Record, snapshot: SnapshotAssertion) -> None:
    assert both(record, "-m", "pkg") == snapshot


def test_activation_by_another_file(package: Path, record: Record, snapshot: SnapshotAssertion) -> None:
    """From the first entry to the end, with the frame that is already there as an open call."""
    assert both(record, "-m", "pkg", options=["--activation-path", "pkg/lib.py"]) == snapshot


def test_activation_while_another_thread_runs(folder: Path, record: Record) -> None:
    """Its frames go on as the activating thread's do, though nothing of it calls anything that is recorded."""
    (folder / "begins.py").write_text("begun = True\n")
    (folder / "p.py").write_text("""
import _thread, sys
def runs(acquire, release, write):
    release()
    acquire()
    first = 1
    write("told by the thread")
    last = 2
    ended()
here, there, end = _thread.allocate_lock(), _thread.allocate_lock(), _thread.allocate_lock()
ended = end.release
for lock in (here, there, end): lock.acquire()
_thread.start_new_thread(runs, (here.acquire, there.release, sys.stdout.write))
there.acquire()
import begins
here.release()
end.acquire()
""")
    lines = [line.strip() for line in record("p.py", options=["--activation-path", "begins.py"]).dump()]
    thread = lines[next(n for n, line in enumerate(lines) if line.startswith("call runs(")) :]
    assert {"last = 2", "stdout 'told by the thread'"} <= set(thread), lines


def test_threads(folder: Path, record: Record) -> None:
    program = """
        import threading
        def work(n):
            total = 0
            for i in range(n):
                total += i
            return total
        threads = [threading.Thread(target=work, args=(3,), name=f"w{n}") for n in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """
    (folder / "p.py").write_text(dedent(program), encoding="utf-8")
    lines = story(record("p.py"))
    roots = [at for at, line in enumerate(lines) if line.startswith("call ")]
    # A thread may take the place of one that has ended, so the order is not that of their start.
    assert lines[roots[0]] == "call <toplevel>()"
    assert {lines[at] for at in roots[1:]} == {f"call <thread w{n}>()" for n in range(3)} and len(roots) == 4
    own = [lines[at + 1 :] for at in roots[1:]]
    own = [part[: part.index("  return None") + 1] for part in own]
    assert own[0] == own[1] == own[2]
    assert own[0][0] == "  step p.py:2 | def work(n):" and own[0][1] == "  call work(n=3)"
    assert "    return 3" in own[0]


def test_signal_handlers(folder: Path, record: Record, plain: Plain) -> None:
    program = """
        import os, signal
        def handler(number, frame):
            print("handled", number)
        signal.signal(signal.SIGUSR1, handler)
        os.kill(os.getpid(), signal.SIGUSR1)
        print("on")
    """
    (folder / "p.py").write_text(dedent(program), encoding="utf-8")
    lines = [line.strip() for line in story(record("p.py"))]
    assert "call handler(number=10, frame=<frame>)" in lines


@pytest.mark.parametrize("stream", ["stdout", "stderr", "stdin"])
def test_a_stream_that_is_not_captured(stream: str, folder: Path, record: Record) -> None:
    """Nothing of it is told, whichever layer is called; the others are."""
    (folder / "p.py").write_text("""
import os, sys
print(input("one "), sys.stdin.readline(), os.read(0, 4), flush=True)
os.write(1, b"two\\n")
print("three", file=sys.stderr)
class Own:
    def readline(self): return "four\\n"
sys.stdin = Own()
input()
""")
    recorded = record("p.py", options=["--config", f"capture.{stream} = false"], stdin="1\n2\n")
    told = {line.split()[0] for line in story(recorded) if line.split()[0].startswith("std")}
    assert told == {"stdout", "stderr", "stdin"} - {stream}
