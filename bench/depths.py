"""Owns: the recorder beside the floor prototype, with one level of values opened and with two. Must not: know how a
program is run.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from statistics import median
from typing import Protocol

import ways

PROGRAMS = ("deltablue", "telco", "hexiom")
DEPTHS = (1, 2)


class Run(Protocol):
    """What is used of a run: seconds."""

    @property
    def wall(self) -> float: ...
    @property
    def failed(self) -> str: ...


RunOnce = Callable[[ways.Way, str], Run]


def table(names: Container[str], floor_of: Callable[[int], ways.Way], run: RunOnce, rounds: int) -> list[str]:
    """A row for each of the programs that is compared, and depth; every round runs each way once."""
    rows = []
    for program in [name for name in PROGRAMS if name in names]:
        for depth in DEPTHS:
            compared = [floor_of(depth), *ways.with_limits(depth)]
            runs = [[run(way, program) for way in compared] for _ in range(rounds)]
            failed = next((one.failed for each in runs for one in each if one.failed), "")
            if failed:
                rows.append(f"| {program}, {depth} | {failed} |")
                continue
            floor, *ours = ([one.wall for one in each] for each in zip(*runs, strict=True))
            cells = [f"{median(floor):.3f}"]
            for walls in ours:
                cells += [
                    f"{median(walls):.3f}",
                    f"{median(walls) / median(floor):.2f}",
                    f"{min(walls) / min(floor):.2f}",
                ]
            rows.append(f"| {program}, {depth} | {' | '.join(cells)} |")
    columns = [f"{form}{what}" for form in ("JSON", "binary") for what in (", s", " to floor", ", least to least")]
    return [
        "### Beside the floor, by levels of values",
        "",
        f"| | floor, s | {' | '.join(columns)} |",
        "| --- " * (len(columns) + 2) + "|",
        *rows,
        "",
    ]
