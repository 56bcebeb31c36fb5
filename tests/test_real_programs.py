"""Owns: programs that nobody here wrote, recorded whole and held against a count. Must not: look at values."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from conftest import Plain, Record

# Counts calls and lines per function, of the code of one package and of the script. A line that follows itself in a
# frame counts once, as in `counted` below: a trace repeats a frame's last line where its last state is not shown yet.
COUNTER = """
import json, os, runpy, sys
from collections import Counter

package, *program = sys.argv[1:]
monitoring, events, tool = sys.monitoring, sys.monitoring.events, sys.monitoring.PROFILER_ID
calls, lines, last = Counter(), Counter(), {}

def key(code):
    return code.co_filename + "\\n" + code.co_qualname

def on_start(code, offset):
    if not (f"{os.sep}{package}{os.sep}" in code.co_filename or code.co_filename == script):
        return monitoring.DISABLE
    monitoring.set_local_events(tool, code, events.LINE | events.PY_START)
    calls[key(code)] += 1
    last.pop(id(sys._getframe(1)), None)

def on_line(code, line):
    frame = id(sys._getframe(1))  # not the frame, which would then outlive its time
    if last.get(frame) != line:
        lines[key(code)] += 1
        last[frame] = line

script = os.path.abspath(program[0])
sys.argv = program[1:] if program[0] == "-m" else program
monitoring.use_tool_id(tool, "count")
monitoring.register_callback(tool, events.PY_START, on_start)
monitoring.register_callback(tool, events.LINE, on_line)
monitoring.set_events(tool, events.PY_START)
try:
    if program[0] == "-m":
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(script, run_name="__main__")
finally:
    monitoring.set_events(tool, 0)
    with open("counted.json", "w") as file:
        json.dump([calls, lines], file)
"""

RENDER = """
from jinja2 import DictLoader, Environment

BASE = "<{% block body %}{% endblock %}>"
PAGE = "{% extends 'base' %}{% block body %}{% for n in range(9) if n % 3 %}{{ n|ordinal }} {% endfor %}{% endblock %}"
environment = Environment(loader=DictLoader({"base": BASE, "page": PAGE}), autoescape=True)
environment.filters["ordinal"] = lambda n: f"{n}th"
print(environment.get_template("page").render())
"""

DOCUMENT = """
Title
=====

Some *text* with a `link <https://example.org>`_, a list, a table:

- one
- two

.. note:: And a note.

===  ====
a    b
===  ====
1    two
===  ====
"""

MODULE = """
import os
from typing import *

def f(x, x2=[*"ab"]):
    y = [n for n in x if n]
    return z
"""


class Program(NamedTuple):
    """A package, the files that it is given, and how it is run."""

    package: str
    files: dict[str, str]
    arguments: tuple[str, ...]


PROGRAMS = [
    Program("docutils", {"document.rst": DOCUMENT}, ("-m", "docutils", "document.rst")),
    Program("jinja2", {"render.py": RENDER}, ("render.py",)),
    Program("pyflakes", {"module.py": MODULE}, ("-m", "pyflakes", "module.py")),
]


def counted(dump: list[str], folder: Path) -> tuple[Counter[str], Counter[str]]:
    """Calls and lines per function, from the dump's JSON lines."""
    calls, lines = Counter[str](), Counter[str]()
    stack: list[tuple[str, int]] = []  # open calls: function, last line
    path, line = "", 0  # the last step, while the next record has not told whose it is

    def settle() -> None:
        name, last = stack[-1] if stack else ("", 0)
        if line and line != last and name != "<toplevel>":
            lines[f"{folder / path}\n{name}"] += 1
            stack[-1] = (name, line)

    for record in map(json.loads, dump):
        match record["record"]:
            case "step":
                settle()
                path, line = record["path"], record["line"]
            case "call":  # the step before it only shows where it is, or where it goes on
                name = record["function"].removesuffix(" (resumed)")
                resumed = name != record["function"]
                if stack and not resumed:
                    calls[f"{folder / path}\n{name}"] += 1
                stack.append((name, line if resumed else 0))
                line = 0
            case "return":
                settle()
                stack.pop()
                line = 0
    assert not stack
    return calls, lines


@pytest.mark.parametrize("program", [pytest.param(program, id=program.package) for program in PROGRAMS])
def test_whole_program(program: Program, form: str, folder: Path, plain: Plain, record: Record) -> None:
    for name, text in program.files.items():
        (folder / name).write_text(text)
    (folder / "count.py").write_text(COUNTER)
    expected = plain(*program.arguments)

    limits = "limits = {depth = 1, items = 5}"
    options = ["--format", form, "--packages", program.package, "--config", limits]
    recorded = record(*program.arguments, options=options)
    assert (recorded.done.returncode, recorded.done.stdout) == (expected.returncode, expected.stdout)
    assert recorded.done.stderr == expected.stderr

    plain("count.py", program.package, *program.arguments)
    calls, lines = counted(recorded.dump("--json"), folder)
    assert [calls, lines] == json.loads((folder / "counted.json").read_text())
