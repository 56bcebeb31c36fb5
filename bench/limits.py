"""Owns: what the limits of values cost: the evidence for the default ones. Must not: know how a program is run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import ways

COMPARED = ((1, 20, 200), (2, 10, 100), (2, 20, 200), (2, 50, 500), (3, 20, 200), (3, 50, 500), (5, 100, 2000))
"""Levels, items, characters."""


class Run(Protocol):
    """What is used of a run: seconds, and bytes of trace."""

    @property
    def wall(self) -> float: ...
    @property
    def size(self) -> float: ...
    @property
    def failed(self) -> str: ...


def table(names: list[str], run: Callable[[ways.Way, str], Run], lines: dict[str, int], out: Path) -> list[str]:
    """A row for each limits, a column for each program; a run leaves its trace in `out`."""
    plain = {name: run(ways.Way("plain", ways.plain), name).wall for name in names}
    rows = []
    for depth, items, string in COMPARED:
        limits = f"limits = {{depth = {depth}, items = {items}, string = {string}}}"
        way = ways.Way(limits, ways.recorded("--config", limits, "--format", "binary"))
        cells = []
        for name in names:
            done = run(way, name)
            if done.failed:
                cells.append(done.failed)
                continue
            counters = json.loads((out / "trace_metadata.json").read_bytes())["counters"]
            cut = sum(counters["truncations"].values())
            of_line = f"{done.size / lines[name]:.1f} B, {cut / lines[name]:.1f}"
            cells.append(f"×{done.wall / plain[name]:.0f}, {of_line}")
        rows.append(f"| {depth} / {items} / {string} | {' | '.join(cells)} |")
    return [
        "### Limits of values, compared",
        "",
        "Levels opened / items of a container / characters of a text, recorded in the binary form: time to plain,",
        "bytes a line, values that were cut a line. One run each.",
        "",
        f"| | {' | '.join(names)} |",
        "| --- " * (len(names) + 1) + "|",
        *rows,
        "",
        "1 / 20 / 200, the default, shows what each variable, argument and result holds, and of what that holds type",
        "and size: the lines of a program mostly have what they work with in a variable of its own. A rule, or",
        "`limits.depth`, raises it where more must be seen (policy.md); the other rows show what that costs.",
        "",
    ]
