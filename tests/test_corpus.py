"""Owns: that every program of the corpus runs recorded as it runs plain, byte for byte, and that its trace loads.

Must not: compare a trace with what was executed (test_truth does), or hold a program's text (corpus/ does).

corpus/about.toml says what each program is about and what it needs. Every run finds the same folder: the program, and
what lies in corpus/beside. To see one case: `pytest tests/test_corpus.py -k NAME`.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import traces

CORPUS = Path(__file__).with_name("corpus")
OURS = re.compile(rb"^codetracer-python-recorder:.*\n", re.MULTILINE)
SECONDS = 60  # after which a program is taken to hang
SHOWN = 300  # bytes of a difference


@dataclass(frozen=True)
class Case:
    """An entry of the table; the names of its fields are the table's keys."""

    name: str
    about: str
    script: str = ""  # its file; NAME.py if empty
    saved_as: str = ""  # the path that it is copied to, if that is another one; each character is a byte
    program: list[str] = field(default_factory=list)  # what is run, if that is not the script itself
    arguments: list[str] = field(default_factory=list)
    stdin: str = ""  # each character is a byte
    terminal: bool = False  # the standard streams are a terminal
    folder: str = "."  # working folder
    interpreter: list[str] = field(default_factory=list)  # flags
    environment: dict[str, str] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)  # the recorder's
    status: int = 0  # expected; a signal's number is negative
    whole: bool = True  # the trace is complete
    deterministic: bool = True  # what is executed is the same in each run
    ignore: list[str] = field(default_factory=list)  # patterns of what differs from run to run

    @property
    def source(self) -> Path:
        return CORPUS / (self.script or f"{self.name}.py")

    @property
    def place(self) -> str:
        """The script's path in the run's folder."""
        return os.fsdecode(self.saved_as.encode("latin-1")) or self.source.name

    @property
    def command(self) -> list[str]:
        return [*(self.program or [os.path.relpath(self.place, self.folder)]), *self.arguments]


def table() -> list[Case]:
    entries = tomllib.loads((CORPUS / "about.toml").read_text(encoding="utf-8"))
    return [Case(name, **entry) for name, entry in entries.items()]


CASES = table()


class Outcome(NamedTuple):
    """All that a run leaves behind."""

    stdout: bytes
    stderr: bytes
    status: int
    files: dict[str, bytes]


def prepare(case: Case, run: Path) -> None:
    """The run's folder, as if nothing had ever run in it."""
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(CORPUS / "beside", run, ignore=shutil.ignore_patterns("__pycache__"))
    for place in ((run / case.place).parent, run / case.folder):
        place.mkdir(parents=True, exist_ok=True)
    shutil.copy2(case.source, run / case.place)


def start(case: Case, run: Path, command: list[str]) -> tuple[bytes, bytes, int]:
    """Runs a command to its end, in a session of its own, so that nothing of it is left if it hangs."""
    streams = pty.openpty() if case.terminal else None
    environment = {**os.environ, **case.environment}
    place = run / case.folder
    pipe = streams[1] if streams else subprocess.PIPE
    if streams:
        silence(streams[1])
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=place, env=environment, start_new_session=True
    )
    try:
        if streams:
            os.close(streams[1])
            return talk(streams[0], case.stdin.encode("latin-1")), b"", process.wait(SECONDS)
        stdout, stderr = process.communicate(case.stdin.encode("latin-1"), timeout=SECONDS)
        return stdout, stderr, process.returncode
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def silence(terminal: int) -> None:
    """An echo would come before or after what the program writes, as it happens."""
    modes = termios.tcgetattr(terminal)
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, modes)


def talk(terminal: int, text: bytes) -> bytes:
    """All that comes from the other side of a terminal."""
    os.write(terminal, text)
    found = []
    try:
        while select.select([terminal], [], [], SECONDS)[0] and (piece := os.read(terminal, 65536)):
            found.append(piece)
    except OSError:  # how Linux says that nobody is there any more
        pass
    os.close(terminal)
    return b"".join(found)


def files(run: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(run.rglob("*")):
        name = os.fspath(path.relative_to(run))
        if path.is_symlink():
            yield name, b"-> " + os.fsencode(path.readlink())
        elif path.is_file():
            content = path.read_bytes()
            # Four bytes of a .pyc tell when its source was written, which is during the run for some.
            yield name, content[:8] + content[12:] if path.suffix == ".pyc" else content


def outcome(case: Case, run: Path, *recorder: str) -> Outcome:
    prepare(case, run)
    stdout, stderr, status = start(case, run, [sys.executable, *case.interpreter, *recorder, *case.command])
    for pattern in case.ignore:
        stdout, stderr = (re.sub(pattern.encode(), b"", text) for text in (stdout, stderr))
    return Outcome(stdout, stderr, status, dict(files(run)))


def assert_same(what: str, recorded: bytes, plain: bytes) -> None:
    """Says where two texts differ, and not more: some are large."""
    if recorded != plain:
        place = next(
            (place for place, pair in enumerate(zip(recorded, plain, strict=False)) if pair[0] != pair[1]), len(plain)
        )
        window = slice(max(0, place - SHOWN), place + SHOWN)
        pytest.fail(f"{what} differs at byte {place}:\nplain    {plain[window]!r}\nrecorded {recorded[window]!r}")


@pytest.mark.parametrize(("position", "case"), [pytest.param(*item, id=item[1].name) for item in enumerate(CASES)])
def test_a_program(folder: Path, position: int, case: Case) -> None:
    run, trace = folder / "run", folder / "trace"
    form = ("json", "binary")[position % 2]
    plain = outcome(case, run)
    assert plain.status == case.status, plain.stderr.decode(errors="replace")
    options = ["--trace-dir", os.fspath(trace), "--format", form, *case.options]
    recorded = outcome(case, run, "-m", "codetracer_python_recorder", *options)
    assert_same("stderr", OURS.sub(b"", recorded.stderr), plain.stderr)
    assert_same("stdout", OURS.sub(b"", recorded.stdout) if case.terminal else recorded.stdout, plain.stdout)
    assert recorded.status == plain.status
    assert recorded.files.keys() == plain.files.keys()
    for name in plain.files:
        assert_same(name, recorded.files[name], plain.files[name])
    metadata = traces.checked(trace, whole=case.whole).metadata
    # Behind the trace lie what is typed at a prompt, and a last flush of standard output that fails.
    if case.whole and "-i" not in case.interpreter and plain.status != 120:
        assert metadata["exit_status"] == (130 if plain.status == -signal.SIGINT else plain.status)
    # A child that was killed before its recording began has no metadata.
    for child in trace.glob("**/processes/*/trace_metadata.json"):
        traces.checked(child.parent, whole=False)


def test_the_table() -> None:
    """Every program has its entry, and every entry its program."""
    assert {case.source for case in CASES} == set(CORPUS.glob("*.py"))
    assert all(case.about for case in CASES)
