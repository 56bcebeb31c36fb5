"""Owns: which programs are measured, and getting them. Must not: run one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import NamedTuple

SUITE = "pyperformance==1.14.0"
LIBRARIES = ("flask==3.1.3", "pytest==9.2.0")
TESTED = "pyflakes==4.1.0"
OWN = Path(__file__).parent / "kinds"


class Program(NamedTuple):
    """A program that is measured."""

    about: str
    arguments: tuple[str, ...] = ()
    repeats: bool = True
    """Does its work as often as the variable TIMES says."""
    long: bool = False
    """Is so long that limits are not compared by it."""


FROM_SUITE = {
    "deltablue": Program("methods and objects"),
    "telco": Program("decimal numbers"),
    "hexiom": Program("lists, generators"),
    "regex_compile": Program("work in the standard library"),
    "coroutines": Program("coroutines without a loop"),
    "async_tree": Program("asyncio: a tree of tasks", ("none",)),
}
OF_OURS = {
    "calls": Program("calls"),
    "generators": Program("generators"),
    "exceptions": Program("exceptions"),
    "containers": Program("big containers"),
    "strings": Program("building texts"),
    "module_level": Program("numbers in loops at module level"),
    "graph": Program("deep graphs of objects"),
    "web": Program("a Flask application, 500 requests"),
    "suite": Program("pytest runs tests of pyflakes", repeats=False),
    "ten_million_lines": Program("lines without end", repeats=False, long=True),
}
PROGRAMS = {**FROM_SUITE, **OF_OURS}


def fetch(cache: Path) -> dict[str, Path]:
    """The scripts by name, below `cache` where they are not ours; what does not lie there yet is got by pip."""
    folder = cache / SUITE
    if not folder.exists():
        pip("download", "--no-deps", "--only-binary=:all:", "--dest", str(cache), SUITE)
        with zipfile.ZipFile(next(cache.glob("pyperformance-*.whl"))) as wheel:
            wheel.extractall(folder)
    tested = cache / TESTED
    if not tested.exists():
        pip("install", "--no-deps", "--target", str(tested), TESTED)
    if not libraries(cache).exists():
        pip("install", "--target", str(libraries(cache)), *LIBRARIES)
    # What it tests is code of its own folder, as it is for its authors.
    scripts = {name: OWN / f"{name}.py" for name in OF_OURS}
    scripts["suite"] = Path(shutil.copy(scripts["suite"], tested))
    benchmarks = folder / "pyperformance/data-files/benchmarks"
    return {**{name: benchmarks / f"bm_{name}" / "run_benchmark.py" for name in FROM_SUITE}, **scripts}


def libraries(cache: Path) -> Path:
    """What programs import that is not recorded."""
    return cache / f"libraries-{sysconfig.get_python_version()}" / "site-packages"


def pip(command: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", command, "--quiet", *arguments], check=True)
