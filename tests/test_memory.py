"""Owns: that what a recording keeps in memory does not grow with the program's run. Must not: measure time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conftest import Plain
from tests.traces import checked

MEASURE = Path(__file__).parent.parent / "bench" / "measure.py"
ROOM = 48 << 20  # more than a plain run needs

PROGRAMS = {
    # The short form of bench/kinds/ten_million_lines.py.
    "lines": """
def main():
    total = 0
    for number in range(100_000):
        total += number

main()
""",
    # Records come faster than they are compressed and written.
    "values": """
def fill(number):
    texts = [f"{number} {place} " * 20 for place in range(50)]
    table = dict(enumerate(texts))
    return len(table)

for number in range(300):
    fill(number)
""",
    # Each code object and each thread costs something, until it ends.
    "code and threads": """
import threading

def run(number):
    names = {}
    exec(f"def made_{number}(argument):\\n    return argument\\nresult = made_{number}(1)", names)
    return names["result"]

for number in range(150):
    thread = threading.Thread(target=run, args=(number,))
    thread.start()
    thread.join()
""",
    # Deep stacks, and what goes on many times.
    "frames": """
def deep(level):
    return level and deep(level - 1)

def count():
    number = 0
    while True:
        yield number
        number += 1

numbers = count()
for _ in range(40):
    deep(400)
    sum(next(numbers) for _ in range(200))
""",
}


def peak(plain: Plain, *command: str | Path) -> int:
    """Resident bytes at the most, of a process that is started by a small one."""
    done = plain(MEASURE, "100", str(16 << 30), sys.executable, *command)
    _wall, _cpu, size, status = done.stdout.split()
    assert status == "0", done.stderr
    return int(size)


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_memory_stays_flat(text: str, folder: Path, plain: Plain, form: str) -> None:
    (folder / "long.py").write_text(text)
    recorder = ["-m", "codetracer_python_recorder", "--quiet", "--format", form, "--trace-dir", "trace-out"]
    more = peak(plain, *recorder, "long.py") - peak(plain, "long.py")
    assert more <= ROOM, f"{more >> 20} MB more than plain"
    if form == "json":
        checked(folder / "trace-out")
