"""Owns: scripts, folders and traces that are not what they should be: message, exit status, nothing lost.

Must not: test mistakes in a policy.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Plain, Record
from tests.traces import checked

PROGRAM = "def f(a):\n    return [a]\nf(1)\n"
DUMP = ("-m", "codetracer_python_recorder", "trace", "dump")


@pytest.fixture(autouse=True)
def script(folder: Path) -> Path:
    (folder / "p.py").write_text(PROGRAM)
    return folder / "p.py"


def refused(record: Record, *arguments: str, options: list[str] | None = None) -> str:
    done = record(*arguments, options=options).done
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("codetracer-python-recorder: ") and "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_script_that_is_missing(record: Record, folder: Path) -> None:
    assert "nope.py: no such file" in refused(record, "nope.py")
    assert not (folder / "trace-out").exists()


PLACES = [
    ("p.py", "not a folder"),
    ("p.py/below", "Not a directory"),
    ("/proc/nothing", "No such file or directory"),
]


@pytest.mark.parametrize(("place", "why"), PLACES)
def test_a_folder_that_cannot_be_written(record: Record, script: Path, place: str, why: str) -> None:
    said = refused(record, "p.py", options=["--trace-dir", place])
    assert said.endswith(f"{place}: {why} (choose another folder with --trace-dir)\n")
    assert script.read_text() == PROGRAM


@pytest.mark.parametrize("name", ["trace.bin", "trace_metadata.json", "trace_paths.json"])
def test_a_folder_in_the_place_of_a_file(record: Record, folder: Path, name: str) -> None:
    (folder / "trace-out" / name).mkdir(parents=True)
    (folder / "trace-out" / name / "kept.txt").write_text("kept")
    assert "trace-out" in refused(record, "p.py")
    assert (folder / "trace-out" / name / "kept.txt").read_text() == "kept"


@pytest.mark.parametrize("name", ["trace.json", "trace.bin", "trace_text_notes.md", "trace.part-1.json"])
def test_a_file_of_somebody_else_that_would_be_replaced(record: Record, folder: Path, form: str, name: str) -> None:
    (folder / name).write_text('{"traceEvents":[]}')
    said = refused(record, "-c", "open('run', 'w')", options=["--trace-dir", ".", "--format", form])
    assert str(folder / name) in said and "--trace-dir" in said and "or remove the file" in said
    assert {path.name for path in folder.iterdir()} == {name, "p.py"}
    assert (folder / name).read_text() == '{"traceEvents":[]}'


@pytest.mark.parametrize("name", ["trace_metadata.json", "trace_paths.json", "trace_paths.json.new"])
def test_what_a_recorder_has_begun_is_replaced(record: Record, folder: Path, form: str, name: str) -> None:
    """Its list of paths comes first, so one that was killed while it began has left that at least."""
    (folder / "trace-out").mkdir()
    for each in (name, "trace.json", "trace.bin"):
        (folder / "trace-out" / each).write_text("[]")
    assert record("p.py", options=["--format", form]).done.returncode == 0
    checked(folder / "trace-out")


def test_a_folder_like_a_childs_that_holds_files_of_somebody_else(record: Record, folder: Path) -> None:
    record("p.py")
    child = folder / "trace-out" / "processes" / "1-2"
    child.mkdir(parents=True)
    (child / "trace.json").write_text("theirs")
    assert record("p.py").done.returncode == 0
    assert (child / "trace.json").read_text() == "theirs"


def test_other_files_in_the_folder(record: Record, folder: Path) -> None:
    (folder / "trace-out").mkdir()
    (folder / "trace-out" / "mine.txt").write_text("kept")
    record("p.py", options=["--format", "json"])
    record("p.py", options=["--format", "binary"])
    names = {"mine.txt", "trace.bin", "trace_metadata.json", "trace_paths.json"}
    assert {path.name for path in (folder / "trace-out").iterdir()} == names


FOREIGN = {
    "nothing": {},
    "empty": {"trace.json": b""},
    "text": {"trace.json": b"hello\n"},
    "object": {"trace.json": b'{"a": 1}'},
    "other form": {"trace.bin": b"\xc0\xde\x72\xac\xe2\x00\x00\x00garbage"},
    "noise": {"trace.bin": bytes(range(256)) * 4},
    "empty binary": {"trace.bin": b""},
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_trace(plain: Plain, folder: Path, name: str) -> None:
    (folder / "other").mkdir()
    for file, data in FOREIGN[name].items():
        (folder / "other" / file).write_bytes(data)
    done = plain(*DUMP, "other")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("codetracer-python-recorder: other") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("target", ["nope", "p.py"])
def test_a_folder_that_is_none(plain: Plain, target: str) -> None:
    done = plain(*DUMP, target)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{target}: " in done.stderr


DAMAGED = {
    "array of numbers": b"[1,2]",
    "deep array": b"[" * 100_000,
    "deep value": b'[{"Return":{"return_value":' + b'{"kind":"Sequence","elements":[' * 100_000,
    "unknown ids": b'[{"Step":{"path_id":9,"line":1}},{"Call":{"function_id":7,"args":[]}}]',
    "returns without calls": b'[{"Return":{"return_value":{"kind":"None","type_id":0}}}]',
    "huge numbers": b'[{"Step":{"path_id":99999999999999999999,"line":-1}}]',
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_trace(plain: Plain, folder: Path, name: str) -> None:
    (folder / "bad").mkdir()
    (folder / "bad" / "trace.json").write_bytes(DAMAGED[name])
    done = plain(*DUMP, "bad")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("partial: ")
    assert "Traceback" not in done.stderr and "panicked" not in done.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"status":"partial"}'])
def test_damaged_metadata(record: Record, plain: Plain, text: str) -> None:
    recorded = record("p.py")
    whole = recorded.dump()
    (recorded.trace / "trace_metadata.json").write_text(text)
    lines = recorded.partial_dump()
    # The same records; without a working directory to be relative to, paths are absolute.
    assert len(lines) == len(whole) + 1 and lines[-1].startswith("partial: ")


CUT = """
import os, sys
from codetracer_python_recorder import _native
from codetracer_python_recorder.errors import TraceError
folder, name = sys.argv[1:]
place = os.path.join(folder, name)
with open(place, "rb") as file:
    data = file.read()
whole, refused = [], []
for length in range(len(data) + 1):
    os.truncate(place, 0)
    with open(place, "wb") as file:
        file.write(data[:length])
    os.write(1, b"== %d\\n" % length)
    try:
        is_whole, _ = _native.dump(folder, False, None, [])
        if is_whole:
            whole.append(length)
    except TraceError:
        refused.append(length)
print(len(data), whole, refused, file=sys.stderr)
"""


@pytest.mark.parametrize(("form", "name"), [("json", "trace.json"), ("binary", "trace.bin")])
def test_a_trace_cut_at_every_byte(record: Record, plain: Plain, folder: Path, form: str, name: str) -> None:
    """Every prefix gives what of it is whole: the lines of the whole trace up to there, then why it ends."""
    recorded = record("p.py", options=["--format", form])
    whole = recorded.dump()
    shutil.copytree(recorded.trace, folder / "cut")
    size = (folder / "cut" / name).stat().st_size
    done = plain("-c", CUT, "cut", name)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"{size} [{size}] [0]\n"
    before = 0
    for length, part in enumerate(done.stdout.split("== ")[1:]):
        lines = part.splitlines()[1:]
        if 0 < length < size:
            assert lines[-1].startswith("partial: ")
            assert lines[:-1] == whole[: len(lines) - 1]
            assert len(lines) >= before
            before = len(lines)


def test_a_missing_seek_table(record: Record) -> None:
    recorded = record("p.py")
    file = recorded.trace / "trace.bin"
    file.write_bytes(file.read_bytes()[:-1])
    assert recorded.partial_dump()[-1].startswith("partial: ")


def test_a_script_that_does_not_compile(record: Record, script: Path, plain: Plain) -> None:
    script.write_text("x = 1\ndef f(:\n")
    recorded = record("p.py")
    expected = plain("p.py")
    assert recorded.done.returncode == expected.returncode == 1
    assert recorded.done.stderr.startswith(expected.stderr)
    assert json.loads((recorded.trace / "trace_metadata.json").read_bytes())["exit_status"] == 1
    recorded.dump()
