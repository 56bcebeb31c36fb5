"""Owns: the ways to run a program that are compared, each a command. Must not: run it or know a figure."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

RIVALS = ("viztracer==1.1.1", "codetracer-python-recorder==0.3.0")
# What every way shows of a value, as far as it can be told: levels opened, items, characters.
DEPTH, ITEMS, STRING = 2, 10, 100
TIMES = 10
"""How much more work shows what skipped code costs, apart from the start."""

Command = Callable[[Path, Path], list[str]]


class Way(NamedTuple):
    """One way to run a program: `command(script, folder)` leaves what it writes in the folder."""

    name: str
    command: Command
    pythonpath: tuple[Path, ...] = ()
    rival: bool = False
    times: int = 1
    """How often the program does its work; the programs of the suite only."""


def plain(script: Path, _out: Path) -> list[str]:
    return [sys.executable, str(script)]


def recorded(*options: str) -> Command:
    limits = f"limits = {{depth = {DEPTH}, items = {ITEMS}, string = {STRING}}}"

    def command(script: Path, out: Path) -> list[str]:
        recorder = [sys.executable, "-m", "codetracer_python_recorder", "--isolated", "--trace-dir", str(out)]
        return [*recorder, "--config", limits, *options, str(script)]

    return command


def own_ways() -> list[Way]:
    skipped = recorded("--exclude", "/**")
    return [
        Way("plain", plain),
        Way("recorded, JSON", recorded("--format", "json")),
        Way("recorded, JSON, no redaction", recorded("--format", "json", "--config", "redact.enabled = false")),
        Way("recorded, binary", recorded("--format", "binary")),
        Way("skipped", skipped),
        Way(f"plain, {TIMES} times the work", plain, times=TIMES),
        Way(f"skipped, {TIMES} times the work", skipped, times=TIMES),
    ]


def baseline(way: Way) -> str:
    """The plain way that a way is compared to."""
    return "plain" if way.times == 1 else f"plain, {way.times} times the work"


def floor(sources: Path, cache: Path) -> Way:
    """The floor prototype, compiled from `sources` (`floor.c` and its starter `rec.py`)."""
    module = cache / f"floor{sysconfig.get_config_var('EXT_SUFFIX')}"
    include = f"-I{sysconfig.get_path('include')}"
    subprocess.run(
        ["cc", "-O2", "-w", "-shared", "-fPIC", include, str(sources / "floor.c"), "-o", str(module)], check=True
    )

    def command(script: Path, out: Path) -> list[str]:
        limits = ["/usr/bin/env", f"D={DEPTH}", f"N={ITEMS}"]
        return [*limits, sys.executable, str(sources / "rec.py"), str(out / "trace.json"), str(script)]

    return Way("floor", command, (cache,))


def rivals(cache: Path) -> list[Way]:
    """Other recorders from PyPI, in an environment of their own: one of them has our names."""
    folder = cache / f"rivals-{sysconfig.get_python_version()}"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *RIVALS], check=True)

    def viztracer(script: Path, out: Path) -> list[str]:
        return [str(python), "-m", "viztracer", "--quiet", "-o", str(out / "trace.json"), str(script)]

    def codetracer(form: str) -> Command:
        recorder = [str(python), "-m", "codetracer_python_recorder", "--format", form, "--trace-dir"]
        return lambda script, out: [*recorder, str(out), str(script)]

    name = RIVALS[1].replace("==", " ")
    return [
        Way(f"{RIVALS[0].replace('==', ' ')} (calls)", viztracer, rival=True),
        Way(f"{name}, JSON", codetracer("json"), rival=True),
        Way(f"{name}, binary", codetracer("binary"), rival=True),
    ]
