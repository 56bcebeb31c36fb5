"""Owns: child processes, each with a trace of its own. Must not: know how a child is told of it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Plain, Record, Recorded
from tests.traces import Trace, checked

FORK = """
import os
def work(number):
    doubled = number * 2
    print("worked", doubled, flush=True)
    return doubled
first = os.fork()
if first == 0:
    work(1)
    os._exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]), flush=True)
second = os.fork()
if second:
    os.waitpid(second, 0)
work(3 if second else 2)
"""

POOL = """
import multiprocessing
import sys
def square(number):
    squared = number * number
    return squared
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        print(pool.map(square, range(4)))
        pool.close()
        pool.join()
    process = context.Process(target=square, args=(5,))
    process.start()
    process.join()
    print(process.exitcode)
"""

OTHERS = '''
import os
import subprocess
import sys
python = sys.executable
child = """
import os, sys
def seen():
    return [name for name in os.environ if 'TRACER' in name]
print(seen(), sys.argv)
"""
for environment in (None, {"PATH": os.environ["PATH"]}):
    done = subprocess.run([python, "-c", child, "argument"], env=environment, capture_output=True, text=True)
    print(done.returncode, done.stdout, done.stderr)
print(subprocess.run([python, "child.py", "-x"], capture_output=True, text=True).stdout)
print(subprocess.run(["/bin/echo", "no Python"], capture_output=True, text=True).stdout, flush=True)
os.waitpid(os.posix_spawn(python, [python, "child.py"], os.environ), 0)
os.waitpid(os.posix_spawnp("env", ["env", "-u", "PATH"], {}), 0)
for execute in (lambda: os.execv(python, [python, "child.py"]), lambda: os.execve(python, [python, "child.py"], {})):
    child = os.fork()
    if child == 0:
        execute()
    os.waitpid(child, 0)
try:
    os.execv("/no/such/program", ["python"])
except OSError as error:
    print(type(error).__name__)
'''

UNLISTED = """
import os
import sys
from importlib.util import find_spec, module_from_spec
spec = find_spec("_posixsubprocess")
module = module_from_spec(spec)
spec.loader.exec_module(module)
assert spec.name not in sys.modules
def start():
    read, write = os.pipe()
    environment = [os.fsencode(f"{name}={value}") for name, value in os.environ.items()]
    python = os.fsencode(sys.executable)
    given = [[python, b"child.py"], [python], True, (write,), None, environment]
    files = [-1, -1, -1, -1, -1, -1, read, write]
    last = [False] if sys.version_info < (3, 14) else []
    child = module.fork_exec(*given, *files, False, False, -1, None, None, None, -1, None, *last)
    return os.waitpid(child, 0)[1]
print(start())
"""

CHILD = """
import sys
def said(text):
    print(text, flush=True)
said(sys.argv)
"""


def traces(recorded: Recorded) -> dict[Path, Trace]:
    """The traces below a trace, by folder, each as strict readers read it."""
    folders = [file.parent for file in sorted(recorded.trace.rglob("trace_metadata.json"))]
    return {folder: checked(folder, whole=metadata(folder)["status"] == "complete") for folder in folders}


def metadata(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "trace_metadata.json").read_bytes())
    return found


def calls(trace: Trace) -> list[str]:
    """The functions called, in order."""
    return [trace.functions[event.body["function_id"]].name for event in trace.events if event.name == "Call"]


def same(plain: Plain, record: Record, *arguments: str, options: list[str]) -> Recorded:
    """A program recorded, after it was seen to do what it does without."""
    expected, recorded = plain(*arguments), record(*arguments, options=options)
    assert (recorded.done.returncode, recorded.done.stdout) == (expected.returncode, expected.stdout)
    assert recorded.done.stderr == expected.stderr
    return recorded


def family(recorded: Recorded) -> list[Trace]:
    """The traces below a trace, of which parent and child name each other."""
    found = traces(recorded)
    for folder in found:
        of_folder = metadata(folder)
        if folder != recorded.trace:
            assert (folder / of_folder["parent"]["folder"]).resolve() in [recorded.trace, *folder.parents]
            assert of_folder["parent"]["pid"] == metadata(folder / of_folder["parent"]["folder"])["pid"]
        children = {child["folder"]: child["pid"] for child in of_folder.get("processes", [])}
        for child, pid in children.items():
            assert metadata(folder / child)["pid"] == pid
        there = {f"processes/{child.name}" for child in (folder / "processes").glob("*")}
        assert there == set(children)
    return [*found.values()]


def test_both_sides_of_a_fork(plain: Plain, record: Record, folder: Path, form: str) -> None:
    (folder / "forks.py").write_text(FORK)
    recorded = same(plain, record, "forks.py", options=["--format", form])
    first, second, parent = family(recorded)
    assert [trace.metadata["status"] for trace in (first, second, parent)] == ["complete"] * 3
    assert [trace.metadata["exit_status"] for trace in (first, second, parent)] == [3, 0, 0]
    for trace in (first, second, parent):
        assert calls(trace) == ["<toplevel>", "<module>", "work"]


def test_an_exception_into_what_the_parent_began(record: Record, folder: Path, form: str) -> None:
    (folder / "forks.py").write_text("""
import os
def begun():
    try:
        yield
    except KeyError:
        caught = 1
        yield caught
generator = begun()
next(generator)
if child := os.fork():
    os.waitpid(child, 0)
else:
    generator.throw(KeyError())
""")
    child, _ = family(record("forks.py", options=["--format", form]))
    assert "begun (resumed)" in calls(child)
    assert [child.names[event.body["variable_id"]] for event in child.events if event.name == "Value"].count("caught")


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method: str, plain: Plain, record: Record, folder: Path, form: str) -> None:
    (folder / "pool.py").write_text(POOL)
    recorded = same(plain, record, "pool.py", method, options=["--format", form])
    made = [calls(trace).count("square") for trace in family(recorded)]
    assert sum(made) == 5


def test_programs_that_are_started(plain: Plain, record: Record, folder: Path) -> None:
    (folder / "others.py").write_text(OTHERS)
    (folder / "child.py").write_text(CHILD)
    recorded = same(plain, record, "others.py", options=["--config", "capture.processes = 'all'"])
    found = [name for trace in family(recorded) for name in calls(trace)]
    assert (found.count("seen"), found.count("said")) == (2, 4)
    alone = same(plain, record, "others.py", options=[])
    assert {name for trace in traces(alone).values() for name in calls(trace)} == {"<toplevel>", "<module>", "<lambda>"}


def test_a_start_by_a_module_that_is_not_listed(plain: Plain, record: Record, folder: Path) -> None:
    (folder / "unlisted.py").write_text(UNLISTED)
    (folder / "child.py").write_text(CHILD)
    recorded = same(plain, record, "unlisted.py", options=["--config", "capture.processes = 'all'"])
    assert [calls(trace)[-1] for trace in family(recorded)] == ["said", "start"]


def test_none(plain: Plain, record: Record, folder: Path) -> None:
    (folder / "forks.py").write_text(FORK)
    recorded = same(plain, record, "forks.py", options=["--config", "capture.processes = 'none'"])
    assert list(traces(recorded)) == [recorded.trace]
    assert "processes" not in recorded.metadata()


def test_a_fork_whose_handlers_take_long(record: Record, folder: Path, form: str) -> None:
    """The writer has no thread while they run; what waits for it is written all the same."""
    (folder / "forks.py").write_text(
        """
import os, resource, time

def fill(texts):
    first = texts
    second = first
    return second

def handle():
    end = time.monotonic() + 1
    number = 0
    while time.monotonic() < end or number < 1000:
        fill([str(number) * 40] * 20)
        number += 1
    print(os.path.getsize("trace-out/trace." + form) > 10_000)

form = "FORM"
os.register_at_fork(after_in_parent=handle)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
child = os.fork()
if not child:
    os._exit(0)
os.waitpid(child, 0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10)
""".replace("FORM", "json" if form == "json" else "bin")
    )
    recorded = record("forks.py", options=["--format", form])
    assert (recorded.done.returncode, recorded.done.stdout) == (0, "True\nTrue\n"), recorded.done.stderr
    assert calls(checked(recorded.trace)).count("fill") >= 1000


def test_a_fork_while_other_threads_record(plain: Plain, record: Record, folder: Path, form: str) -> None:
    (folder / "busy.py").write_text("""
import os, threading
def spin(stop):
    count = 0
    while not stop.is_set():
        count += 1
stop = threading.Event()
threads = [threading.Thread(target=spin, args=(stop,)) for _ in range(3)]
for thread in threads:
    thread.start()
for _ in range(3):
    child = os.fork()
    if child == 0:
        total = sum(number for number in range(100))
        os._exit(total % 256)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
stop.set()
for thread in threads:
    thread.join()
""")
    options = ["--format", form]
    expected = plain("-W", "ignore", "busy.py")
    recorded = record("busy.py", options=options)  # the warning of 3.12 about threads is the program's own
    assert recorded.done.stdout == expected.stdout
    assert len(family(recorded)) == 4


@pytest.mark.parametrize("end", ["return", "sys.exit(0)", "raise KeyError"])
def test_a_child_that_ends_with_the_thread_that_forked_it(
    end: str, plain: Plain, record: Record, folder: Path, form: str
) -> None:
    """The main thread is not there: the process ends where its last thread does, and the writer's is not to be that."""
    (folder / "threads.py").write_text(f"""
import os, sys, threading
def child():
    return [1, 2]
def work():
    process = os.fork()
    if process == 0:
        print(child(), flush=True)
        {end}
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
thread = threading.Thread(target=work)
thread.start()
thread.join()
""")
    expected, recorded = plain("threads.py"), record("threads.py", options=["--format", form])
    assert (recorded.done.returncode, recorded.done.stdout) == (expected.returncode, expected.stdout)
    (child,) = (recorded.trace / "processes").iterdir()
    assert any(function.name == "child" for function in checked(child, whole=False).functions)


def test_a_child_that_outlives_its_parent(record: Record, folder: Path) -> None:
    (folder / "daemon.py").write_text("""
import os, time
if os.fork() == 0:
    os.close(1), os.close(2)
    os.closerange(3, 10_000)
    with open("kept.txt", "w") as file:
        time.sleep(1)
        for number in range(10_000):
            file.write("line\\n")
""")
    recorded = record("daemon.py")
    checked(recorded.trace)
    (child,) = (recorded.trace / "processes").iterdir()
    for _ in range(300):
        if metadata(child)["status"] == "complete":
            break
        time.sleep(0.1)
    checked(child)
    assert (folder / "kept.txt").read_text() == "line\n" * 10_000


def test_children_of_an_older_trace_are_replaced(record: Record, folder: Path) -> None:
    (folder / "forks.py").write_text(FORK)
    record("forks.py")
    (folder / "trace-out" / "processes" / "own.txt").write_text("the user's\n")
    check_folders = {path.name for path in (folder / "trace-out" / "processes").iterdir()}
    recorded = record("forks.py", options=["--format", "json"])
    now = {path.name for path in (recorded.trace / "processes").iterdir()}
    assert now & check_folders == {"own.txt"} and len(now) == 3
