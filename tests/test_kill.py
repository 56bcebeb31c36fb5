"""Owns: what lies on disk when a program kills itself. Must not: kill one from outside (test_stress does)."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.conftest import Record
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
