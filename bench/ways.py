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

Command = Callable[[list[str], Path], list[str]]


class Way(NamedTuple):
    """One way to run a program: `command([script, argument, …], folder)` leaves what it writes in the folder."""

    name: str
    command: Command
    pythonpath: tuple[Path, ...] = ()
    calls: bool = False
    """Records no lines."""
    once: str = ""
    """The way that this one is, with more work."""

    @property
    def times(self) -> int:
        """How often the program does its work."""
        return TIMES if self.once else 1

    @property
    def baseline(self) -> str:
        """The plain way that this one is compared to."""
        return _more("plain").name if self.once else "plain"


def _more(name: str, command: Command | None = None) -> Way:
    return Way(f"{name}, {TIMES} times the work", command or plain, once=name)


def plain(program: list[str], _out: Path) -> list[str]:
    return [sys.executable, *program]


def recorded(*options: str) -> Command:
    def command(program: list[str], out: Path) -> list[str]:
        recorder = [sys.executable, "-m", "codetracer_python_recorder", "--isolated", "--trace-dir", str(out)]
        return [*recorder, *options, *program]

    return command


def _limits(depth: int) -> tuple[str, str]:
    return ("--config", f"limits = {{depth = {depth}, items = {ITEMS}, string = {STRING}}}")


def with_limits(depth: int) -> list[Way]:
    """Both forms, this many levels opened."""
    return [Way(form, recorded(*_limits(depth), "--format", form)) for form in ("json", "binary")]


def own_ways() -> list[Way]:
    limits = _limits(DEPTH)
    json, binary = recorded(*limits, "--format", "json"), recorded(*limits, "--format", "binary")
    skipped = recorded("--exclude", "/**")
    return [
        Way("plain", plain),
        Way("recorded, JSON", json),
        Way(
            "recorded, JSON, no redaction", recorded(*limits, "--format", "json", "--config", "redact.enabled = false")
        ),
        Way("recorded, binary", binary),
        Way("recorded, JSON, default limits", recorded("--format", "json")),
        Way("recorded, binary, default limits", recorded("--format", "binary")),
        Way("recorded, calls alone, binary", recorded(*limits, "--config", "record = 'calls'"), calls=True),
        Way("skipped", skipped),
        _more("plain"),
        _more("skipped", skipped),
        _more("recorded, binary", binary),
    ]


def floor(sources: Path, cache: Path, depth: int) -> Way:
    """The floor prototype, compiled from `sources` (`floor.c` and its starter `rec.py`)."""
    module = cache / f"floor{sysconfig.get_config_var('EXT_SUFFIX')}"
    include = f"-I{sysconfig.get_path('include')}"
    subprocess.run(
        ["cc", "-O2", "-w", "-shared", "-fPIC", include, str(sources / "floor.c"), "-o", str(module)], check=True
    )

    def command(program: list[str], out: Path) -> list[str]:
        limits = ["/usr/bin/env", f"D={depth}", f"N={ITEMS}"]
        return [*limits, sys.executable, str(sources / "rec.py"), str(out / "trace.json"), *program]

    return Way("floor", command, (cache,))


def rivals(cache: Path) -> list[Way]:
    """Other recorders from PyPI, in an environment of their own: one of them has our names."""
    folder = cache / f"rivals-{sysconfig.get_python_version()}"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *RIVALS], check=True)

    def viztracer(program: list[str], out: Path) -> list[str]:
        return [str(python), "-m", "viztracer", "--quiet", "-o", str(out / "trace.json"), "--", *program]

    def codetracer(form: str) -> Command:
        recorder = [str(python), "-m", "codetracer_python_recorder", "--format", form, "--trace-dir"]
        return lambda program, out: [*recorder, str(out), *program]

    name = RIVALS[1].replace("==", " ")
    return [
        Way(f"{RIVALS[0].replace('==', ' ')} (calls)", viztracer, calls=True),
        Way(f"{name}, JSON", codetracer("json")),
        Way(f"{name}, binary", codetracer("binary")),
    ]
