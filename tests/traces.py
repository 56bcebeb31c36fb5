"""Owns: reading a trace folder as strictly as the strictest of CodeTracer's readers. Must not: use the recorder's own.

`checked(folder)` is what every test reads a trace with: it fails where any reader would stumble.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cbor2
import zstandard

HEADER = bytes.fromhex("C0DE72ACE2010000")
SKIPPABLE = 0x184D2A50  # and the fifteen numbers behind it
SEEK_TABLE = 0x184D2A5E  # the skippable frame that holds it
SEEKABLE = 0x8F92EAB1  # the last four bytes of a seekable stream
NONE, STRUCT, EVENT_KINDS = 30, 6, {0, 2, 3, 11}
MAX_NESTING = 128
STORY = ("Call", "Return", "Step", "Value", "Event")  # what is no definition

Body = Any  # what stands behind an event's name: JSON of a shape that its name tells


class Event(NamedTuple):
    """An event of the stream by its name, and what it holds."""

    name: str
    body: Body


class Function(NamedTuple):
    path: str
    line: int
    name: str


class Trace(NamedTuple):
    """A trace whose rules hold: its events without definitions, and what was defined, in order of ids."""

    events: list[Event]
    paths: list[str]
    names: list[str]
    types: list[Body]
    functions: list[Function]
    metadata: dict[str, Any]


def read(file: Path, *, whole: bool = True) -> Iterator[Event]:
    """The events of a stream as it lies on disk, whichever form it has."""
    data = file.read_bytes()
    for item in _array(data.decode(), whole) if file.suffix == ".json" else _items(_unpacked(data, whole)):
        ((name, body),) = item.items()
        yield Event(name, body)


def _array(text: str, whole: bool) -> list[dict[str, Body]]:
    """The items of an array. Of a killed stream the end may stand twice: it was being moved (json_file.rs)."""
    items, end = json.JSONDecoder().raw_decode(text)
    assert text[end:].strip() in (("",) if whole else ("", "]"))
    return items  # type: ignore[no-any-return]


def _unpacked(data: bytes, whole: bool) -> bytes:
    """What the compressed frames hold: each lies where, and is as large as, the seek table says. Of a stream that was
    killed, blocks that the table does not know yet may lie behind them."""
    assert data.startswith(HEADER)
    frames = data[len(HEADER) :]
    count, flags, magic = struct.unpack("<IBI", frames[-9:])
    assert (magic, flags & 0x7F) == (SEEKABLE, 0)
    entry = 12 if flags & 0x80 else 8
    table = len(frames) - 9 - count * entry
    assert struct.unpack("<II", frames[table - 8 : table]) == (SEEK_TABLE, count * entry + 9)
    texts, place = [], 0
    for number in range(count):
        packed, size = struct.unpack_from("<II", frames, table + number * entry)
        texts.append(zstandard.ZstdDecompressor().decompress(frames[place : place + packed], max_output_size=size))
        assert len(texts[-1]) == size
        place += packed
    if whole:
        _check_blank(frames[place : table - 8])
    return b"".join(texts)


def _check_blank(frames: bytes) -> None:
    """Between the last frame and the seek table lie skippable frames, or nothing: so that any zstd reads the file."""
    while frames:
        magic, size = struct.unpack_from("<II", frames)
        assert magic & ~0xF == SKIPPABLE
        assert len(frames) >= 8 + size
        frames = frames[8 + size :]


def _items(text: bytes) -> Iterator[dict[str, Body]]:
    opened = io.BytesIO(text)
    decoder = cbor2.CBORDecoder(opened)
    while opened.tell() < len(text):
        yield decoder.decode()


def checked(folder: Path, *, whole: bool = True, values: bool = True) -> Trace:
    """Reads a trace and asserts what its readers rely on; without `values` it gives the events of other kinds only.

    A trace that is not whole may end with open calls, and have part files: they must be whole in themselves.
    """
    metadata = json.loads((folder / "trace_metadata.json").read_text(encoding="utf-8"))
    _check_metadata(metadata, whole)
    files = sorted(folder.glob("trace.*"))
    (stream,) = (file for file in files if file.name in ("trace.json", "trace.bin"))
    assert files == [stream] or not whole, files
    check = _Check(whole, values)
    for event in read(stream, whole=whole):
        check(event)
    for part in files:
        if part != stream and part.suffix == stream.suffix:
            assert all(event.name in STORY for event in read(part, whole=False))
    paths = json.loads((folder / "trace_paths.json").read_text(encoding="utf-8"))
    assert check.trace.paths == (paths if whole else paths[: len(check.trace.paths)])
    check.end()
    return check.trace._replace(metadata=metadata)


def _check_metadata(metadata: dict[str, Any], whole: bool) -> None:
    assert isinstance(metadata["workdir"], str)
    assert isinstance(metadata["program"], str)
    assert all(isinstance(argument, str) for argument in metadata["args"])
    assert metadata["recorder"]["name"] == "codetracer_python_recorder"
    assert metadata["recorder"]["target_script"]
    assert metadata["status"] in (("complete", "recovered") if whole else ("complete", "partial", "recording"))


class _Check:
    """One pass over the events, in order."""

    def __init__(self, whole: bool, values: bool) -> None:
        self.whole = whole
        self.values = values
        self.trace = Trace([], [], [], [], [], {})
        self.lines: list[int | None] = []  # of each path; none where there is no file to look into
        self.stepped: set[int] = set()
        self.seen: set[str] = set()
        self.depth = 0
        self.roots: list[str] = []
        self.shown: set[int] = set()  # variables of the last step
        self.sound: set[bytes] = set()  # values that were checked already
        self.before: str | None = None

    def __call__(self, event: Event) -> None:
        if event.name in ("Path", "VariableName", "Type", "Function"):
            definition = json.dumps(event, sort_keys=True)
            assert definition not in self.seen, f"defined twice: {definition}"
            self.seen.add(definition)
            getattr(self, f"on_{event.name.lower()}")(event.body)
            return
        assert event.name in STORY, event.name
        getattr(self, f"on_{event.name.lower()}")(event.body)
        self.before = event.name
        if self.values or event.name != "Value":
            self.trace.events.append(event)

    def on_path(self, path: str) -> None:
        assert Path(path).is_absolute(), path
        self.trace.paths.append(path)
        self.lines.append(len(Path(path).read_bytes().splitlines()) if Path(path).is_file() else None)

    def on_variablename(self, name: str) -> None:
        assert isinstance(name, str)
        self.trace.names.append(name)

    def on_type(self, body: Body) -> None:
        assert self.trace.types or (body["kind"], body["lang_type"]) == (NONE, "None"), "type 0 must be None"
        assert isinstance(body["lang_type"], str)
        assert body["specific_info"]["kind"] in ("None", "Struct")
        for field in body["specific_info"].get("fields", ()):
            assert isinstance(field["name"], str)
            assert 0 <= field["type_id"] < len(self.trace.types) + 1
        self.trace.types.append(body)

    def on_function(self, body: Body) -> None:
        self.place(body["path_id"], body["line"])
        self.trace.functions.append(Function(self.trace.paths[body["path_id"]], body["line"], body["name"]))

    def place(self, path: int, line: int) -> None:
        assert 0 <= path < len(self.trace.paths)
        lines = self.lines[path]
        assert line >= 1, line
        assert lines is None or line <= max(lines, 1), f"{self.trace.paths[path]}:{line} is beyond its end"

    def on_call(self, body: Body) -> None:
        function = self.trace.functions[body["function_id"]]
        if self.depth == 0:
            assert function.name == "<toplevel>" if not self.roots else function.name.startswith("<thread "), function
            self.roots.append(function.name)
        assert self.before == "Step" or not self.trace.events, f"no step before the call of {function}"
        for argument in body["args"]:
            assert 0 <= argument["variable_id"] < len(self.trace.names)
            self.check_value(argument["value"])
        self.depth += 1

    def on_return(self, body: Body) -> None:
        assert self.depth > 0, "a return without a call"
        self.check_value(body["return_value"])
        self.depth -= 1

    def on_step(self, body: Body) -> None:
        assert self.trace.events, "a step before the first call"
        self.place(body["path_id"], body["line"])
        self.stepped.add(body["path_id"])
        self.shown.clear()

    def on_value(self, body: Body) -> None:
        variable = body["variable_id"]
        assert self.before in ("Step", "Value"), f"a value behind a {self.before}"
        assert 0 <= variable < len(self.trace.names)
        assert variable not in self.shown, f"{self.trace.names[variable]} twice at one step"
        self.shown.add(variable)
        self.check_value(body["value"])

    def on_event(self, body: Body) -> None:
        assert self.stepped, "an event before the first step"
        assert body["kind"] in EVENT_KINDS
        assert isinstance(body["metadata"], str)
        assert isinstance(body["content"], str)

    def check_value(self, value: Body) -> None:
        form = marshal.dumps(value, 2)  # a program shows the same values again and again
        if form not in self.sound:
            self.check_shape(value, 4)
            self.sound.add(form)

    def check_shape(self, value: Body, nesting: int) -> None:
        kind = self.trace.types[value["type_id"]]["kind"]
        fields = self.trace.types[value["type_id"]]["specific_info"].get("fields", ())
        assert nesting < MAX_NESTING
        assert (value["kind"] == "Struct") == (kind == STRUCT), value
        holds, shape = VALUES[value["kind"]]
        assert value.keys() == {"kind", "type_id", *holds}
        assert all(
            of is bool or (isinstance(value[key], of) and not isinstance(value[key], bool)) for key, of in holds.items()
        )
        if value["kind"] == "BigInt":
            base64.b64decode(value["b"], validate=True)
        if value["kind"] == "Struct":
            assert len(fields) == len(value["field_values"])
        for part in shape(value):
            self.check_shape(part, nesting + 2)

    def end(self) -> None:
        assert self.stepped or not self.whole, "no step at all"
        idle = {path for number, path in enumerate(self.trace.paths) if number not in self.stepped}
        assert not self.whole or not idle, f"paths without a step: {idle}"
        assert not self.whole or self.depth == 0, f"{self.depth} calls are still open"


def _parts(*keys: str) -> Any:
    def parts(value: Body) -> Iterator[Body]:
        for key in keys:
            yield from value[key] if isinstance(value[key], list) else [value[key]]

    return parts


# What each kind of value holds, and where values lie in it. A Float would be refused by one half of the readers.
VALUES: dict[str, tuple[dict[str, type], Any]] = {
    "Int": ({"i": int}, _parts()),
    "BigInt": ({"b": str, "negative": bool}, _parts()),
    "Bool": ({"b": bool}, _parts()),
    "String": ({"text": str}, _parts()),
    "None": ({}, _parts()),
    "Sequence": ({"elements": list, "is_slice": bool}, _parts("elements")),
    "Tuple": ({"elements": list}, _parts("elements")),
    "Struct": ({"field_values": list}, _parts("field_values")),
    "Raw": ({"r": str}, _parts()),
    "Error": ({"msg": str}, _parts()),
    "Reference": ({"dereferenced": dict, "address": int, "mutable": bool}, _parts("dereferenced")),
}
