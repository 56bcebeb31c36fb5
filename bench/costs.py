"""Owns: what single things take: start, end, a decision, reading. Must not: measure whole programs (run.py does)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

HERE = Path(__file__).parent
RECORDER = [sys.executable, "-m", "codetracer_python_recorder"]
PATTERNS = 1_000
CODES = 20_000
MILLISECONDS, MICROSECONDS, MEGABYTE = 1e3, 1e6, 1e6

# Its last act is to tell when that was.
LONG = """
import sys, time
def work(count):
    total = 0
    for number in range(count):
        total += number
        text = [number, str(number)]
    return total
work(300_000)
with open(sys.argv[1], "w") as file:
    file.write(str(time.perf_counter()))
"""

# Code objects that nothing was decided of yet, so many to a file.
NEW_CODES = """
import sys, time
code = compile("pass", "", "exec")
to_a_file = int(sys.argv[1])
files = [f"{folder}/part_{{number % 50}}/file_{{number}}.py" for number in range({codes} // to_a_file)]
codes = [code.replace(co_filename=files[number // to_a_file], co_name=f"name_{{number}}") for number in range({codes})]
before = time.perf_counter()
for code in codes:
    exec(code)
print(time.perf_counter() - before)
"""


def table(cache: Path, rounds: int) -> list[str]:
    """Every cost as a row."""
    folder = cache / "costs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rows = [*_start(folder, rounds), *_end(folder, rounds), *_decision(folder, rounds), *_reading(folder, rounds)]
    return ["### Single costs", "", "| | plain | with the recorder | more |", "| --- | --- | --- | --- |", *rows, ""]


def _recorded(folder: Path, *options: str) -> list[str]:
    return [*RECORDER, "--isolated", "--trace-dir", str(folder / "trace-out"), *options]


def _interleaved(rounds: int, *measured: Callable[[], float]) -> list[float]:
    """The median of each; every round measures each once."""
    return [median(values) for values in zip(*([one() for one in measured] for _ in range(rounds)), strict=True)]


def _row(name: str, plain: float, recorded: float, more: str) -> str:
    return f"| {name} | {plain * MILLISECONDS:.1f} ms | {recorded * MILLISECONDS:.1f} ms | {more} |"


def _seconds(folder: Path, *command: str | Path) -> float:
    began = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    return perf_counter() - began


def _start(folder: Path, rounds: int) -> list[str]:
    empty = folder / "empty.py"
    empty.write_text("")
    times = 4 * rounds  # short, and the machine's noise is not
    plain, recorded = _interleaved(
        times,
        lambda: _seconds(folder, sys.executable, empty),
        lambda: _seconds(folder, *_recorded(folder), empty),
    )
    nothing, imported = _interleaved(
        times,
        lambda: _seconds(folder, sys.executable, "-c", "pass"),
        lambda: _seconds(folder, sys.executable, "-c", "import codetracer_python_recorder"),
    )
    return [
        _row(
            "an empty script", plain, recorded, f"{(recorded - plain) * MILLISECONDS:.1f} ms, ×{recorded / plain:.2f}"
        ),
        _row("`import codetracer_python_recorder`", nothing, imported, f"{(imported - nothing) * MILLISECONDS:.1f} ms"),
    ]


def _end(folder: Path, rounds: int) -> list[str]:
    (folder / "long.py").write_text(LONG)

    def from_end_to_exit(*command: str | Path) -> float:
        subprocess.run([*command, folder / "long.py", folder / "moment"], check=True, cwd=folder)
        return perf_counter() - float((folder / "moment").read_text())  # one clock for all processes

    forms = ("json", "binary")
    plain, *recorded = _interleaved(
        rounds,
        lambda: from_end_to_exit(sys.executable),
        *(lambda form=form: from_end_to_exit(*_recorded(folder, "--format", form)) for form in forms),
    )
    return [
        _row(f"from the program's end to the process's, 900,000 lines, {form}", plain, of_form, _more(of_form - plain))
        for form, of_form in zip(forms, recorded, strict=True)
    ]


def _more(seconds: float) -> str:
    return f"{seconds * MILLISECONDS:.1f} ms"


def _decision(folder: Path, rounds: int) -> list[str]:
    patterns = ", ".join(f"'**/package_{number}/[a-m]*_{number}/**'" for number in range(PATTERNS - 1))
    policy = ["--config", f"exclude = [{patterns}, '{folder.as_posix()}/**']"]
    script = folder / "codes.py"
    script.write_text(NEW_CODES.format(folder=folder.as_posix(), codes=CODES))

    for number in range(CODES):
        file = folder / f"part_{number % 50}" / f"file_{number}.py"
        file.parent.mkdir(exist_ok=True)
        file.touch()

    def seconds(to_a_file: int, *command: str | Path) -> float:
        run = [*command, script, str(to_a_file)]
        return float(subprocess.run(run, check=True, capture_output=True, text=True, cwd=folder).stdout)

    rows = []
    for to_a_file, where in ((1, "each in a file of its own"), (8, "eight to a file"), (400, "400 to a file")):
        plain, decided = _interleaved(
            rounds,
            lambda: seconds(to_a_file, sys.executable),  # noqa: B023
            lambda: seconds(to_a_file, *_recorded(folder, *policy)),  # noqa: B023
        )
        each = f"{(decided - plain) / CODES * MICROSECONDS:.1f} µs a code object"
        rows.append(_row(f"{CODES:,} new code objects, {PATTERNS:,} patterns, {where}", plain, decided, each))
    return rows


def _reading(folder: Path, rounds: int) -> list[str]:
    rows = []
    for form, options in (("json", []), ("binary", []), ("binary", ["--json"])):
        _seconds(folder, *_recorded(folder, "--format", form), folder / "long.py", folder / "moment")
        read = [*RECORDER, "trace", "dump", str(folder / "trace-out"), *options]
        walls, peaks = zip(*(_measured(folder, *read) for _ in range(rounds)), strict=True)
        with (folder / "dumped.json").open("wb") as file:
            subprocess.run(
                [*RECORDER, "trace", "dump", str(folder / "trace-out"), "--json"], check=True, stdout=file, cwd=folder
            )
        size = (folder / "dumped.json").stat().st_size
        what = " ".join(["`trace dump", *options]) + f"` of a {form} trace, {size / MEGABYTE:.0f} MB as JSON"
        speed = f"{size / MEGABYTE / median(walls):.0f} MB/s of JSON, peak RSS {max(peaks) / MEGABYTE:.0f} MB"
        rows.append(f"| {what} | | {median(walls) * MILLISECONDS:.1f} ms | {speed} |")
    return rows


def _measured(folder: Path, *command: str) -> tuple[float, float]:
    """Seconds, and bytes of resident memory at the most."""
    measure = [sys.executable, "-I", "-S", str(HERE / "measure.py"), "300", str(16 << 30)]
    done = subprocess.run([*measure, *command], check=True, capture_output=True, text=True, cwd=folder)
    wall, _cpu, peak, status = done.stdout.split()
    assert status == "0", done.stderr
    return float(wall), float(peak)
