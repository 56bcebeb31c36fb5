"""Owns: start, stop, flush, is_tracing and trace, as a program uses them. Must not: test how values are recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Plain

Run = Callable[[str], str]

HEAD = """
import json, os, sys
import codetracer_python_recorder as ct
def work(n):
    total = 0
    for i in range(n):
        total += i
    return total
def events(folder):
    with open(os.path.join(folder, "trace.json")) as file:
        return json.load(file)
def calls(folder):
    names = [e["Function"]["name"] for e in events(folder) if "Function" in e]
    return [names[e["Call"]["function_id"]] for e in events(folder) if "Call" in e]
def values(folder):
    names = [e["VariableName"] for e in events(folder) if "VariableName" in e]
    return {names[e["Value"]["variable_id"]] for e in events(folder) if "Value" in e}
def armed():
    m = sys.monitoring
    return [m.get_tool(n) for n in range(6) if m.get_tool(n)]
"""


@pytest.fixture
def run(folder: Path, plain: Plain) -> Run:
    def run(program: str) -> str:
        (folder / "p.py").write_text(HEAD + program)
        done = plain("p.py")
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


def test_start_and_stop(run: Run) -> None:
    program = """
session = ct.start("out", format="json")
assert ct.is_tracing() and session.trace_dir == os.path.abspath("out")
work(2)
ct.flush()
with open("out/trace.json") as file: assert '"name":"work"' in file.read()
session.flush()
ct.stop()
ct.stop(); session.stop(); session.flush(); ct.flush()
assert not ct.is_tracing() and not armed()
assert json.load(open("out/trace_metadata.json"))["status"] == "complete"
print(calls("out"))
"""
    assert run(program) == "['<toplevel>', '<module>', 'work']\n"


def test_the_context_manager(run: Run) -> None:
    program = """
with ct.trace("out", format="json") as session:
    work(1)
    assert ct.is_tracing() and isinstance(session, ct.TraceSession)
assert not ct.is_tracing()
try:
    with ct.trace("failed", format="json"):
        raise KeyError("mine")
except KeyError:
    pass
assert not ct.is_tracing() and not armed()
print(calls("out"), calls("failed"))
"""
    assert run(program) == "['<toplevel>', '<module>', 'work'] ['<toplevel>', '<module>']\n"


def test_the_decorator(run: Run) -> None:
    program = """
import asyncio
@ct.trace("plain", format="json")
def plain(a, *, b=1): return work(a) + b
assert (plain(3), plain(4, b=2), plain.__name__) == (4, 8, "plain")
@ct.trace("again", format="json")
def again(n): return again(n - 1) + 1 if n else 0
assert again(2) == 2 and calls("again").count("again") == 3
@ct.trace("generator", format="json")
def generator():
    sent = yield 1
    yield sent
it = generator()
assert not ct.is_tracing() and next(it) == 1 and ct.is_tracing() and it.send(5) == 5
it.close()
assert not ct.is_tracing()
@ct.trace("coroutine", format="json")
async def coroutine(a):
    await asyncio.sleep(0)
    return a
assert asyncio.run(coroutine(7)) == 7 and "coroutine" in calls("coroutine")
@ct.trace("numbers", format="json")
async def numbers():
    for i in range(2): yield i
async def main(): return [i async for i in numbers()]
assert asyncio.run(main()) == [0, 1]
assert not ct.is_tracing() and not armed()
print("plain" in calls("plain"), "work" in calls("plain"))
"""
    assert run(program) == "True True\n"


def test_a_second_start(run: Run) -> None:
    program = """
with ct.trace("out", format="json"):
    try:
        ct.start("other")
    except ct.SessionError as error:
        print(error)
    assert ct.is_tracing()
    work(1)
assert "work" in calls("out") and not os.path.exists("other")
ct.start("other").stop()
"""
    assert "stop()" in run(program)


MISTAKES = [
    ('policy={"limits": {"depth": -1}}', "PolicyError", "limits.depth"),
    ('policy={"nope": 1}', "PolicyError", "nope"),
    ('policy={"include": 5}', "PolicyError", "include"),
    ("policy=5", "PolicyError", "start(policy)"),
    ('config="missing.toml"', "PolicyError", "missing.toml"),
    ('config="limits.depth = "', "PolicyError", "start(config)"),
    ('format="xml"', "PolicyError", "start(format)"),
    ('trace_dir="p.py"', "TraceError", "p.py"),
    ('trace_dir="p.py/below"', "TraceError", "p.py"),
    ('trace_dir="/proc/nothing"', "TraceError", "/proc/nothing"),
]


@pytest.mark.parametrize(("argument", "kind", "place"), MISTAKES)
def test_a_mistake(run: Run, argument: str, kind: str, place: str) -> None:
    program = f"""
try:
    ct.start({argument})
except ct.RecorderError as error:
    print(type(error).__name__, error)
assert not ct.is_tracing() and not armed()
ct.start("out").stop()
"""
    said = run(program)
    assert said.startswith(kind) and place in said


def test_a_policy_as_mapping(run: Run) -> None:
    program = """
with ct.trace("out", format="json", policy={"limits": {"items": 1}, "exclude": ["other/**"]}):
    work([1, 2, 3].__len__())
    x = [1, 2]
    y = 1
assert "… 1 more" in json.dumps(events("out"), ensure_ascii=False)
print(json.load(open("out/trace_metadata.json"))["policy"]["resolved"]["limits"]["items"])
"""
    assert run(program) == "1\n"


def test_thirty_rounds(run: Run) -> None:
    """Equal traces, and nothing stays: no tool, no event, no thread, no descriptor, no memory."""
    program = """
import hashlib, resource, sys, threading
def once(form):
    session = ct.start("out", format=form)
    work(3)
    session.stop()
def state():
    descriptors = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    return descriptors, threading.active_count(), armed(), sys.gettrace(), sys.getprofile()
for form, name in (("json", "trace.json"), ("binary", "trace.bin")):
    found = set()
    for i in range(30):
        once(form)
        with open("out/" + name, "rb") as file:
            found.add(hashlib.sha256(file.read()).hexdigest())
        assert sys.monitoring.get_tool(3) is None
        assert sys.monitoring.use_tool_id(3, "look") is None
        assert sys.monitoring.get_events(3) == sys.monitoring.get_local_events(3, work.__code__) == 0
        sys.monitoring.free_tool_id(3)
        if i == 9:
            before, memory = state(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert state() == before, (state(), before)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    assert grown < 4096, grown
    print(len(found))
"""
    assert run(program) == "1\n1\n"


def test_another_tools_id(run: Run) -> None:
    program = """
sys.monitoring.use_tool_id(3, "foreign")
with ct.trace("out", format="json"):
    work(1)
assert "work" in calls("out") and armed() == ["foreign"]
for n in (0, 1, 2, 4, 5):
    if not sys.monitoring.get_tool(n): sys.monitoring.use_tool_id(n, "foreign")
try:
    ct.start("none")
except ct.SessionError as error:
    print(error)
"""
    assert "foreign" in run(program)


def test_frames_that_run_already(run: Run) -> None:
    program = """
def outer(a):
    def inner(b):
        ct.start("out", format="json")
        c = b + a
        return c
    return inner(2) * 2
def stopped():
    ct.start("short", format="json")
    seen = 1
    ct.stop()
    unseen = 2
outer(1)
ct.stop()
stopped()
print(calls("out"), calls("short"))
assert "seen" in values("short") and "unseen" not in values("short")
"""
    assert run(program).splitlines() == [
        "['<toplevel>', '<module>', 'outer', 'outer.<locals>.inner'] ['<toplevel>', '<module>', 'stopped']"
    ]


def test_threads_that_run_already(run: Run, plain: Plain) -> None:
    """Their open frames go on as the starting thread's do, from the next line on, with or without a call."""
    program = """
import threading
ready, go = threading.Barrier(3), threading.Event()
def calling():
    ready.wait()
    go.wait()
    after = 2
    work(1)
    last = 3
def alone():
    ready.wait()
    go.wait()
    end = 4
threads = [threading.Thread(target=target, name=target.__name__) for target in (calling, alone)]
for thread in threads: thread.start()
ready.wait()
ct.start("out", format="json")
go.set()
for thread in threads: thread.join()
ct.stop()
"""
    run(program)
    dump = plain("-m", "codetracer_python_recorder", "trace", "dump", "out").stdout.splitlines()
    lines = [line.strip() for line in dump]
    assert {"call <thread calling>()", "call <thread alone>()", "end = 4", "last = 3"} <= set(lines)
    assert any(line.endswith("| after = 2") for line in lines) and any(line.endswith("| work(1)") for line in lines)


@pytest.mark.parametrize("taken", [False, True])
def test_exceptions_into_what_runs_already(run: Run, plain: Plain, taken: bool) -> None:
    """A generator goes on with an exception, where nothing was recorded before; with another tool id, too."""
    program = """
def generator():
    try:
        yield
    except KeyError:
        caught = 1
        yield caught
begun = generator()
next(begun)
def nothing():
    yield
skipped = nothing()
next(skipped)
ct.start("out", policy={"exclude": ["**"], "rules": [{"function": "generator", "record": "lines"}]})
for _ in range(3):
    try:
        skipped.throw(ValueError())
    except ValueError:
        skipped = nothing()
        next(skipped)
TAKE
print(begun.throw(KeyError()))
try:
    begun.throw(KeyError())
except KeyError:
    pass
ct.stop()
""".replace("TAKE", "sys.monitoring.use_tool_id(3, 'mine')" if taken else "")
    assert run(program) == "1\n"
    dump = plain("-m", "codetracer_python_recorder", "trace", "dump", "out").stdout.splitlines()
    lines = [line.strip() for line in dump]
    told = ["resume generator(thrown=KeyError())", "exception KeyError", "caught = 1", "raise KeyError"]
    assert [lines.count(line) for line in told] == [2, 2, 1, 1], dump


def test_a_recording_that_nobody_ends(run: Run, folder: Path, plain: Plain) -> None:
    run('ct.start("out", format="json")\nwork(1)\n')
    done = plain("-m", "codetracer_python_recorder", "trace", "dump", "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "call work(n=1)" in done.stdout


def test_importing_is_quiet(plain: Plain) -> None:
    done = plain("-c", "import codetracer_python_recorder as c, sys; print(c.__version__, sys.monitoring.get_tool(3))")
    assert done.stderr == "" and done.stdout.endswith(" None\n")
    assert sys.version_info >= (3, 12)


def test_threads_that_end_while_a_recording_begins(folder: Path, plain: Plain) -> None:
    """No thread runs while the frames of all are looked at. One whose frames were gone ended the process in one of four
    attempts."""
    (folder / "p.py").write_text("""
import _thread, sys, time
from codetracer_python_recorder import trace

def deep(n):
    if n: deep(n - 1)

def work():
    deep(3)
    if running: _thread.start_new_thread(work, ())
    else: ended.append(1)

sys.setswitchinterval(1e-5)
running, ended = True, []
for _ in range(30): _thread.start_new_thread(work, ())
time.sleep(0.02)
with trace("out"):
    x = 1
running = False
while len(ended) < 30: time.sleep(0.01)
""")
    for _ in range(20):
        done = plain("p.py")
        assert (done.returncode, done.stderr) == (0, "")
