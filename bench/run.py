"""Owns: the rounds, the medians and the tables. Must not: know how a way runs a program.

Every round runs every program in every way once, so that what disturbs the machine disturbs all alike; the tables show
medians, and ratios of medians, and beside these ratios of what took least, which a busy machine disturbs less. What
took long in the first round runs in that one only; what took little runs in further rounds: a machine that is slow for
some seconds falls upon all of a short run. Every second round goes through the ways backwards: what one leaves behind
(files on their way to the disk, memory that a virtual machine has not yet given back to its host, which costs up to
12 us a page to get again) does not always meet the same next one.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections import defaultdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import costs
import depths
import limits
import programs
import ways

HERE = Path(__file__).parent
REPORT = HERE.parent / "docs" / "performance.md"
SECONDS = 60  # after which a run is given up
LONG = 15  # seconds of a run that is not repeated
SHORT = 1  # seconds of a run that is repeated in further rounds
MORE = 3  # rounds of these for each of the others
MEMORY = 6 << 30  # bytes of address space that a run gets
MEGABYTE = 1e6
NANOSECONDS = 1e9


class Run(NamedTuple):
    """What one run took: seconds, seconds, bytes of memory, bytes of trace; `failed` says why it does not count."""

    wall: float
    cpu: float
    peak: float
    size: float
    failed: str


class Work(NamedTuple):
    """What a program does: lines of its own files, calls of their functions."""

    lines: int
    calls: int


Results = dict[tuple[str, str], list[Run]]


class Bench:
    """Programs, as commands, below a folder for what is fetched and written."""

    def __init__(self, cache: Path, names: list[str]) -> None:
        self.cache = cache
        self.out = cache / "out"
        scripts = programs.fetch(cache)
        self.commands = {name: [str(scripts[name]), *programs.PROGRAMS[name].arguments] for name in names}

    def environment(self, way: ways.Way) -> dict[str, str]:
        path = [HERE / "stand_in", programs.libraries(self.cache), *way.pythonpath]
        own = {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONWARNINGS": "ignore", "TIMES": str(way.times)}
        return {**os.environ, **own}

    def run(self, way: ways.Way, program: str) -> Run:
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        measure = [sys.executable, "-I", "-S", str(HERE / "measure.py"), str(SECONDS), str(MEMORY)]
        command = [*measure, *way.command(self.commands[program], self.out)]
        done = subprocess.run(command, env=self.environment(way), cwd=self.cache, capture_output=True, text=True)
        wall, cpu, peak, status = done.stdout.split()
        failed = ""
        if float(wall) >= SECONDS:
            failed = f"not done in {SECONDS} s"
        elif int(status):
            failed = f"failed, status {status}"
            print(f"{way.name}: {' '.join(done.stderr.splitlines()[-1:])}", file=sys.stderr)
        size = sum(file.stat().st_size for file in self.out.rglob("*") if file.is_file())
        return Run(float(wall), float(cpu), float(peak), size, failed)

    def work(self, program: str) -> Work:
        command = [sys.executable, str(HERE / "count.py"), *self.commands[program]]
        environment = self.environment(ways.Way("count", ways.plain))
        done = subprocess.run(command, env=environment, cwd=self.cache, capture_output=True, text=True)
        return Work(*map(int, done.stderr.split()[-2:]))

    def measure(self, compared: list[ways.Way], rounds: int) -> Results:
        results: Results = defaultdict(list)
        in_all = rounds * MORE
        for number in range(in_all):
            ordered = compared[::-1] if number % 2 else compared
            limit = LONG if number < rounds else SHORT
            for name in self.commands:
                print(f"round {number + 1} of {in_all}: {name}", file=sys.stderr)
                program = programs.PROGRAMS[name]
                for way in ordered:
                    runs = results[name, way.name]
                    if (program.repeats or not way.once) and (not runs or runs[0].wall < limit):
                        runs.append(self.run(way, name))
        return results


COLUMNS = (
    "wall, s",
    "least – most",
    "to plain",
    "least to plain's",
    "to floor",
    "least to floor's",
    "CPU, s",
    "CPU to plain's",
    "ns a line",
    "ns a call",
    "peak RSS, MB",
    "over plain",
    "trace, MB",
    "bytes a line",
)


class Table:
    """The rows of one program."""

    def __init__(self, name: str, work: Work, compared: list[ways.Way], results: Results) -> None:
        self.name = name
        self.work = work
        self.ways = [way for way in compared if results[name, way.name]]
        self.runs = {way.name: results[name, way.name] for way in self.ways}
        self.medians = {
            way: Run(
                wall=median(run.wall for run in runs),
                cpu=median(run.cpu for run in runs),
                peak=median(run.peak for run in runs),
                size=median(run.size for run in runs),
                failed=next((run.failed for run in runs if run.failed), ""),
            )
            for way, runs in self.runs.items()
        }

    def text(self) -> list[str]:
        about = programs.PROGRAMS[self.name].about
        head = f"### {self.name} ({about}): {self.work.lines:,} lines, {self.work.calls:,} calls"
        columns = [f"| | {' | '.join(COLUMNS)} |", "| --- " * (len(COLUMNS) + 1) + "|"]
        return [head, "", *columns, *map(self.row, self.ways), *self.growth(), ""]

    def row(self, way: ways.Way) -> str:
        run, plain = self.medians[way.name], self.medians[way.baseline]
        floor = self.medians.get("floor") if not way.once else None
        walls = [one.wall for one in self.runs[way.name]]
        more = (run.wall - plain.wall) * NANOSECONDS / way.times
        lines = way.times * self.work.lines
        of_time = [
            f"{run.wall:.3f}",
            f"{min(walls):.3f} – {max(walls):.3f}" if len(walls) > 1 else "",
            *self.ratios(way.name, way.baseline),
            *(self.ratios(way.name, "floor") if floor and not floor.failed else ["", ""]),
            f"{run.cpu:.3f}",
            f"{run.cpu / plain.cpu:.2f}",
            f"{more / self.work.lines:.0f}" if not way.calls else "",
            f"{more / self.work.calls:.0f}" if way.calls else "",
        ]
        of_space = [
            f"{run.peak / MEGABYTE:.0f}",
            f"{(run.peak - plain.peak) / MEGABYTE:+.0f}",
            f"{run.size / MEGABYTE:.1f}",
            f"{run.size / lines:.1f}",
        ]
        if run.failed:
            of_time = [run.failed, *[""] * (len(of_time) - 1)]
        return f"| {' | '.join([way.name, *of_time, *of_space])} |"

    def ratios(self, way: str, other: str) -> list[str]:
        """Of the medians of wall time, and of what took least in the rounds that both ran in, if these were several."""
        medians = self.medians[way].wall / self.medians[other].wall
        both = [(one.wall, by.wall) for one, by in zip(self.runs[way], self.runs[other], strict=False)]
        ours, others = map(min, zip(*both, strict=True))
        return [f"{medians:.2f}", f"{ours / others:.2f}" if len(both) > 1 else ""]

    def growth(self) -> list[str]:
        """How time and memory grow with the work."""
        found = []
        for way in self.ways:
            less, more = self.medians.get(way.once), self.medians[way.name]
            if less and not less.failed and not more.failed:
                peaks = f"{(more.peak - less.peak) / MEGABYTE:+.0f} MB"
                found.append(f"{way.once}: time ×{more.wall / less.wall:.2f}, peak RSS {peaks}")
        return ["", f"With {ways.TIMES} times the work: {'; '.join(found)}."] if found else []


def replaced(report: str, sections: list[str]) -> str:
    """The report with these sections in the place of those of the same name."""
    fresh = {section.partition(" ")[0]: section for section in "\n".join(sections).split("### ")[1:]}
    head, *old = report.split("### ")
    return "### ".join([head, *(fresh.get(section.partition(" ")[0], section) for section in old)])


def main() -> None:
    parser = argparse.ArgumentParser(description="Times and sizes of recorded programs beside plain ones and rivals.")
    parser.add_argument("programs", nargs="*", help=f"of {', '.join(programs.PROGRAMS)}; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--floor", type=Path, help="folder of the floor prototype's sources")
    parser.add_argument("--no-rivals", action="store_true")
    parser.add_argument(
        "--no-costs", action="store_true", help="not what limits, start, end, a decision and reading take"
    )
    parser.add_argument(
        "--report", action="store_true", help=f"write {REPORT.name} too, or the tables of chosen programs in it"
    )
    parser.add_argument("--cache", type=Path, required=True, help="folder for programs, environments, traces")
    options = parser.parse_args()

    cache = options.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    bench = Bench(cache, options.programs or list(programs.PROGRAMS))
    compared = ways.own_ways()
    floor = partial(ways.floor, options.floor.resolve(), cache) if options.floor else None
    if floor:
        compared.insert(1, floor(ways.DEPTH))
    if not options.no_rivals:
        compared += ways.rivals(cache)
    results = bench.measure(compared, options.rounds)

    machine = (
        f"CPython {platform.python_version()}, {platform.system()} on {platform.machine()}, {os.cpu_count()} cores"
    )
    shown = (
        f"values to depth {ways.DEPTH}, {ways.ITEMS} items, {ways.STRING} characters where no other limits are named"
    )
    many = options.rounds * MORE
    rounds = f"medians of {options.rounds} rounds, {many} of what takes less than {SHORT} s, one of what takes {LONG} s"
    text = [f"{machine}; {rounds}; {shown}.", ""]
    text += [
        "*to plain*, *to floor*: ratios of medians; *least to …*: of what took least in the rounds that both ran",
        "in, which a busy machine disturbs less. *ns a line*, *ns a call*: what is more than plain, by the lines",
        "that run, or by the calls where these alone are recorded.",
        "",
    ]
    works = {program: bench.work(program) for program in bench.commands}
    tables = [line for program in works for line in Table(program, works[program], compared, results).text()]
    text += tables
    if options.report and options.programs:
        print("\n".join(text))
        REPORT.write_text(replaced(REPORT.read_text(), [*tables, ""]))
        return
    if floor:
        text += depths.table(bench.commands, floor, bench.run, many)
    if not options.no_costs:
        short = [program for program in works if not programs.PROGRAMS[program].long]
        lines = {program: works[program].lines for program in short}
        text += limits.table(short, bench.run, lines, bench.out)
        text += costs.table(cache, options.rounds)
    print("\n".join(text))
    if options.report:
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text("\n".join(["# Performance", "", "Written by `make bench REPORT=1`.", "", *text]))


main()
