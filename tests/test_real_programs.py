"""Owns: that programs nobody here wrote are recorded as they ran: the same output, and every line and call of them.

The counts are held against those of `oracle.py`, which knows nothing of the recorder. Must not: look at values.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import Plain, Record
from tests.traces import Trace, checked

ORACLE = Path(__file__).parent / "oracle.py"
UNTOLD = ("<left unseen>", "<still open>")  # returns that stand for ends the interpreter did not tell
VALUES_CUT = ["limits.depth = 1", "limits.items = 1", "limits.string = 10"]

DOCUMENT = """\
A manual
========

One *line* of ``code``, a note [#]_ and |it|.

.. [#] The note.
.. |it| replace:: them

1. first

   - deeper

== ===
a  b
== ===
1  two
== ===

.. note:: Take care of `broken and unknown_.
"""

TEMPLATES = {
    "base.html": "<html>{% block body %}{% endblock %}</html>\n",
    "page.html": """\
{% extends "base.html" %}
{% macro row(item, depth=0) -%}
  <li class="{{ loop_class|default('row') }}">{{ item.name|upper }}: {{ "%.2f"|format(item.price) }}</li>
{%- endmacro %}
{% block body %}
{% for item in items if item.price > 1 %}
  {{ loop.index }}/{{ loop.length }} {{ row(item) }}
{% else %}
  nothing
{% endfor %}
{% set total = items|sum(attribute="price") %}
{{ total|round(1) }} {{ missing|default("none")|e }} {{ "<b>"|e }}
{% endblock %}
""",
    "wrong.html": "{{ items.nothing.at.all }}\n",
}

RENDER = """\
import sys
from jinja2 import Environment, FileSystemLoader, UndefinedError

environment = Environment(loader=FileSystemLoader("templates"), autoescape=True)
items = [{"name": "tea", "price": 3.5}, {"name": "salt", "price": 0.5}, {"name": "rice", "price": 2}]
print(environment.get_template("page.html").render(items=items))
for chunk in environment.get_template("page.html").generate(items=[]):
    sys.stdout.write(chunk)
try:
    environment.get_template("wrong.html").render(items=items)
except UndefinedError as error:
    print(error, file=sys.stderr)
"""

CHECKED = """\
import os, sys
from typing import *
from json import loads as read


def first(a, b):
    unused = 1
    def inner():
        nonlocal a
        a = undefined
        return [x for x in b if (y := x)]
    return f"{a!r:>{b}}" % (a,)


class Thing(Exception):
    field: int = 1
    __slots__ = ("field",)

    def method(self):
        try:
            return super().method
        except* (ValueError, TypeError) as group:
            print("%s %s" % (group,))
        match self:
            case Thing(field=1) | {"a": 1, **rest}:
                return rest
            case [1, *others]:
                assert (others, "always")


async def later():
    async for item in later():
        yield await item
    lambda: (yield)


def first(): ...
"""


class Program(NamedTuple):
    """A program of somebody else: how it is started, and the package that is recorded with it."""

    arguments: list[str]
    package: str
    makes: str | None
    status: int


PROGRAMS = {
    "docutils": Program(["-m", "docutils", "--traceback", "manual.rst", "manual.html"], "docutils", "manual.html", 0),
    "jinja2": Program(["render.py"], "jinja2", None, 0),
    "pyflakes": Program(["-m", "pyflakes", "checked.txt"], "pyflakes", None, 1),
}


@pytest.fixture(params=list(PROGRAMS.values()), ids=list(PROGRAMS))
def program(request: pytest.FixtureRequest, folder: Path) -> Program:
    """Each program in turn, its input in the test's folder."""
    (folder / "manual.rst").write_text(DOCUMENT)
    (folder / "checked.txt").write_text(CHECKED)
    (folder / "render.py").write_text(RENDER)
    (folder / "templates").mkdir()
    for name, text in TEMPLATES.items():
        (folder / "templates" / name).write_text(text)
    assert isinstance(request.param, Program)
    return request.param


def made(program: Program, folder: Path) -> bytes | None:
    """The file that the program makes, taken away."""
    if program.makes is None:
        return None
    file = folder / program.makes
    content = file.read_bytes()
    file.unlink()
    return content


Counts = dict[str, dict[str, dict[str, int]]]


def recorded_counts(trace: Trace) -> Counts:
    """What the trace, given without its values, says that each function did, in the oracle's form.

    The recorder adds steps to those that the interpreter tells (docs/trace.md). From the records alone these are:
    - the step before each call: it stands at the `def`, or where what goes on was suspended; also what is directly in a
      root call, since no code stands behind it;
    - a step on the line where its frame is already, with an event or the frame's end directly behind it: the frame goes
      on after its callee's steps, or ends in another state than at its last step. The interpreter tells a line twice in
      a row only where code goes on from one line to the same; the oracle counts that ("twice").
    """
    found: Counts = {}
    calls: list[tuple[dict[str, dict[str, int]], int | None]] = []  # what the function did; the line the frame is on
    line = 0
    for event, after in zip(trace.events, [*trace.events[1:], None], strict=True):
        follows = after.name if after else "Return"
        if event.name == "Call":
            name, is_resumed = _function(trace, event.body)
            counts = found.setdefault(name, {"kinds": {}, "lines": {}})
            calls.append((counts, line if is_resumed else None))
            _add(counts["kinds"], _start(trace, event.body, is_resumed))
        elif event.name == "Return":
            counts, _ = calls.pop()
            _add(counts["kinds"], _end(trace, event.body["return_value"]))
        elif event.name == "Step":
            line = event.body["line"]
            if follows == "Call" or len(calls) == 1:
                continue
            counts, before = calls[-1]
            if line != before or follows not in ("Event", "Return"):
                _add(counts["lines"], str(line))
            calls[-1] = counts, line
    return {name: counts for name, counts in found.items() if " <toplevel>" not in name and " <thread " not in name}


def _add(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1


def _function(trace: Trace, call: dict[str, Any]) -> tuple[str, bool]:
    path, line, name = trace.functions[call["function_id"]]
    return f"{path}:{line} {name.removesuffix(' (resumed)')}", name.endswith(" (resumed)")


def _start(trace: Trace, call: dict[str, Any], is_resumed: bool) -> str:
    if not is_resumed:
        return "PY_START"
    thrown = [trace.names[argument["variable_id"]] for argument in call["args"]] == ["thrown"]
    return "PY_THROW" if thrown else "PY_RESUME"


def _end(trace: Trace, value: dict[str, Any]) -> str:
    kind, of = value["kind"], trace.types[value["type_id"]]["lang_type"]
    if kind == "Raw" and value["r"] in UNTOLD:
        return "untold"
    if kind == "Struct" and of in ("yield", "await"):
        return "PY_YIELD"
    return "PY_UNWIND" if kind == "Error" and of == "raise" else "PY_RETURN"


def differences(wanted: Counts, found: Counts) -> list[str]:
    """The functions whose counts differ, and how."""
    told = []
    for name in {*wanted, *found}:
        want, got = wanted.get(name, {}), found.get(name, {})
        lines, twice = want.get("lines", {}), want.get("twice", {})
        seen = got.get("lines", {})
        missing = {line: number - seen.get(line, 0) for line, number in lines.items()}
        agree = all(0 <= number <= twice.get(line, 0) for line, number in missing.items())
        if not agree or not seen.keys() <= lines.keys() or want.get("kinds") != got.get("kinds"):
            told.append(f"{name}\n  ran      {want}\n  recorded {got}")
    return told


def test_every_line_and_call_of_a_real_program(program: Program, folder: Path, plain: Plain, record: Record) -> None:
    expected = plain(*program.arguments)
    expected_file = made(program, folder)
    assert expected.returncode == program.status

    spec = importlib.util.find_spec(program.package)
    assert spec and spec.origin
    watched = os.pathsep.join([str(folder), str(Path(spec.origin).parent)])
    oracle = plain(ORACLE, "counts.json", watched, *program.arguments)
    assert (oracle.stdout, oracle.stderr) == (expected.stdout, expected.stderr)
    made(program, folder)
    wanted = json.loads((folder / "counts.json").read_text())
    assert sum(sum(counts["lines"].values()) for counts in wanted.values()) > 3000

    for form in ("json", "binary"):
        limits = [part for limit in VALUES_CUT for part in ("--config", limit)]
        options = ["--format", form, "--packages", program.package, *limits]
        recorded = record(*program.arguments, options=options)
        done = recorded.done
        assert (done.stdout, done.stderr, done.returncode) == (expected.stdout, expected.stderr, expected.returncode)
        assert made(program, folder) == expected_file
        different = differences(wanted, recorded_counts(checked(recorded.trace, values=False)))
        assert not different, "\n".join(different)
        shutil.rmtree(recorded.trace)
