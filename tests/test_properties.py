"""Owns: what must hold of any program, any value and any damaged trace. Must not: name single cases (others do).

Few examples by default, the same in each run. STRESS in the environment is how many times as many random ones there
shall be: `STRESS=20 pytest tests/test_properties.py`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
from pathlib import Path

import cbor2
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Plain, Record
from tests.sequences import differences
from tests.strategies import Damage, Plan, damages, examples, limits, plans, programs
from tests.traces import HEADER, SEEK_TABLE, SEEKABLE, checked, read
from tests.values import PROGRAM, Description, shown, without_order

ORACLE = Path(__file__).parent / "oracle_sequence.py"
ADDRESS = re.compile("0x[0-9a-f]+")


@examples(25)
@given(programs())
def test_a_program_is_recorded_as_it_runs(folder: Path, plain: Plain, record: Record, text: str) -> None:
    (folder / "p.py").write_text(text, encoding="utf-8")
    watched = plain(ORACLE, "told.json", os.path.realpath(folder), "p.py")
    recorded = record("p.py", options=["--config", "limits = { items = 1, depth = 1 }"])
    assert recorded.done.stdout == watched.stdout
    assert ADDRESS.sub("", recorded.done.stderr) == ADDRESS.sub("", watched.stderr)
    told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    different = differences(told, checked(recorded.trace))
    assert not different, "\n".join([text, *different])
    shutil.rmtree(recorded.trace)


@examples(25)
@given(plans(), limits())
def test_a_value_is_shown_as_it_is(folder: Path, record: Record, plan: Plan, limits: dict[str, int]) -> None:
    (folder / "p.py").write_text(PROGRAM, encoding="utf-8")
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    policy = ", ".join(f"{name} = {limit}" for name, limit in limits.items())
    recorded = record("p.py", options=["--format", "json", "--config", f"limits = {{ {policy}, value-bytes = 0 }}"])
    assert (recorded.done.stderr, recorded.done.returncode) == ("", 0)
    trace = checked(recorded.trace)
    taken = [event.body for event in trace.events if event.name == "Call"]
    taken = [body for body in taken if trace.functions[body["function_id"]].name == "take"]
    found = [without_order(shown(trace, body["args"][0]["value"])) for body in taken]
    description = Description(plan, limits)
    assert found == [description.of(number) for number in range(len(plan))]
    shutil.rmtree(recorded.trace)


# Dumps each folder that is named, and tells how that ended: the exit status, or what was raised.
DUMPS = """
import os, resource, sys
from codetracer_python_recorder.cli import main
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
results = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
for folder in sys.argv[1:]:
    for options in ([], ["--json"]):
        sys.argv = ["recorder", "trace", "dump", folder, *options]
        try:
            status = main()
        except BaseException as error:
            status = repr(error)
        print(status, file=results)
"""


def ends(plain: Plain, folder: Path, name: str, contents: list[bytes]) -> None:
    """All of these files are read as a trace, in bounded memory: each dump succeeds or is refused."""
    places = [f"{name} {number}" for number in range(len(contents))]
    for place, content in zip(places, contents, strict=True):
        (folder / place).mkdir(exist_ok=True)
        (folder / place / name).write_bytes(content)
    done = plain("-c", DUMPS, *places)
    assert done.returncode == 0, done.stderr
    statuses = done.stdout.splitlines()
    assert len(statuses) == 2 * len(contents)
    assert {*statuses} <= {"0", "2"}, done.stderr
    assert "Traceback" not in done.stderr and "panicked" not in done.stderr


def packed(text: bytes) -> bytes:
    """A stream of one frame."""
    frame = zstandard.ZstdCompressor().compress(text)
    table = struct.pack("<IIIIIBI", SEEK_TABLE, 17, len(frame), len(text), 1, 0, SEEKABLE)
    return HEADER + frame + table


def damaged(data: bytes, damage: Damage) -> bytes:
    for place, taken, put in damage:
        data = data[:place] + put + data[place + taken :]
    return data


FILES = {"json": "trace.json", "binary": "trace.bin", "unpacked": "trace.bin"}


@pytest.mark.parametrize("layer", FILES)
def test_a_damaged_trace_is_read_or_refused(folder: Path, plain: Plain, record: Record, layer: str) -> None:
    (folder / "p.py").write_text("class A: pass\ndef f(*a):\n    yield [a, {'k': 1.5}, A()]\nprint(*f(2 ** 70, 'x'))\n")
    form = "json" if layer == "json" else "binary"
    file = record("p.py", options=["--format", form]).trace / FILES[layer]
    unpacked = b"".join(cbor2.dumps({event.name: event.body}) for event in read(file))
    data = unpacked if layer == "unpacked" else file.read_bytes()

    @examples(4)
    @given(st.lists(damages(len(data)), min_size=40, max_size=40))
    def holds(batch: list[Damage]) -> None:
        contents = [damaged(data, damage) for damage in batch]
        ends(plain, folder, FILES[layer], [packed(text) for text in contents] if layer == "unpacked" else contents)

    holds()


@examples(4)
@given(st.lists(st.binary(max_size=200), min_size=30, max_size=30), st.sampled_from(["trace.json", "trace.bin"]))
def test_noise_is_refused(folder: Path, plain: Plain, noise: list[bytes], name: str) -> None:
    ends(plain, folder, name, noise if name == "trace.json" else [packed(text) for text in noise])


BOMBS = {
    "zeros": packed(bytes(1 << 29)),
    "deep arrays": packed(b"\x81" * 10_000_000),
    "deep maps": packed(b"\xa1\x00" * 10_000_000),
    "endless array": packed(b"\x9b" + b"\xff" * 8),
    "endless text": packed(b"\xa1\x7b" + b"\xff" * 8),
    "tags": packed(b"\xc1" * 10_000_000),
    "one long text": packed(b"\xa1\x64Path\x7a" + struct.pack(">I", 1 << 29) + b"x" * (1 << 29)),
    "huge claims": HEADER + struct.pack("<IIIIIBI", SEEK_TABLE, 17, 0xFFFFFFFF, 0xFFFFFFFF, 1, 0, SEEKABLE),
    "many claims": HEADER + struct.pack("<IIIBI", SEEK_TABLE, 0xFFFFFFFF, 0xFFFFFFFF, 0, SEEKABLE),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_does_not_take_much_memory(folder: Path, plain: Plain, name: str) -> None:
    ends(plain, folder, "trace.bin", [BOMBS[name]])
