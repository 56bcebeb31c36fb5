"""Owns: an independent count of what a program executes, by `sys.monitoring` alone. Must not: use the recorder.

usage: oracle.py RESULT FOLDERS PROGRAM…   (PROGRAM: a script, or -m MODULE, with its arguments)

Runs the program in this process, and writes to RESULT as JSON what code of the files below FOLDERS (joined by the
system's path separator) did: {"FILE:LINE NAME": {"kinds": {"PY_START": n, …}, "lines": {LINE: n}, "twice": {LINE: n}}}.
NAME is the qualname and LINE that of the `def`, as `ast` finds it. `twice` is how often a frame was told the line that
it was on already.
"""

from __future__ import annotations

import ast
import atexit
import collections
import functools
import json
import os
import runpy
import sys
from types import CodeType

MONITORING = sys.monitoring
EVENTS = MONITORING.events
TOOL = MONITORING.PROFILER_ID
ENDS = ("PY_RETURN", "PY_UNWIND")
KINDS = ("PY_START", "PY_RESUME", "PY_THROW", "PY_YIELD", *ENDS)

# Keyed by what tells functions apart: code objects of different files may compare equal.
Place = tuple[str, int, str]
counts: dict[Place, collections.Counter[tuple[str, str]]] = collections.defaultdict(collections.Counter)
line_of_frame: dict[int, int] = {}


@functools.cache
def absolute(name: str) -> str:
    return name if name.startswith("<") else os.path.abspath(name)


def on_line(folders: tuple[str, ...], code: CodeType, line: int) -> object:
    file = absolute(code.co_filename)
    if not file.startswith(folders):
        return MONITORING.DISABLE
    frame, line = id(sys._getframe(1)), min(line, facts(file)[0] or line)
    place = file, code.co_firstlineno, code.co_qualname
    counts[place]["lines", str(line)] += 1
    if line_of_frame.get(frame) == line:
        counts[place]["twice", str(line)] += 1
    line_of_frame[frame] = line
    return None


def on_event(kind: str, folders: tuple[str, ...], code: CodeType, *_details: object) -> None:
    file = absolute(code.co_filename)
    if file.startswith(folders):
        counts[file, code.co_firstlineno, code.co_qualname]["kinds", kind] += 1
        if kind == "PY_START" or kind in ENDS:
            line_of_frame.pop(id(sys._getframe(1)), None)


@functools.cache
def facts(file: str) -> tuple[int, dict[tuple[int, str], int]]:
    """How many lines a file has, and where the `def` is of what begins with a decorator."""
    with open(file, "rb") as opened:
        text = opened.read()
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:  # another language's file, to which generated code points
        nodes = []
    definitions = {}
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min(part.lineno for part in (node, *node.decorator_list))
            for name in (node.name, "__annotate__"):  # which begins where what it is about does (PEP 649)
                definitions[first, name] = node.lineno
    return len(text.splitlines()), definitions


def write(result: str) -> None:
    MONITORING.set_events(TOOL, 0)
    found: dict[str, dict[str, dict[str, int]]] = {}
    for (file, first, qualname), counter in counts.items():
        lines, definitions = facts(file)
        line = min(definitions.get((first, qualname.rpartition(".")[2]), first), lines or first)
        of = found.setdefault(f"{file}:{line} {qualname}", {"kinds": {}, "lines": {}, "twice": {}})
        for (group, key), number in counter.items():
            of[group][key] = of[group].get(key, 0) + number
    with open(result, "w") as opened:
        json.dump(found, opened)


def main() -> None:
    result, folders, *arguments = sys.argv[1:]
    watched = tuple(folder + os.sep for folder in folders.split(os.pathsep))
    atexit.register(write, os.path.abspath(result))  # first in, last out: what the program does at its exit counts too
    MONITORING.use_tool_id(TOOL, "oracle")
    MONITORING.register_callback(TOOL, EVENTS.LINE, functools.partial(on_line, watched))
    for kind in KINDS:
        MONITORING.register_callback(TOOL, getattr(EVENTS, kind), functools.partial(on_event, kind, watched))
    is_module = arguments[0] == "-m"
    sys.argv = arguments[is_module:]
    sys.path[0] = "" if is_module else os.path.dirname(os.path.abspath(sys.argv[0]))
    MONITORING.set_events(TOOL, sum(getattr(EVENTS, kind) for kind in ("LINE", *KINDS)))
    if is_module:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
