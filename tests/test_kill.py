"""Owns: what lies on disk when a program kills itself. Must not: kill one from outside (test_stress does)."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.conftest import Plain, Record
from tests.traces import checked

END = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
WAIT = "import time\ntime.sleep(0.5)\n"
PROGRAMS = {
    "at once": END,
    "idle": "filled = [1, 2]\n" + WAIT + END,
}


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
