"""Owns: that the story a trace tells is the one that `oracle_sequence.py` tells, in order. Must not: run programs.

The recorder adds steps to those of the interpreter (docs/trace.md). From the records alone these are:
- the step before each call: it stands at the `def`, or where what goes on was suspended;
- what is directly in a root call, since no code stands behind it;
- maybe a step on the line where its frame is already, with an event or the frame's end directly behind it. The
  interpreter too tells a line twice where code goes on from one line to the same, so such a step may be either.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from tests.traces import Trace

ERROR = 11
UNTOLD = ("<left unseen>", "<still open>")  # returns that stand for ends the interpreter did not tell
LONGEST = 1_600  # bits of an int, beyond which the oracle does not show it
OPENED = ("call", "resume", "throw")

Told = list[Any]  # an event of the oracle
Value = list[str] | None
Locals = dict[str, Value]


@dataclass
class Item:
    """A record of a trace in the oracle's terms; its fields mean what the kind says there."""

    kind: str
    what: Any = None
    line: int = 0
    names: Locals | None = None
    is_certain: bool = True


@dataclass
class Call:
    """A call that is open: whether it is of a function, the line it is on, and what it showed at its last step."""

    is_function: bool
    line: int | None
    names: Locals | None = None


@dataclass
class Reader:
    """One pass over a trace: the items of each root."""

    trace: Trace
    roots: list[list[Item]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def read(self) -> list[list[Item]]:
        place = 0
        while place < len(self.trace.events):
            name, body = self.trace.events[place]
            place += 1
            if name == "Step":
                names: Locals = {}
                while self.follows(place) == "Value":
                    value = self.trace.events[place].body
                    names[self.trace.names[value["variable_id"]]] = self.described(value["value"])
                    place += 1
                self.step(body["line"], names, self.follows(place))
            elif name == "Call":
                self.call(body, self.trace.events[place - 2].body.get("line") if place > 1 else None)
            elif name == "Return":
                self.end(body["return_value"])
            elif body["kind"] == ERROR and len(self.calls) > 1:
                self.roots[-1].append(Item("raised", class_of(body["content"])))
        return self.roots

    def follows(self, place: int) -> str:
        return self.trace.events[place].name if place < len(self.trace.events) else "Return"

    def step(self, line: int, names: Locals, follows: str) -> None:
        if len(self.calls) == 1 or follows == "Call":
            return
        call = self.calls[-1]
        is_certain = line != call.line or follows not in ("Event", "Return")
        self.roots[-1].append(Item("step", line=line, names=names, is_certain=is_certain))
        call.line, call.names = line, names

    def call(self, body: dict[str, Any], before: int | None) -> None:
        path, line, name = self.trace.functions[body["function_id"]]
        arguments = {self.trace.names[part["variable_id"]]: self.described(part["value"]) for part in body["args"]}
        if not self.calls:
            self.roots.append([])
        elif not name.endswith(" (resumed)"):
            self.roots[-1].append(Item("call", [path, line, name], before or 0, arguments))
        else:
            kind = "throw" if [*arguments] == ["thrown"] else "resume"
            self.roots[-1].append(Item(kind, [path, line, name.removesuffix(" (resumed)")], before or 0))
        self.calls.append(Call(not name.startswith("<module>"), before if name.endswith(" (resumed)") else None))

    def end(self, value: dict[str, Any]) -> None:
        call = self.calls.pop()
        if self.calls:
            kind, what = self.ended(value)
            self.roots[-1].append(Item(kind, what, names=call.names))

    def ended(self, value: dict[str, Any]) -> tuple[str, Any]:
        kind, of = value["kind"], self.trace.types[value["type_id"]]["lang_type"]
        if kind == "Raw" and value["r"] in UNTOLD:
            return "untold", None
        if kind == "Struct" and of == "yield":
            return "yield", self.described(value["field_values"][0])
        if kind == "Struct" and of == "await":
            return "await", None
        if kind == "Error" and of == "raise":
            return "raise", class_of(value["msg"])
        return "return", self.described(value)

    def described(self, value: dict[str, Any]) -> Value:
        """A value as the oracle has it."""
        kind, of = value["kind"], self.trace.types[value["type_id"]]["lang_type"]
        if kind == "Int" and of == "int":
            return ["int", str(value["i"])]
        if kind == "BigInt" and of == "int":
            number = int.from_bytes(base64.b64decode(value["b"]))
            signed = -number if value["negative"] else number
            return ["int", str(signed)] if number.bit_length() <= LONGEST else None
        if kind == "String" and of == "str":
            return ["str", value["text"]]
        if kind == "Bool":
            return ["bool", str(value["b"])]
        if kind == "None":
            return ["NoneType", "None"]
        return ["float", value["r"]] if kind == "Raw" and of == "float" else None


def class_of(text: str) -> str:
    """The class's name in the text of an exception."""
    return text.partition(":")[0].rpartition(".")[2]


def same_names(told: Locals, seen: Locals) -> bool:
    """Whether a step shows what the oracle says; of modules and class bodies that says scalars only."""
    scalars = {name: value for name, value in seen.items() if value is not None}
    return seen == told or (scalars == told and None not in told.values())


def agree(told: Told, item: Item) -> bool:
    """Whether a record tells of the oracle's event."""
    if told[0] != item.kind:
        return False
    if item.kind == "step":
        return bool(told[1] == item.line and item.names is not None and same_names(told[2], item.names))
    if item.kind == "raised":
        return bool(told[1] == item.what)
    if item.kind in OPENED:
        same_place: bool = told[1:4] == item.what
        if item.kind == "call":
            arguments = item.names or {}
            return same_place and item.line == told[2] and arguments.items() <= {**told[4]}.items()
        return same_place and bool(item.line == told[4])
    if item.what != told[1]:
        return False
    # A frame that changed after its last step has shown its last state.
    return told[2] == told[3] if item.names is None else same_names(told[2], item.names)


def difference(wanted: list[Told], found: list[Item]) -> str | None:
    """Where a thread's story in the trace leaves that of the oracle; none if it never does.

    A step that may be the recorder's own is taken both ways: `places` are all the events of the oracle that the next
    record may tell of.
    """
    places = {0}
    for number, item in enumerate(found):
        after = {place + 1 for place in places if place < len(wanted) and agree(wanted[place], item)}
        if not item.is_certain:
            after |= places
        if not after:
            return _told(wanted, found, max(places), number)
        places = after
    return None if len(wanted) in places else _told(wanted, found, max(places), len(found))


def _told(wanted: list[Told], found: list[Item], place: int, number: int) -> str:
    before = "\n".join(f"    {item}" for item in found[max(number - 6, 0) : number])
    now = f"  told:     {wanted[place] if place < len(wanted) else 'the end'}"
    seen = f"  recorded: {found[number] if number < len(found) else 'the end'}"
    return f"record {number}, event {place}, behind\n{before}\n{now}\n{seen}"


def differences(wanted: list[list[Told]], trace: Trace) -> list[str]:
    """Where the threads' stories differ. Threads that are not the main thread come in any order."""
    roots = [items for items in Reader(trace).read() if items]
    if len(roots) != len(wanted):
        return [f"{len(wanted)} threads ran, {len(roots)} are recorded"]
    found = []
    for number, thread in enumerate(wanted):
        tries = [difference(thread, items) for items in (roots[:1] if number == 0 else roots)]
        same = tries.index(None) if None in tries else 0
        found.append(tries[same])
        roots.pop(same)
    return [text for text in found if text]
