"""Owns: what a trace must show of a value, from a plan of it (strategies.py) and limits. Must not: use the recorder.

A value is told as [kind, type, content], as the trace has it: its kind, the name of its type, and what that kind holds.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from tests.strategies import Plan
from tests.traces import Trace

Told = list[Any]
NON_EXPANDED, RECURSION = 31, 15

# A program that makes the values of plan.json, and calls `take` with each.
PROGRAM = """\
import json
class Thing: pass
MADE = {"list": list, "dict": dict, "object": Thing, "set": set, "frozenset": frozenset, "int": int, "float": float,
        "bytes": bytes.fromhex, "str": str, "bool": bool}
def take(value): pass
def main():
    with open("plan.json") as opened: plan = json.load(opened)
    nodes = []
    for kind, content in plan:
        if kind == "none": nodes.append(None)
        elif kind == "tuple": nodes.append(tuple(nodes[part] for part in content))
        elif kind in ("list", "dict", "object"): nodes.append(MADE[kind]())
        else: nodes.append(MADE[kind](content))
    for node, (kind, content) in zip(nodes, plan):
        if kind == "list": node.extend(nodes[part] for part in content)
        if kind == "dict": node.update((name, nodes[part]) for name, part in content)
        if kind == "object": node.__dict__.update((name, nodes[part]) for name, part in content)
    for node in nodes: take(node)
main()
"""


class Description:
    """Tells what must be shown of a plan's nodes."""

    def __init__(self, plan: Plan, limits: dict[str, int]) -> None:
        self.plan = plan
        self.depth = limits["depth"]
        self.items = limits["items"] or 1_000_000
        self.string = limits["string"] or 1_000_000

    def of(self, number: int, above: tuple[int, ...] = ()) -> Told:
        kind, content = self.plan[number]
        if kind not in ("list", "dict", "object", "tuple", "set", "frozenset"):
            return self.scalar(kind, content)
        name = "Thing" if kind == "object" else kind
        if number in above:
            return ["Raw", name, f"<cycle {name}>", RECURSION]
        if content and len(above) >= self.depth:
            return ["Raw", name, "<Thing>" if kind == "object" else f"<{kind} of {len(content)}>", NON_EXPANDED]
        above = (*above, number)
        if kind in ("list", "tuple"):
            parts = self.cut([self.of(part, above) for part in content])
            return ["Sequence" if kind == "list" else "Tuple", name, parts]
        if kind == "dict":
            pairs = [["Tuple", "item", [self.scalar("str", key), self.of(part, above)]] for key, part in content]
            return ["Sequence", name, self.cut(pairs)]
        if kind == "object":
            fields = [[key, self.of(part, above)] for key, part in content[: self.items]]
            more = self.cut([0] * len(content))[self.items :]
            return ["Struct", name, [*fields, *(["…", mark] for mark in more)]]
        return ["Sequence", name, len(content)]  # in what order it has its elements, only the program knows

    def cut(self, parts: list[Any]) -> list[Any]:
        more = len(parts) - self.items
        return [*parts[: self.items], ["Raw", "…", f"… {more} more", NON_EXPANDED]] if more > 0 else parts

    def scalar(self, kind: str, content: Any) -> Told:
        if kind == "none":
            return ["None", "None", None]
        if kind == "bool":
            return ["Bool", "bool", content]
        if kind == "float":
            return ["Raw", "float", content]
        if kind == "int":
            return self.number(int(content))
        if kind == "str":
            shown = re.sub("[\ud800-\udfff]", "\ufffd", content[: self.string])
            more = len(content) - self.string
            return ["String", "str (cut)", f"{shown}… (+{more} chars)"] if more > 0 else ["String", "str", shown]
        data = bytes.fromhex(content)
        more = len(data) - self.string
        shown = repr(data[: self.string])
        return ["Raw", "bytes (cut)", f"{shown}… (+{more} bytes)"] if more > 0 else ["Raw", "bytes", shown]

    def number(self, number: int) -> Told:
        if -(2**63) <= number < 2**63:
            return ["Int", "int", number]
        bits = number.bit_length()
        if (bits + 7) // 8 > self.string:
            return ["Raw", "int", f"<int of {bits} bits>", NON_EXPANDED]
        return ["BigInt", "int", number]


def shown(trace: Trace, value: dict[str, Any]) -> Told:
    """What a trace shows of a value."""
    kind = value["kind"]
    of = trace.types[value["type_id"]]
    name, type_kind, fields = of["lang_type"], of["kind"], of["specific_info"].get("fields", ())
    if kind == "Raw":
        return [kind, name, value["r"], *([type_kind] if type_kind in (NON_EXPANDED, RECURSION) else [])]
    if kind == "BigInt":
        number = int.from_bytes(base64.b64decode(value["b"]))
        return [kind, name, -number if value["negative"] else number]
    if kind == "Struct":
        parts = zip(fields, value["field_values"], strict=True)
        return [kind, name, [[field["name"], shown(trace, part)] for field, part in parts]]
    if kind in ("Sequence", "Tuple"):
        return [kind, name, [shown(trace, part) for part in value["elements"]]]
    return [kind, name, value.get("i", value.get("b", value.get("text")))]


def without_order(told: Told) -> Told:
    """The same, with sets told by their size; of a set that was cut, the mark tells it."""
    kind, name, content, *rest = told
    if kind == "Struct":
        return [kind, name, [[key, without_order(part)] for key, part in content]]
    if kind not in ("Sequence", "Tuple"):
        return told
    if name in ("set", "frozenset"):
        marks = [int(part[2].split()[1]) for part in content if part[1] == "…"]
        numbers = {part[2] for part in content if part[0] == "Int"}
        assert len(numbers) == len(content) - len(marks)
        return [kind, name, len(numbers) + sum(marks)]
    return [kind, name, [without_order(part) for part in content], *rest]
