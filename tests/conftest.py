"""Owns: running programs beside the tests, plain and recorded. Must not: assert, or know what a trace should hold."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest

# Failures on purpose need a build that makes them.
collect_ignore = [] if "FAULTS" in os.environ else ["test_faults.py"]

SECONDS = 120  # after which a program is taken to hang
# The system calls that change a file; an architecture may lack some.
CHANGES = ["write", "pwrite64", "ftruncate", "?rename", "?renameat", "?renameat2", "?unlink", "?unlinkat"]

# The traces that are read here are millions of objects, and hardly one of them is garbage.
gc.set_threshold(1_000_000)

# Started in the background of a shell, we ignore these, and so would every program that is run here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

Done = subprocess.CompletedProcess[str]


class Plain(Protocol):
    """Runs the interpreter in the test's folder: `plain("script.py", "argument", stdin="…")`."""

    def __call__(self, *arguments: str | Path, stdin: str = "", env: dict[str, str] | None = None) -> Done: ...


class KillEach(Protocol):
    """Runs the interpreter as `Plain` again and again, each time after `lay`, and kills it where its main thread is to
    change a file in another way, or for another time; yields the moment by its name, and the run."""

    def __call__(self, lay: Callable[[], None], *arguments: str | Path) -> Iterator[tuple[str, Done]]: ...


class Recorded:
    """A program that was recorded: how it ended, and its trace."""

    def __init__(self, done: Done, trace: Path, plain: Plain) -> None:
        self.done = done
        self.trace = trace
        self._plain = plain

    def dump(self, *options: str) -> list[str]:
        """The lines of `trace dump`."""
        done = self._plain("-m", "codetracer_python_recorder", "trace", "dump", self.trace, *options)
        done.check_returncode()
        return done.stdout.splitlines()

    def partial_dump(self, *options: str) -> list[str]:
        """The lines of `trace dump`, which must find the trace partial."""
        done = self._plain("-m", "codetracer_python_recorder", "trace", "dump", self.trace, *options)
        assert done.returncode == 0 and "partial trace" in done.stderr, f"{done.returncode}: {done.stderr}"
        return done.stdout.splitlines()

    def metadata(self) -> dict[str, Any]:
        """What `trace_metadata.json` holds."""
        found: dict[str, Any] = json.loads((self.trace / "trace_metadata.json").read_bytes())
        return found


class Record(Protocol):
    """Runs the recorder in the test's folder: `record("script.py", options=["--format", "json"])`."""

    def __call__(
        self,
        *arguments: str | Path,
        options: list[str] | None = None,
        stdin: str = "",
        env: dict[str, str] | None = None,
    ) -> Recorded: ...


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own folder, which is the working directory; no variable is set that changes a recording."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("CODETRACER_", "PYTHON")):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def plain(folder: Path) -> Plain:
    def run(*arguments: str | Path, stdin: str = "", env: dict[str, str] | None = None) -> Done:
        return subprocess.run(
            [sys.executable, *arguments],
            input=stdin,
            env={**os.environ, **(env or {})},
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS,
        )

    return run


@pytest.fixture
def kill_each(folder: Path) -> KillEach:
    if shutil.which("strace") is None or subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"]).returncode:
        pytest.skip("kills at a system call need strace (Debian: strace), and leave to trace")

    def killed(change: str, number: int, *arguments: str | Path) -> Done:
        kill = ["strace", "-qq", "-o", "/dev/null", "-e", f"inject={change}:signal=SIGKILL:when={number}"]
        command = [*kill, sys.executable, *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=SECONDS)

    def run(lay: Callable[[], None], *arguments: str | Path) -> Iterator[tuple[str, Done]]:
        for change in CHANGES:
            for number in count(1):
                lay()
                done = killed(change, number, *arguments)
                if done.returncode != -signal.SIGKILL:
                    done.check_returncode()
                    break
                yield f"{change} {number}", done

    return run


@pytest.fixture
def record(folder: Path, plain: Plain) -> Record:
    def run(
        *arguments: str | Path,
        options: list[str] | None = None,
        stdin: str = "",
        env: dict[str, str] | None = None,
    ) -> Recorded:
        trace = folder / "trace-out"
        recorder = ["-m", "codetracer_python_recorder", "--trace-dir", str(trace), *(options or [])]
        return Recorded(plain(*recorder, *arguments, stdin=stdin, env=env), trace, plain)

    return run


@pytest.fixture(params=["json", "binary"])
def form(request: pytest.FixtureRequest) -> str:
    """Each form of the trace in turn."""
    return str(request.param)
