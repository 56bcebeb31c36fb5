"""Owns: failures inside the recorder, made on purpose by a build with the feature `faults` (src/fault.rs).

Must not: run with another build; `make test` names this file where it tests the debug build.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Plain, Record
from tests.strategies import changes, examples
from tests.traces import Trace, checked

PROGRAM = """
import sys
import threading

def work(number):
    total = 0
    for item in range(number):
        total += item
    try:
        raise ValueError(total)
    except ValueError as error:
        print("caught", error)
    return total

thread = threading.Thread(target=work, args=(20,))
thread.start()
thread.join()
print(work(30))
print("on stderr", file=sys.stderr)
sys.exit(3)
"""
STAGES = ["decide:3", "call:2", "step:1", "step:40", "value:1", "value:100", "exception:1", "output:2", "writer:2"]


@pytest.mark.parametrize("stage", [*STAGES, "finish:1", "join:1"])
def test_the_program_goes_on(stage: str, form: str, folder: Path, plain: Plain, record: Record) -> None:
    (folder / "program.py").write_text(PROGRAM)
    expected = plain("program.py")
    recorded = record("program.py", options=["--format", form], env={"CODETRACER_FAULT": stage})
    assert (recorded.done.returncode, recorded.done.stdout) == (expected.returncode, expected.stdout)
    theirs = [line for line in recorded.done.stderr.splitlines() if not line.startswith("codetracer-python-recorder:")]
    ours = [line for line in recorded.done.stderr.splitlines() if line.startswith("codetracer-python-recorder:")]
    assert theirs == expected.stderr.splitlines()
    assert sum("injected at" in line for line in ours) == 1, "the fault was not come by"
    assert sum("recording stopped" in line for line in ours) == 1
    trace = checked(recorded.trace, whole=False)
    assert trace.metadata["status"] == "partial"
    assert trace.metadata["reason"] == "an error of the recorder's own"


@examples(40)
@given(changes(), st.sampled_from(["", "limits.string = 10", "limits = { string = 10, value-bytes = 300 }"]))
def test_no_value_is_stale(folder: Path, record: Record, text: str, limits: str) -> None:
    """What is remembered from value to value shows nothing else than what is read anew."""
    (folder / "program.py").write_text(text)

    def recorded(fault: str) -> Trace:
        options = ["--config", limits] if limits else []
        done = record("program.py", options=options, env={"CODETRACER_FAULT": fault, "PYTHONHASHSEED": "0"})
        assert done.done.returncode == 0, done.done.stderr
        return checked(done.trace)

    warm, cold = recorded(""), recorded("cold")
    assert warm.events == cold.events
    assert (warm.names, warm.types) == (cold.names, cold.types)
    assert warm.metadata["counters"] == cold.metadata["counters"]
