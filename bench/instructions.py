"""Owns: how many instructions the recorder takes for small fixed programs, and that these do not become more.

usage: instructions.py [--write]
Compares with instructions.json, or writes it anew: after a change that is worth its price, or with another interpreter
or compiler. Exit status 1 if a count is more than TOLERANCE above the one that is committed.

Counts repeat where times do not: callgrind runs one thread at a time on a processor that it makes up, addresses and
hashes are always the same, and what the interpreter itself takes is counted apart and taken off. They hold for one
build of the interpreter and one compiler, which the file names; with others there is nothing to compare, which is said.
Must not: measure time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
FILE = HERE / "instructions.json"
TOLERANCE = 0.03
RECORDER = ["-m", "codetracer_python_recorder", "--isolated", "--format", "json", "--trace-dir"]
# The options that each is recorded with. The first does nothing: its count is that of start and end.
PROGRAMS: dict[str, list[str]] = {"start": [], "lines": [], "values": [], "calls": [], "skipped": ["--exclude", "/**"]}
WRITER = "lines, writer"
TICKS = 10_000_000  # that the writer takes more where the clock is faster
SUMMARY = re.compile(r"^summary: (\d+)", re.MULTILINE)


class Count(NamedTuple):
    """Instructions of the program's thread, and of all others: the writer's."""

    program: int
    writer: int


def instructions(folder: Path, name: str, *arguments: str) -> Count:
    """All that a run of the interpreter takes."""
    callgrind = ["valgrind", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={name}.counted"]
    command = ["setarch", "-R", *callgrind, sys.executable, *arguments]
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench/instructions.py: {' '.join(command)}: {done.stderr}")
    first, *others = (SUMMARY.search(file.read_text()) for file in sorted(folder.glob(f"{name}.counted-*")))
    assert first, f"{name}: callgrind says nothing of the first thread"
    return Count(int(first[1]), sum(int(other[1]) for other in others if other))


def count() -> dict[str, int]:
    """What recording adds to each program, without what it takes to start; and what is done beside it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name_of_folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder, runs = Path(name_of_folder), {}
        for name, options in PROGRAMS.items():
            # Nothing that lies beside it is read, and its path is as long everywhere.
            script = Path(shutil.copy(HERE / "counted" / f"{name}.py", folder)).name
            recorder = [*RECORDER, f"trace-{name}", *options]
            plain = pool.submit(instructions, folder, f"plain-{name}", script)
            runs[name] = pool.submit(instructions, folder, name, *recorder, script), plain
        counts = {name: recorded.result().program - plain.result().program for name, (recorded, plain) in runs.items()}
        writer = runs["lines"][0].result().writer
    alone = {name: counted - (name != "start") * counts["start"] for name, counted in counts.items()}
    return {**alone, WRITER: writer}


def build() -> str:
    """The interpreter and the compiler, without which a count tells nothing."""
    compiler = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return f"CPython {' '.join(sys.version.split())}; {compiler}"


def main() -> int:
    if not shutil.which("valgrind") or not shutil.which("setarch"):
        sys.exit(
            "bench/instructions.py: valgrind or setarch is not here; on Debian: apt-get install valgrind util-linux"
        )
    counts = count()
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(json.dumps({"build": build(), "instructions": counts}, indent=4) + "\n", encoding="utf-8")
    committed = json.loads(FILE.read_text(encoding="utf-8"))
    of_file = committed["instructions"]
    more = {name: counted / of_file[name] - 1 for name, counted in counts.items()}
    for name, counted in counts.items():
        print(f"{name:13} {counted:12,} instructions {more[name]:+.2%}")
    if committed["build"] != build():
        print(f"not compared: {FILE.name} is of\n    {committed['build']}, this is\n    {build()}")
        return 0
    most = {name: before * (1 + TOLERANCE) + (name == WRITER) * TICKS for name, before in of_file.items()}
    slower = [name for name in counts if counts[name] > most[name]]
    if slower:
        way_out = "make it cheaper, or see that it is worth it and commit what `make bench-check ARGS=--write` writes"
        print(f"{FILE.name}: {', '.join(slower)}: more than {TOLERANCE:.0%} above what is committed: {way_out}")
    elif min(more[name] for name in PROGRAMS) < -TOLERANCE:
        print(f"{FILE.name}: cheaper by more than {TOLERANCE:.0%}: `make bench-check ARGS=--write` keeps it so")
    return bool(slower)


sys.exit(main())
