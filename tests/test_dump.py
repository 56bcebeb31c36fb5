"""Owns: the part of a trace that `trace dump` prints where one is asked for. Must not: test the form of a line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Plain, Record, Recorded

PROGRAM = """
import threading
from shop import Order
def numbers(count):
    for number in range(count):
        yield number
def main():
    total = 0
    for number in numbers(2):
        total += number
    print(Order().total(total))
main()
thread = threading.Thread(target=main, name="other")
thread.start()
thread.join()
"""
BESIDE = """
class Order:
    def total(self, start):
        total = start + self.price()
        return total
    def price(self):
        return 7
"""


@pytest.fixture
def recorded(folder: Path, record: Record, form: str) -> Recorded:
    (folder / "app").mkdir()
    (folder / "app" / "main.py").write_text(PROGRAM)
    (folder / "app" / "shop.py").write_text(BESIDE)
    return record("app/main.py", options=["--format", form])


def told(recorded: Recorded, *options: str) -> list[str]:
    return [line.strip() for line in recorded.dump(*options)]


TOTAL = [
    "step app/shop.py:3 | def total(self, start):",
    "call Order.total(self=Order(), start=1)",
    "step app/shop.py:4 | total = start + self.price()",
    "self = Order()",
    "start = 1",
    "step app/shop.py:5 | return total",
    "self = Order()",
    "start = 1",
    "total = 8",
    "return 8",
]


@pytest.mark.parametrize("options", [["--function", "total"], ["--function=Order.tot*", "--path", "shop.py"]])
def test_the_calls_of_a_function(options: list[str], recorded: Recorded) -> None:
    """Of each thread; what it calls is left out, with the step that stands before a call."""
    assert told(recorded, *options) == TOTAL * 2


def test_the_calls_of_some_functions_are_as_in_the_whole_dump(recorded: Recorded) -> None:
    asked = ["--function", "main", "--function", "numbers", "--function", "total", "--function", "price"]
    whole = [line for line in recorded.dump() if not line.startswith("#")]
    inside = [line for line in recorded.dump(*asked) if line.startswith(("    ", "  step app/main.py:7 | def"))]
    assert set(inside) <= set(whole)
    assert sum("resume numbers" in line for line in inside) == 4


def test_the_calls_of_what_is_in_a_file(recorded: Recorded, folder: Path) -> None:
    for path in ("app/shop.py", "shop.py", "app/s*", str(folder / "app" / "shop.py")):
        calls = [line for line in told(recorded, "--path", path) if line.startswith("call")]
        assert [line.partition("(")[0] for line in calls] == [
            "call <module>",
            "call Order",
            *["call Order.total", "call Order.price"] * 2,
        ]


def test_the_lines_at_which_a_variable_stands(recorded: Recorded) -> None:
    found = told(recorded, "--variable", "total", "--function", "main")
    steps, values = found[::2], found[1::2]
    assert all(step.startswith("step app/main.py:") for step in steps)
    assert set(values) == {"total = 0", "total = 1"}
    everywhere = told(recorded, "--variable", "total")
    assert len(everywhere) == len(found) + 2 * 2
    assert [line for line in told(recorded) if line.startswith("total = ")] == everywhere[1::2]
    both = told(recorded, "--variable", "total", "--variable", "start", "--function", "total")
    assert both == [TOTAL[2], "start = 1", TOTAL[5], "start = 1", "total = 8"] * 2


def test_objects_for_machines(recorded: Recorded) -> None:
    found = [json.loads(line) for line in recorded.dump("--json", "--function", "price")]
    assert [(one["record"], one["depth"]) for one in found] == [
        *[("step", 4), ("call", 4), ("step", 5), ("value", 5), ("return", 5)],
        *[("step", 3), ("call", 3), ("step", 4), ("value", 4), ("return", 4)],
    ]


def test_a_folder_other_than_the_programs(recorded: Recorded, folder: Path, plain: Plain) -> None:
    """Paths go by the program's working directory, as they are shown."""
    (folder / "elsewhere").mkdir()
    os.chdir(folder / "elsewhere")
    assert told(recorded, "--path", "app/shop.py", "--function", "total") == TOTAL * 2


def test_what_is_not_there(recorded: Recorded, plain: Plain) -> None:
    dump = ["-m", "codetracer_python_recorder", "trace", "dump", str(recorded.trace)]
    done = plain(*dump, "--function", "nosuch")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("trace-out: nothing of that in it (trace summary names its files and functions)\n")
    done = plain(*dump, "--path", "src/[")
    assert (done.returncode, done.stdout) == (2, "")
    assert "path: unclosed '[' in \"src/[\"" in done.stderr
