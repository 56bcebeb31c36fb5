"""Owns: what lies on disk when a program kills itself, or is killed while its recording ends.

Must not: kill one at random (test_stress does).
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from tests.conftest import KillEach, Plain, Record
from tests.traces import checked

END = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
WAIT = "import time\ntime.sleep(0.5)\n"
PROGRAMS = {
    "at once": END,
    "idle": "filled = [1, 2]\n" + WAIT + END,
}

# Two threads, of which the first fills more than is joined at once; on disk before the main thread ends the recording.
THREADS = """
import sys, threading
import codetracer_python_recorder
codetracer_python_recorder.start(sys.argv[1], format=sys.argv[2])
def work(count, is_done):
    for number in range(count):
        kept = str(number) * 50
    is_done.set()
    end.wait()
threads, end = [], threading.Event()
for count in (600, 3):
    is_done = threading.Event()
    threads.append(threading.Thread(target=work, args=(count, is_done), name=f"W{count}"))
    threads[-1].start()
    is_done.wait()
end.set()
for thread in threads:
    thread.join()
codetracer_python_recorder.flush()
print("at the end", flush=True)
codetracer_python_recorder.stop()
"""


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_a_killed_program_leaves_a_trace_that_loads(text: str, form: str, folder: Path, record: Record) -> None:
    (folder / "killed.py").write_text(text)
    recorded = record("killed.py", options=["--format", form])
    assert recorded.done.returncode == -signal.SIGKILL
    trace = checked(recorded.trace, whole=False)
    assert trace.metadata["status"] == "recording"
    assert any(event.name == "Step" for event in trace.events)


CRASHES = {
    "fault": (signal.SIGSEGV, "ctypes.string_at(0)"),
    "abort": (signal.SIGABRT, "os.abort()"),
    "fault, told of by faulthandler": (signal.SIGSEGV, "faulthandler.enable(); ctypes.string_at(0)"),
    "fault in a thread": (signal.SIGSEGV, "threading.Thread(target=lambda: (last(0), ctypes.string_at(0))).start()"),
    "fault in a forked child": (0, "if os.fork() == 0: last(2), ctypes.string_at(0)\nos.wait()"),
}


@pytest.mark.parametrize(("status", "end"), CRASHES.values(), ids=CRASHES)
@pytest.mark.parametrize("flags", [[], ["-X", "faulthandler"]], ids=["", "with faulthandler"])
def test_a_crash_loses_nothing(status: int, end: str, flags: list[str], form: str, folder: Path, plain: Plain) -> None:
    """What ran just before it is in the trace; the program ends as it does without."""
    program = "import ctypes, faulthandler, os, threading\ndef last(number):\n    return number + 1\n"
    (folder / "crash.py").write_text(f"{program}last(1)\n{end}\n")
    expected = plain(*flags, "crash.py")
    options = ["--trace-dir", "trace-out", "--format", form]
    done = plain(*flags, "-m", "codetracer_python_recorder", *options, "crash.py")
    assert done.returncode == expected.returncode == -status
    assert done.stderr.count("Fatal Python error") == expected.stderr.count("Fatal Python error")
    for trace in (folder / "trace-out", *(folder / "trace-out/processes").glob("*")):
        events = checked(trace, whole=False).events
        assert sum(event.name == "Call" for event in events) >= 3, events
    if "thread" in end:
        (part,) = (folder / "trace-out").glob("trace.part-*")
        assert part.stat().st_size > 500


def test_no_thread_is_lost_or_doubled_by_a_kill_while_they_are_joined(
    form: str, folder: Path, plain: Plain, kill_each: KillEach
) -> None:
    """Between any two system calls of the end; before it nothing has to be on disk."""
    (folder / "threads.py").write_text(THREADS)
    plain("threads.py", "whole", form)
    expected = checked(folder / "whole", values=False).events
    trace = folder / "killed"
    moments = []

    def lay() -> None:
        shutil.rmtree(trace, ignore_errors=True)

    for moment, done in kill_each(lay, "threads.py", trace, form):
        if not done.stdout:
            continue
        moments.append(moment)
        checked(trace, whole=False)
        dump = plain("-m", "codetracer_python_recorder", "trace", "dump", trace)
        assert all(dump.stdout.count(f"\ncall <thread W{count}>") <= 1 for count in (600, 3))
        recovered = plain("-m", "codetracer_python_recorder", "trace", "recover", trace)
        assert recovered.returncode == 0, recovered.stderr
        assert checked(trace, values=False).events == expected, f"killed at {moment}"
    assert {"?unlink 1", "?unlink 2"} <= set(moments), moments
