"""Owns: `trace recover`, and what is left where it is killed itself. Must not: kill a recording (test_kill does)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import KillEach, Plain, Record
from tests.traces import checked

KILLED = """
import os, signal, threading, time

def spin(number):
    count = 0
    while True:
        count += number
        time.sleep(0.001)

def deep(level):
    if level:
        return deep(level - 1)
    time.sleep(0.6)
    os.kill(os.getpid(), signal.SIGKILL)

for number in range(3):
    threading.Thread(target=spin, args=(number,), daemon=True).start()
deep(3)
"""

ALONE = """
import os, signal

def deep(level):
    if level:
        return deep(level - 1)
    os.kill(os.getpid(), signal.SIGKILL)

deep(3)
"""


@pytest.fixture
def killed(folder: Path, record: Record, form: str) -> Path:
    (folder / "killed.py").write_text(KILLED)
    return record("killed.py", options=["--format", form]).trace


def test_a_killed_trace_is_made_whole(killed: Path, plain: Plain) -> None:
    before = checked(killed, whole=False)
    parts = list(killed.glob("trace.part-*"))
    assert len(parts) == 3
    done = plain("-m", "codetracer_python_recorder", "trace", "recover", killed)
    assert done.returncode == 0 and "3 part files joined" in done.stderr, done.stderr
    after = checked(killed)
    assert after.events[: len(before.events)] == before.events
    roots = [after.functions[event.body["function_id"]].name for event in after.events if event.name == "Call"]
    assert sum(name.startswith("<thread ") for name in roots) == 3
    assert after.metadata["status"] == "recovered"
    dump = plain("-m", "codetracer_python_recorder", "trace", "dump", killed)
    assert dump.returncode == 0 and not dump.stderr
    assert dump.stdout.count("<open at the end>") == after.metadata["recovered"]["open_calls"]
    assert sorted(path.name for path in killed.iterdir())[1:] == ["trace_metadata.json", "trace_paths.json"]


def test_what_was_done_is_told_to_machines(killed: Path, plain: Plain) -> None:
    recover = ["-m", "codetracer_python_recorder", "trace", "recover", "--json", str(killed)]
    done = plain(*recover)
    dump = plain("-m", "codetracer_python_recorder", "trace", "dump", killed).stdout.splitlines()
    told = {"parts": 3, "open_calls": sum("<open at the end>" in line for line in dump), "records": len(dump)}
    assert json.loads(done.stdout) == {"recovered": True, **told}
    again = plain(*recover)
    assert (json.loads(again.stdout), again.stderr, again.returncode) == ({"recovered": False}, "", 0)


def test_an_attempt_that_was_killed_is_gone_on_with(killed: Path, plain: Plain) -> None:
    """Killed before its last act, which is to remove the parts: they are not joined once more."""
    recover = ["-m", "codetracer_python_recorder", "trace", "recover", str(killed)]
    parts = {path: path.read_bytes() for path in killed.glob("trace.part-*")}
    assert plain(*recover).returncode == 0
    expected = {path: path.read_bytes() for path in killed.iterdir()}
    for path, content in parts.items():
        path.write_bytes(content)
    done = plain(*recover)
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in killed.iterdir()} == expected


@pytest.mark.parametrize("text", [KILLED, ALONE], ids=["threads", "alone"])
def test_an_attempt_that_is_killed_anywhere_is_gone_on_with(
    text: str, folder: Path, record: Record, plain: Plain, kill_each: KillEach, form: str
) -> None:
    """Between any two system calls: the trace loads then, and the next attempt makes of it what one alone makes."""
    (folder / "killed.py").write_text(text)
    trace = record("killed.py", options=["--format", form]).trace
    killed = {path.name: path.read_bytes() for path in trace.iterdir()}
    recover = ["-m", "codetracer_python_recorder", "trace", "recover", str(trace)]
    assert plain(*recover).returncode == 0
    expected = {path.name: path.read_bytes() for path in trace.iterdir()}

    def lay() -> None:
        for path in trace.iterdir():
            path.unlink()
        for name, content in killed.items():
            (trace / name).write_bytes(content)

    moments = []
    for moment, _ in kill_each(lay, *recover):
        moments.append(moment)
        status = json.loads((trace / "trace_metadata.json").read_bytes())["status"]
        checked(trace, whole=status == "recovered")
        again = plain(*recover)
        assert again.returncode == 0, again.stderr
        assert {path.name: path.read_bytes() for path in trace.iterdir()} == expected, f"killed at {moment}"
    assert {"pwrite64 3", "?rename 4"} <= set(moments), moments


def test_a_torn_file_keeps_what_is_whole(killed: Path, plain: Plain) -> None:
    (stream,) = (killed / name for name in ("trace.json", "trace.bin") if (killed / name).exists())
    data = stream.read_bytes()
    stream.write_bytes(data[: len(data) // 2])
    done = plain("-m", "codetracer_python_recorder", "trace", "recover", killed)
    assert done.returncode == 0, done.stderr
    checked(killed)


def test_a_whole_trace_is_left_alone(folder: Path, record: Record, plain: Plain, form: str) -> None:
    (folder / "script.py").write_text("x = 1\n")
    trace = record("script.py", options=["--format", form]).trace
    before = {path.name: path.read_bytes() for path in trace.iterdir()}
    done = plain("-m", "codetracer_python_recorder", "trace", "recover", trace)
    assert done.returncode == 0 and "whole already" in done.stderr
    assert {path.name: path.read_bytes() for path in trace.iterdir()} == before


def test_what_is_no_trace_is_refused(folder: Path, plain: Plain) -> None:
    for place in ("absent", "."):
        done = plain("-m", "codetracer_python_recorder", "trace", "recover", place)
        assert done.returncode == 2 and "Traceback" not in done.stderr and place in done.stderr
