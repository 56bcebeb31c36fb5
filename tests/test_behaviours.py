"""Owns: that a recorded program runs as it does alone, and that its trace then holds what it must.

Must not: state dumps in full (test_trace does), or test what the program finds at its start (test_runner does).
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Plain, Record, Recorded
from tests.traces import checked

OURS = "codetracer-python-recorder: "


class Same:
    """Runs a program plain and recorded: output and exit status must be equal."""

    def __init__(self, folder: Path, plain: Plain, record: Record) -> None:
        self.folder, self.plain, self.record = folder, plain, record

    def __call__(self, program: str, *arguments: str, stdin: str = "", options: list[str] | None = None) -> Recorded:
        lines = program.strip("\n").split("\n")
        margin = len(lines[0]) - len(lines[0].lstrip())
        text = "\n".join(line[margin:] for line in lines) + "\n"
        (self.folder / "p.py").write_text(text, encoding="utf-8")
        expected = self.plain("p.py", *arguments, stdin=stdin)
        recorded = self.record("p.py", *arguments, stdin=stdin, options=options)
        assert recorded.done.stdout == expected.stdout
        said = recorded.done.stderr.splitlines(keepends=True)
        assert "".join(line for line in said if not line.startswith(OURS)) == expected.stderr
        assert recorded.done.returncode == expected.returncode
        return recorded


@pytest.fixture
def same(folder: Path, plain: Plain, record: Record) -> Same:
    return Same(folder, plain, record)


def roots(recorded: Recorded) -> list[str]:
    """The root calls of a trace; every call must be balanced, within its own root."""
    found, depth = [], 0
    for line in recorded.dump("--json"):
        event: dict[str, Any] = json.loads(line)
        if event["record"] == "call":
            if depth == 0:
                found.append(event["function"])
            depth += 1
        elif event["record"] == "return":
            depth -= 1
            assert depth >= 0
    assert depth == 0
    return found


def lines(recorded: Recorded) -> list[str]:
    return [line.strip() for line in recorded.dump() if not line.startswith("#")]


# threads and tasks


def test_busy_threads(same: Same) -> None:
    recorded = same("""
        import asyncio, threading
        from concurrent.futures import ThreadPoolExecutor
        def work(n):
            total = 0
            for i in range(n):
                total += i
            return total
        threads = [threading.Thread(target=work, args=(2000,), name=f"w{n}") for n in range(2)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        with ThreadPoolExecutor(2, "pool") as pool:
            print(list(pool.map(work, range(5))))
        async def main():
            return await asyncio.to_thread(work, 5)
        print(asyncio.run(main()))
    """)
    found = roots(recorded)
    assert found[0] == "<toplevel>"
    assert {"<thread w0>", "<thread w1>", "<thread pool_0>", "<thread asyncio_0>"} <= set(found)
    assert sum(line.startswith("call work(") for line in lines(recorded)) == 2 + 5 + 1


def test_a_daemon_thread_that_is_busy_at_the_end(same: Same) -> None:
    recorded = same("""
        import threading, time
        def spin():
            while True:
                x = 1
        threading.Thread(target=spin, daemon=True, name="D").start()
        time.sleep(0.05)
        print("end")
    """)
    assert roots(recorded) == ["<toplevel>", "<thread D>"]


def test_what_runs_after_the_main_module(same: Same) -> None:
    recorded = same("""
        import atexit, threading, time
        def bye(n):
            print("bye", n)
        atexit.register(bye, 5)
        def late():
            time.sleep(0.1)
            found = 7
            print("late", found)
        threading.Thread(target=late, name="L").start()
        print("main done")
    """)
    assert roots(recorded) == ["<toplevel>", "<thread L>"]
    assert {"call bye(n=5)", "found = 7"} <= set(lines(recorded))


def test_raw_threads_and_errors_in_threads(same: Same) -> None:
    recorded = same("""
        import _thread, sys, threading, time
        done = []
        def raw(): done.append(1)
        _thread.start_new_thread(raw, ())
        while not done: time.sleep(0.01)
        def bad(): raise ValueError("in thread")
        threading.excepthook = lambda args: print(args.exc_type)
        thread = threading.Thread(target=bad, name="bad")
        thread.start(); thread.join()
        threading.stack_size(32768 if sys.version_info < (3, 14) else 262144)  # of which it keeps a part free
        deep = [[[{"a": [i] * 5} for i in range(60)]]]
        def small(n, value): return small(n - 1, value) if n else 0
        thread = threading.Thread(target=small, args=(20, deep), name="small")
        thread.start(); thread.join()
    """)
    assert len(roots(recorded)) == 4
    assert "raise ValueError: in thread" in lines(recorded)


def test_values_that_other_threads_change(same: Same) -> None:
    same("""
        import sys, threading
        sys.setswitchinterval(1e-6)
        d, l, stop = {}, [], False
        class O: pass
        o = O()
        def change():
            i = 0
            while not stop:
                d[i % 97] = [i]; d.pop(i * 7 % 97, None); l.append(i); del l[30:]
                setattr(o, f"a{i % 20}", l); o.__dict__.pop(f"a{i * 3 % 20}", None)
                i += 1
        threads = [threading.Thread(target=change) for _ in range(2)]
        for thread in threads: thread.start()
        def look(a, b, c):
            for i in range(300):
                seen = i
        look(d, l, o)
        stop = True
        for thread in threads: thread.join()
        print("ok")
    """)


def test_tasks(same: Same) -> None:
    recorded = same("""
        import asyncio
        async def leaf(n):
            await asyncio.sleep(0)
            if n > 3: raise ValueError(n)
            return n
        async def numbers():
            try:
                while True:
                    yield 1
            finally:
                print("closed")
        async def main():
            print(await asyncio.gather(leaf(1), leaf(2)))
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(leaf(3)); group.create_task(leaf(4))
            except* ValueError as errors:
                print(len(errors.exceptions))
            it = numbers()
            await anext(it)
            await it.aclose()
            task = asyncio.create_task(asyncio.sleep(10))
            await asyncio.sleep(0)
            task.cancel()
            try: await task
            except asyncio.CancelledError: print("cancelled")
            try:
                async with asyncio.timeout(0.01): await asyncio.sleep(10)
            except TimeoutError: print("late")
        asyncio.run(main())
    """)
    assert roots(recorded) == ["<toplevel>"]


# values


def test_containers_that_hold_themselves(same: Same) -> None:
    recorded = same("""
        def f():
            d = {}; d["self"] = d
            l = [1]; l.append(l)
            g = globals()
            own = locals(); own["own"] = own
            return l
        f()
    """)
    found = lines(recorded)
    assert "d = {'self': <cycle dict>}" in found and "l = [1, <cycle list>]" in found


def test_deep_nesting(same: Same) -> None:
    recorded = same(
        """
        import sys
        class Node: pass
        exec('''def build():
            l, t, d, n = [], (), {}, Node()
            for i in range(60000):
                l, t, d = [l], (t,), {1: d}
                o = Node(); o.n = n; n = o
            return l, t, d, n''')
        values = build()
        def use(a, b, c, d): return d
        use(*values)
        sys.setrecursionlimit(50000)
        def down(k, value):
            return down(k - 1, value) if k else value
        down(3000, values[:1])
        depth = 0
        def over():
            global depth
            depth += 1
            over()
        sys.setrecursionlimit(500)
        try: over()
        except RecursionError as error: print(depth, error)
    """,
        options=["--config", "limits = { depth = 0, value-bytes = 2000 }"],
    )
    assert roots(recorded) == ["<toplevel>"]


LITTLE_LEFT = """
import time
from collections import deque

MANY = 1_000_000

def lines(held, change):
    begun = time.perf_counter()
    for number in range(300):
        change(number)
    return time.perf_counter() - begun

few = dict.fromkeys(range(10))
left = dict.fromkeys(range(MANY))
deque(map(left.pop, range(MANY - 10)), maxlen=0)
print(lines(left, lambda number: left.update({MANY: number})) / lines(few, lambda number: few.update({10: number})))
few = set(range(10))
left = set(range(MANY))
deque(map(left.discard, range(MANY - 10)), maxlen=0)
print(lines(left, left.discard) / lines(few, lambda _: few.symmetric_difference_update({1})))

def show(far, some):
    return None

show(set(range(200_000, 250_000)), left)
"""


def test_little_that_is_left_of_much(folder: Path, record: Record, form: str) -> None:
    """It is looked for no longer than many items take, but in every part of the place that there was for them."""
    (folder / "program.py").write_text(LITTLE_LEFT)
    recorded = record("program.py", options=["--format", form])
    assert recorded.done.returncode == 0, recorded.done.stderr
    assert all(float(times) < 60 for times in recorded.done.stdout.split()), recorded.done.stdout
    call = next(line for line in recorded.dump() if line.strip().startswith("call show("))
    assert re.fullmatch(r"\s+call show\(far=\{(2\d{5}, ){20}… 49980 more\}, some=\{… 10 more\}\)", call), call


def test_big_values(same: Same) -> None:
    start = time.monotonic()
    recorded = same("""
        def f(numbers, text, huge, data, mapping, members):
            total = 0
            for i in range(200):
                total += i
            return huge
        f(list(range(1000000)), "x" * 100_000_000, 10 ** 10000, bytes(50_000_000),
          dict.fromkeys(range(1000000)), set(range(1000000)))
    """)
    assert time.monotonic() - start < 30
    assert sum(path.stat().st_size for path in recorded.trace.iterdir()) < 5_000_000
    text = "\n".join(lines(recorded))
    for mark in ("… 999980 more", "… (+99999800 chars)", "<int of 33220 bits>", "… (+49999800 bytes)"):
        assert mark in text


def test_long_names(same: Same) -> None:
    start = time.monotonic()
    recorded = same("""
        password = "correct-horse-battery-staple"
        class Held: pass
        def work(): pass
        def told(): pass
        work.__qualname__ = "n" * 10_000_000
        told.__qualname__ = "n" * 190 + "correct-horse-battery-staple"
        def f(held, told):
            for i in range(5000):
                held.i = i
        Held.work = work
        held = Held()
        held.bound = held.work
        f(held, told)
    """)
    assert time.monotonic() - start < 30
    text = "\n".join(line for line in lines(recorded) if "<function" in line)
    assert f"<function {'n' * 200}… (+9999800 chars)>" in text
    assert f"<function {'n' * 190}<redacted:" in text and "correct-h" not in text


EVIL = """
import collections, dataclasses, datetime, decimal, enum, pathlib, sys
def loud(name):
    def method(self, *args, **named):
        sys.__stdout__.write(f"CALLED {name}\\n")
        return 0
    return method
NAMES = '''repr str eq hash len index int float bool iter next getattr getattribute getitem contains format reduce
    reduce_ex sizeof dir get bytes fspath complex length_hint enter exit missing call instancecheck'''.split()
def evil(*bases, keep=(), **more):
    names = {f"__{name}__": loud(name) for name in NAMES if name not in keep}
    for name in ("items", "keys", "values", "isoformat", "args", "shape", "dtype", "name", "value"):
        names[name] = property(loud(name))
    return type("Evil", bases, names | more)
class Lie:
    __class__ = property(lambda self: sys.__stdout__.write("CALLED class\\n") and int)
class Meta(type):
    def __getattribute__(cls, name):
        if name != "__dict__": sys.__stdout__.write(f"CALLED meta {name}\\n")
        return type.__getattribute__(cls, name)
    def __repr__(cls): sys.__stdout__.write("CALLED meta repr\\n"); return ""
    def __instancecheck__(cls, other): sys.__stdout__.write("CALLED meta instance\\n")
class ByMeta(metaclass=Meta): pass
class Descriptor:
    def __get__(self, instance, owner): sys.__stdout__.write("CALLED get\\n")
    def __set__(self, instance, value): sys.__stdout__.write("CALLED set\\n")
class Described:
    d = Descriptor()
class Slotted:
    __slots__ = ("a", "b")
    def __getattribute__(self, name): sys.__stdout__.write("CALLED slot\\n")
Slotted.a.__set__(slotted := object.__new__(Slotted), 5)
class Colour(enum.Enum):
    RED = 1
    __repr__ = __str__ = __hash__ = __eq__ = loud("enum")
@dataclasses.dataclass
class Data:
    a: int = 1
    __getattribute__ = loud("data")
bad_key = evil(str, keep=("hash", "eq", "getattribute"))("key")
values = [object.__new__(evil(object)), object.__new__(Lie), ByMeta(), Described(), slotted, Colour.RED, Data()]
for base, args in [(list, ([1],)), (dict, ({1: 2},)), (tuple, ((1,),)), (set, ({1},)), (str, ("s",)), (bytes, (b"b",)),
                   (int, (5,)), (float, (1.5,)), (complex, (1j,)), (bytearray, (b"c",)), (Exception, ("e",)),
                   (KeyError, ("k",)), (OSError, (2, "no")), (collections.deque, ([1],)), (collections.OrderedDict, ()),
                   (collections.defaultdict, (list,)), (collections.Counter, ("a",)), (decimal.Decimal, ("1.5",)),
                   (datetime.datetime, (2020, 1, 2)), (datetime.timedelta, (1,)), (pathlib.PurePosixPath, ("a",))]:
    values.append(evil(base, keep=("getattribute", "getattr"))(*args))
for name, module in (("ndarray", "numpy"), ("DataFrame", "pandas.core.frame"), ("Tensor", "torch")):
    values.append(object.__new__(evil(object, keep=("getattribute",), __module__=module)))
    type(values[-1]).__name__ = type(values[-1]).__qualname__ = name
def holder():
    holds = object.__new__(Described)
    holds.__dict__.update({"d": 1, bad_key: 2, 5: 3})
    return holds
holds = holder()
def go(value, wrapped, held):
    again = value
    return again
sys.stdout.write("-- begin\\n")
for value in values:
    go(value, [value, (value,)], {"v": value})
go(holds, [holds], None)
def fails(error): raise error
class Broken(Exception):
    __str__ = __repr__ = loud("error")
try: fails(Broken("x"))
except Broken: pass
sys.stdout.write("-- end\\n")
sys.stdout.flush()
import os
os._exit(0)
"""


def test_nothing_of_an_object_is_called(same: Same) -> None:
    recorded = same(EVIL)
    said = recorded.done.stdout
    assert said[said.index("-- begin") :] == "-- begin\n-- end\n"


def test_odd_names_and_namespaces(same: Same) -> None:
    same("""
        globals()["not an id"] = 1
        globals()["\\ud800"] = 2
        globals()[5] = 7
        class Names(dict):
            def __getitem__(self, name): return 42 if name == "magic" else dict.__getitem__(self, name)
        class Meta(type):
            @classmethod
            def __prepare__(cls, name, bases): return Names()
            def __new__(cls, name, bases, names): return type.__new__(cls, name, bases, dict(names))
        class A(metaclass=Meta):
            x = magic
            y = x
        class Map:
            def __init__(self): self.d = {}
            def __getitem__(self, name): print("get", name); return self.d[name]
            def __setitem__(self, name, value): print("set", name); self.d[name] = value
        code = compile("q = 1\\nw = q + 1\\nfor i in range(2): pass\\n", __file__, "exec")
        m = Map()
        exec(code, {}, m)
        exec(code, {"__builtins__": {"range": range}})
        function = type(lambda: 0)(code, {})
        def renamed(a): return a
        renamed.__name__ = "\\udc80"
        renamed.__code__ = renamed.__code__.replace(co_name="new name\\n")
        renamed(A)
        print(A.y, m.d["w"])
        exec(compile("\\n" * 500 + "z = 1\\n", __file__, "exec"))
    """)


# how it ends

ENDS = {
    "status": "import sys; sys.exit(3)",
    "text": "import sys; sys.exit('text')",
    "none": "import sys; sys.exit(None)",
    "error": "def f(): 1 / 0\nf()",
    "chain": "try: 1 / 0\nexcept ZeroDivisionError as e: raise KeyError(1) from e",
    "group": "raise ExceptionGroup('g', [ValueError(1)])",
    "SIGINT": "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)",
    "handled": "import signal, os, sys\nsignal.signal(15, lambda *a: sys.exit(4))\nos.kill(os.getpid(), 15)",
    "base": "class B(BaseException): pass\nraise B('x')",
    "hook": "import sys\nsys.excepthook = lambda *a: print('hook', a[0])\n1 / 0",
    "atexit": "import atexit\natexit.register(int, 'x')",
    "generator": "def g():\n    try: yield\n    finally: print('last')\nit = g(); next(it)",
}


@pytest.mark.parametrize("how", ENDS)
def test_an_end(same: Same, how: str) -> None:
    recorded = same(ENDS[how])
    assert recorded.metadata()["status"] == "complete"
    assert recorded.metadata()["exit_status"] == recorded.done.returncode % 256 or how == "SIGINT"
    assert recorded.metadata()["ended"] >= recorded.metadata()["started"]
    assert roots(recorded)[0] == "<toplevel>"


STOPS = {
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)",
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
    "crash": "ctypes.string_at(0)",
    "abort": "os.abort()",
}


@pytest.mark.parametrize("how", STOPS)
@pytest.mark.parametrize("seconds", [0, 0.6])
def test_a_sudden_end(same: Same, form: str, how: str, seconds: float) -> None:
    """What lies on disk loads, has a step at least, and holds all that is older than a quarter of a second."""
    recorded = same(
        f"""
        import ctypes, os, signal, time
        early = 41
        print("x", flush=True)
        time.sleep({seconds})
        {STOPS[how]}
    """,
        options=["--format", form],
    )
    assert recorded.metadata()["status"] != "complete"
    if form == "json":
        json.loads((recorded.trace / "trace.json").read_bytes())
    found = [line.strip() for line in recorded.partial_dump()]
    assert found[-1].startswith("partial: ") and "torn" not in found[-1]
    assert any(line.startswith("step ") for line in found)
    if seconds:
        assert "early = 41" in found and "stdout 'x\\n'" in found


def test_an_exit_at_once_completes_the_trace(same: Same, form: str) -> None:
    recorded = same("import os\nearly = 41\nprint('x', flush=True)\nos._exit(7)\n", options=["--format", form])
    trace = checked(recorded.trace)
    assert (trace.metadata["status"], trace.metadata["exit_status"]) == ("complete", 7)


LAST = {
    "exit": ("leave=os._exit", "leave(5)", 5),
    "abort": ("leave=os.abort", "leave()", -signal.SIGABRT),
    "kill": ("leave=os.kill, pid=os.getpid()", "leave(pid, 9)", -signal.SIGKILL),
    "exec": ("leave=os.execv", "leave('/bin/true', ['true'])", 0),
}
LINES = "        texts\n" * 100


@pytest.mark.parametrize("how", LAST)
def test_an_end_while_the_interpreter_ends(same: Same, form: str, how: str) -> None:
    """What is recorded is in the files before the interpreter puts the program's objects away: that may go wrong."""
    given, last, status = LAST[how]
    recorded = same(
        f"""
import os
class Last:
    def __del__(self, {given}):
        {last}
kept = Last()
def work(texts):
    while texts.pop():
{LINES}
work([False] + ["x" * 90] * 200)
last = 1
""",
        options=["--format", form],
    )
    trace = checked(recorded.trace)
    assert (recorded.done.returncode, trace.metadata["status"]) == (status, "complete")
    assert "last = 1" in [line.strip() for line in recorded.dump()[-4:]]


def test_a_signal_from_outside(folder: Path, plain: Plain) -> None:
    program = """
import time
try:
    print('ready', flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print('stopped')
"""
    (folder / "p.py").write_text(program)
    command = [sys.executable, "-m", "codetracer_python_recorder", "p.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30)[0] == "stopped\n"
    assert process.returncode == 0


# the trace folder


def test_an_older_trace(same: Same) -> None:
    same("old = 1", options=["--format", "json"])
    recorded = same("new = 1", options=["--format", "binary"])
    assert sorted(os.listdir(recorded.trace)) == ["trace.bin", "trace_metadata.json", "trace_paths.json"]
    assert "old = 1" not in lines(recorded)


def test_a_folder_that_is_in_use(folder: Path, record: Record, plain: Plain) -> None:
    (folder / "long.py").write_text("print('ready', flush=True)\nx = 1\ninput()\n")
    (folder / "p.py").write_text("y = 1\n")
    command = [sys.executable, "-m", "codetracer_python_recorder", "--trace-dir", "trace-out", "long.py"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        done = record("p.py").done
        assert done.returncode == 2 and str(process.pid) in done.stderr
        process.communicate("\n", timeout=30)
    assert "x = 1" in lines(Recorded(done, folder / "trace-out", plain))


def test_a_relative_folder_and_chdir(same: Same, folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    recorded = same("import os\nos.chdir('elsewhere')\nx = 1", options=["--trace-dir", "relative"])
    assert not os.listdir(folder / "elsewhere")
    recorded.trace = folder / "relative"
    assert "x = 1" in lines(recorded)


def test_a_folder_that_goes_away(same: Same, folder: Path) -> None:
    recorded = same("""
        import os, shutil, sys, time
        if os.path.isdir("trace-out"): shutil.rmtree("trace-out")
        time.sleep(0.5)
        def f(a): return a
        for i in range(1000): f(i)
        print("on")
        sys.exit(5)
    """)
    assert recorded.done.stderr.count("\n") == 1 and "recording stopped" in recorded.done.stderr
    assert not recorded.trace.exists()


# other processes, other tools


def test_fork(same: Same) -> None:
    recorded = same("""
        import os, sys
        def leaf(n):
            own = n
            return own
        for i in range(2):
            pid = os.fork()
            if pid == 0:
                leaf(i)
                print("child", i, flush=True)
                sys.exit(i)
            print(os.waitpid(pid, 0)[1] >> 8, flush=True)
        leaf(9)
    """)
    found = lines(recorded)
    assert [line for line in found if line.startswith("call leaf")] == ["call leaf(n=9)"]
    assert "stdout 'child 0\\n'" not in found
    assert recorded.metadata()["status"] == "complete"


def test_multiprocessing_and_subprocess(same: Same) -> None:
    recorded = same("""
        import multiprocessing, subprocess, sys
        def square(x):
            return x * x
        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    print(method, pool.map(square, [1, 2, 3]))
            print(subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout)
    """)
    assert recorded.metadata()["status"] == "complete"


def test_other_tools(same: Same) -> None:
    recorded = same("""
        import sys
        seen = []
        def trace(frame, event, argument):
            if frame.f_code.co_name == "f": seen.append((event, frame.f_lineno))
            return trace
        def f():
            a = 1
            return a
        sys.settrace(trace); f(); sys.settrace(None)
        sys.setprofile(lambda frame, event, argument: seen.append(event) if frame.f_code is f.__code__ else None)
        f(); sys.setprofile(None)
        m = sys.monitoring
        m.use_tool_id(2, "other")
        def line(code, number):
            seen.append(number)
            return m.DISABLE
        m.register_callback(2, m.events.LINE, line)
        m.set_events(2, m.events.LINE)
        f(); f()
        m.restart_events()
        f()
        m.set_events(2, 0)
        f()
        m.free_tool_id(2)
        print(seen, sys.gettrace(), sys.getprofile())
    """)
    assert sum(line == "call f()" for line in lines(recorded)) == 6


def test_a_debugger(same: Same) -> None:
    program = """
        import pdb
        def f():
            a = 1
            b = 2
            return b
        pdb.Pdb().runcall(f)
    """
    recorded = same(program, stdin="n\np a\nc\n")
    assert "call f()" in lines(recorded)


def test_object_lifetime(same: Same) -> None:
    same("""
        import gc, sys, weakref
        gc.disable()
        class A:
            def __init__(self, n): self.n = n
            def __del__(self): print("del", self.n)
        def f():
            a = A(1)
            w = weakref.ref(a)
            print(sys.getrefcount(a), weakref.getweakrefcount(a))
            b = [a]
            print(sys.getrefcount(a))
            del a, b
            print(w())
        f()
        x = object()
        def g(value): return value
        print(sys.getrefcount(x), sys.getrefcount(g), sys.getrefcount(g.__code__))
        for i in range(3): g(x)
        print(sys.getrefcount(x), sys.getrefcount(g), sys.getrefcount(g.__code__))
        def cycle():
            a = A(2); a.me = a
        cycle()
        print(gc.collect() > 0, gc.garbage, gc.isenabled(), gc.get_threshold())
        def caught():
            try: raise ValueError
            except ValueError as error: return sys.getrefcount(error)
        print(caught())
        it = (A(n) for n in (3,))
        next(it)
        del it
        kept = A(4)
    """)


def test_the_stack(same: Same) -> None:
    same("""
        import inspect, sys
        print(len(inspect.stack()), sys._getframe().f_back, len(sys._current_frames()))
        depth = 0
        def over():
            global depth
            depth += 1
            over()
        try: over()
        except RecursionError as error: print(depth, error)
        class R:
            def __getattr__(self, name): return getattr(self, name + "x")
        try: R().a
        except RecursionError: print("deep")
    """)


# streams


def test_the_streams_are_the_programs_own(same: Same) -> None:
    recorded = same(
        """
        import contextlib, io, os, sys
        out = sys.stdout
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            print(type(stream), repr(stream), stream.isatty(), stream.encoding, stream.errors, stream.line_buffering)
            print(type(stream.buffer), stream.fileno(), isinstance(stream, io.TextIOBase), stream.newlines)
        print(sys.stdout is sys.__stdout__, sys.stdout.write.__self__ is sys.stdout, sys.displayhook)
        sys.stdout.attribute = 1
        print(input("prompt "), sys.stdin.readline(), next(sys.stdin), sys.stdin.buffer.read())
        with contextlib.redirect_stdout(io.StringIO()) as text:
            print("hidden")
        try: print("\\ud800")
        except UnicodeEncodeError as error: print(error)
        sys.stdout.writelines(["a\\n", "b\\n"])
        sys.stdout.flush()
        os.write(1, b"bytes\\n")
        sys.stdout = open(1, "w", closefd=False)
        print("new")
        sys.stdout.flush()
        sys.stdout = out
        sys.stdout.reconfigure(encoding="latin-1")
        print("caf\\u00e9".encode("latin-1").decode("latin-1").isascii())
        raw = sys.stdout.detach()
        raw.write(b"detached\\n")
        raw.flush()
        """,
        stdin="one\ntwo\nthree\nfour\n",
    )
    found = lines(recorded)
    for text in ("prompt ", "bytes\\n", "new\\n", "detached\\n"):
        assert f"stdout '{text}'" in found
    assert "stdout 'hidden\\n'" not in found


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full", "<&-", "2>&-", "| head -1"])
def test_streams_that_fail(folder: Path, redirection: str) -> None:
    if "full" in redirection:
        assert os.path.exists("/dev/full")
    (folder / "p.py").write_text("import sys\nfor i in range(9): print(i)\nprint(sys.stdin is None)\n")
    results = []
    for program in (sys.executable, f"{sys.executable} -m codetracer_python_recorder"):
        done = subprocess.run(f"{program} p.py {redirection}", shell=True, capture_output=True, text=True, timeout=60)
        results.append((done.stdout, done.stderr, done.returncode))
    assert results[0] == results[1]


# sources

SOURCES = {
    "empty": b"",
    "only a comment": b"# nothing",
    "latin-1": b"# -*- coding: latin-1 -*-\nx = 'caf\xe9'\nprint(ascii(x))\n1 / 0\n",
    "byte order mark": b"\xef\xbb\xbfx = 1\nprint(x)\n",
    "carriage returns": b"x = 1\r\ny = 2\r\nprint(x + y)\r\n",
    "form feed": b"x = 1\n\x0cy = 2\nprint(x)\n",
    "no last newline": b"print(1)",
    "long line": b"x = [" + b"1, " * 20000 + b"]\nprint(len(x))\n",
    "syntax error": b"x = 1\ndef f(:\n",
    "bad encoding": b"x = '\xff'\n",
    "null byte": b"x = 1\x00\n",
}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("name", ["p.py", "caf\udce9.py"])
def test_a_source(folder: Path, plain: Plain, record: Record, kind: str, name: str) -> None:
    (folder / name).write_bytes(SOURCES[kind])
    expected, recorded = plain(name), record(name, options=["--format", "json"])
    assert recorded.done.stdout == expected.stdout
    assert recorded.done.stderr.startswith(expected.stderr)
    assert recorded.done.returncode == expected.returncode
    json.loads((recorded.trace / "trace.json").read_bytes())
    assert any(line.startswith("step") for line in lines(recorded))


def test_a_script_by_a_link_from_another_folder(folder: Path, plain: Plain, record: Record) -> None:
    (folder / "app").mkdir()
    (folder / "app" / "beside.py").write_text("value = 41\n")
    (folder / "app" / "p.py").write_text("import beside\nown = beside.value\nprint(own)\n")
    (folder / "bin").mkdir()
    (folder / "bin" / "link.py").symlink_to("../app/p.py")
    recorded = record("bin/link.py", "--format", "x", "-h", "--trace-dir", "y")
    assert recorded.done.stdout == plain("bin/link.py").stdout == "41\n"
    assert "own = 41" in lines(recorded)


@pytest.mark.parametrize("option", ["--exclude=**", "--include=nothing/**"])
def test_everything_is_skipped(same: Same, option: str) -> None:
    recorded = same("print(1)", options=[option])
    said = recorded.done.stderr
    assert said.startswith(OURS + "nothing was recorded: ") and option.partition("=")[0] in said
    assert said.count("\n") == 1
    assert roots(recorded) == ["<toplevel>"]


def test_a_trace_that_is_large_enough(folder: Path, record: Record, form: str) -> None:
    """Beyond `limits.trace-bytes` there are no values of the program, beyond twice as much no lines; calls go on."""
    (folder / "program.py").write_text("""
def numbers(text):
    for number in range(400):
        got = yield ["a value", text]
def double(text):
    return text * 2
generator = numbers("a text")
next(generator)
for number in range(400):
    double("a text")
    try:
        generator.send("a text")
    except StopIteration:
        pass
""")
    recorded = record("program.py", options=["--format", form, "--config", "limits.trace-bytes = 60_000"])
    events = checked(recorded.trace).events
    late = events[-1000:]
    names = [event.name for event in late]
    assert (
        "Value" not in names and abs(names.count("Step") - names.count("Call")) <= 1
    )  # each call has the step that it needs
    assert sum(event.name == "Call" for event in events) == 2 + 1 + 800
    assert "a text" not in str(late) and "a text" in str(events[:1000])
    assert recorded.metadata()["limits_reached"] == ["limits.trace-bytes"]
