"""Owns: the rounds, the medians and the table. Must not: know how a way runs a program.

Every round runs every program in every way once, so that what disturbs the machine disturbs all alike; the table shows
medians, and ratios of medians. Rivals, which are slow, run in the first round only.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import NamedTuple

import programs
import ways

HERE = Path(__file__).parent
REPORT = HERE.parent / "docs" / "performance.md"
SECONDS = 60  # after which a run is given up
MEMORY = 6 << 30  # bytes of address space that a run gets
MEGABYTE = 1e6


class Run(NamedTuple):
    """What one run took: seconds, seconds, bytes of memory, bytes of trace; `failed` says why it does not count."""

    wall: float
    cpu: float
    peak: float
    size: float
    failed: str


Results = dict[tuple[str, str], list[Run]]


def environment(way: ways.Way) -> dict[str, str]:
    path = os.pathsep.join(map(str, [HERE / "stand_in", *way.pythonpath]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore", "TIMES": str(way.times)}


def run(way: ways.Way, script: Path, out: Path) -> Run:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    measure = [sys.executable, "-I", "-S", str(HERE / "measure.py"), str(SECONDS), str(MEMORY)]
    done = subprocess.run(
        [*measure, *way.command(script, out)], env=environment(way), cwd=out.parent, capture_output=True, text=True
    )
    wall, cpu, peak, status = done.stdout.split()
    size = sum(file.stat().st_size for file in out.iterdir())
    failed = ""
    if float(wall) >= SECONDS:
        failed = f"not done in {SECONDS} s"
    elif int(status):
        failed = f"failed, status {status}"
        print(f"{way.name}: {' '.join(done.stderr.splitlines()[-1:])}", file=sys.stderr)
    return Run(float(wall), float(cpu), float(peak), size, failed)


def count_lines(script: Path) -> int:
    count = [sys.executable, str(HERE / "count.py"), str(script)]
    done = subprocess.run(count, env=environment(ways.Way("count", ways.plain)), capture_output=True, text=True)
    return int(done.stderr.split()[-1])


def measure(scripts: dict[str, Path], compared: list[ways.Way], rounds: int, cache: Path) -> Results:
    results: Results = defaultdict(list)
    for number in range(rounds):
        for program, script in scripts.items():
            print(f"round {number + 1} of {rounds}: {program}", file=sys.stderr)
            for way in compared:
                if script == programs.LONG and way.times > 1:
                    continue
                if number == 0 or not (way.rival or script == programs.LONG):
                    results[program, way.name].append(run(way, script, cache / "out"))
    return results


def row(name: str, runs: list[Run], plain: float, floor: float | None, plain_peak: float, lines: int) -> str:
    failed = next((one.failed for one in runs if one.failed), "")
    wall, cpu, peak, size = (median(values) for values in list(zip(*runs, strict=True))[:4])
    cells = [
        name,
        failed or f"{wall:.3f}",
        "" if failed else f"{wall / plain:.2f}",
        "" if failed or not floor else f"{wall / floor:.2f}",
        f"{cpu:.3f}",
        f"{peak / MEGABYTE:.0f}",
        f"{(peak - plain_peak) / MEGABYTE:+.0f}",
        f"{size / MEGABYTE:.1f}",
        f"{size / lines:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def table(program: str, lines: int, compared: list[ways.Way], results: Results) -> list[str]:
    runs = {way: results[program, way.name] for way in compared if results[program, way.name]}
    walls = {way.name: median(one.wall for one in of) for way, of in runs.items()}
    peak = median(one.peak for one in results[program, "plain"])
    return [
        f"### {program}: {lines:,} lines",
        "",
        "| | wall, s | to plain | to floor | CPU, s | peak RSS, MB | over plain | trace, MB | bytes a line |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(
            row(way.name, of, walls[ways.baseline(way)], walls.get("floor"), peak, way.times * lines)
            for way, of in runs.items()
        ),
        "",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Times and sizes of recorded programs beside plain ones and rivals.")
    known = ", ".join([*programs.NAMES, programs.LONG.stem])
    parser.add_argument("programs", nargs="*", help=f"of {known}; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--floor", type=Path, help="folder of the floor prototype's sources")
    parser.add_argument("--no-rivals", action="store_true")
    parser.add_argument("--report", action="store_true", help=f"write {REPORT.name} too")
    parser.add_argument("--cache", type=Path, required=True, help="folder for programs, environments, traces")
    options = parser.parse_args()

    cache = options.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    scripts = programs.fetch(cache)
    scripts = {name: scripts[name] for name in options.programs or scripts}
    compared = ways.own_ways()
    if options.floor:
        compared.insert(1, ways.floor(options.floor.resolve(), cache))
    if not options.no_rivals:
        compared += ways.rivals(cache)
    results = measure(scripts, compared, options.rounds, cache)

    machine = (
        f"CPython {platform.python_version()}, {platform.system()} on {platform.machine()}, {os.cpu_count()} cores"
    )
    limits = f"values to depth {ways.DEPTH}, {ways.ITEMS} items, {ways.STRING} characters"
    text = [f"{machine}; medians of {options.rounds} rounds (rivals and the long program: one); {limits}.", ""]
    for program, script in scripts.items():
        text += table(program, count_lines(script), compared, results)
    print("\n".join(text))
    if options.report:
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text("\n".join(["# Performance", "", "Written by `make bench REPORT=1`.", "", *text]))


main()
