"""Owns: an independent account of what a program does, in order, by `sys.monitoring` alone. Must not: use the recorder.

usage: oracle_sequence.py RESULT FOLDERS PROGRAM…   (PROGRAM: a script, or -m MODULE, with its arguments)

Runs the program in this process, and writes to RESULT as JSON what the code of the files below FOLDERS (joined by the
system's path separator) did: a list of threads, the main thread first, each a list of these:

    ["call", FILE, LINE, NAME, LOCALS]          a frame begins; LINE is that of the `def`
    ["resume", FILE, LINE, NAME, AT]            it goes on where it was suspended, in line AT
    ["throw", FILE, LINE, NAME, AT]             the same, with an exception
    ["step", LINE, LOCALS]                      a line begins
    ["raised", CLASS]                           an exception comes up
    ["return", VALUE, LOCALS, BEFORE]           the frame ends; BEFORE are the locals at its last step or going on
    ["yield", VALUE, LOCALS, BEFORE]            its turn does
    ["await", null, LOCALS, BEFORE]             the same, of a coroutine that waits
    ["raise", CLASS, LOCALS, BEFORE]            an exception leaves it

LOCALS is {name: VALUE}; VALUE is [class, text] of an int, str, float, bool or None, and null for anything else. Of
modules and class bodies LOCALS has the names with such a value only, without those that begin and end with `__`.
"""

from __future__ import annotations

import ast
import atexit
import builtins
import functools
import importlib.machinery
import json
import os
import re
import runpy
import sys
import threading
from types import CellType, CodeType, FrameType, ModuleType
from typing import Any

LOW = [os.open(os.devnull, os.O_RDONLY) for _ in range(64)]
import ctypes  # noqa: E402  # libffi may keep a file open: not where the program's first ones come

for descriptor in LOW:
    os.close(descriptor)

MONITORING = sys.monitoring
EVENTS = MONITORING.events
TOOL = MONITORING.PROFILER_ID
OPTIMIZED = 0x2  # inspect.CO_OPTIMIZED: a function, whose names all count
WAITING = 0x80 | 0x200  # inspect.CO_COROUTINE, inspect.CO_ASYNC_GENERATOR
# Where CPython 3.12 and 3.13 keep the one in a frame object; in that, the namespace; and, 3.12, the locals.
INTERPRETER_FRAME, NAMESPACE, SLOTS = 24, 40, 72
START = os.getcwd()  # which the program may remove
SCALARS = (int, str, float, bool, type(None))
LONGEST_TEXT = 200  # characters, beyond which the recorder cuts a str by default
LONGEST = 1_600  # bits, up to which an int is shown: a program may forbid the text of longer ones

Value = list[str] | None
Locals = dict[str, Value]


class Story(threading.local):
    """What a thread did; every thread gets its own when it first does something."""

    def __init__(self) -> None:
        self.events: list[list[Any]] = []
        self.before: dict[int, Locals] = {}  # of each frame, its locals at its last step
        self.unwound: int | None = None  # the exception that the last event was about, when it left a frame
        everyone.append(self.events)


everyone: list[list[list[Any]]] = []
story: Story


def described(value: object) -> Value:
    if not any(type(value) is scalar for scalar in SCALARS):  # a metaclass may have its own `==`
        return None
    if type(value) is int and value.bit_length() > LONGEST:
        return None
    if type(value) is str:
        return ["str", text(value)] if len(value) <= LONGEST_TEXT else None
    return [type(value).__name__, repr(value)]


def text(value: str) -> str:
    """What readers of a trace can take of a str."""
    return re.sub("[\ud800-\udfff]", "\ufffd", value)


def slots_of(frame: FrameType) -> dict[str, object]:
    """The locals of a function's frame. CPython 3.12 would make a dict of them that outlives their use."""
    code = frame.f_code
    if sys.version_info >= (3, 13):
        own = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}  # a debugger may have added others
        return {name: value for name, value in frame.f_locals.items() if name in own}
    cells = [name for name in code.co_cellvars if name not in code.co_varnames] + [*code.co_freevars]
    start = ctypes.c_void_p.from_address(id(frame) + INTERPRETER_FRAME).value or 0
    found: dict[str, object] = {}
    for number, name in enumerate([*code.co_varnames, *cells]):
        place = start + SLOTS + number * ctypes.sizeof(ctypes.c_void_p)
        if not ctypes.c_void_p.from_address(place).value:
            continue
        value: object = ctypes.py_object.from_address(place).value
        if type(value) is CellType and name in {*code.co_cellvars, *code.co_freevars}:
            try:
                value = value.cell_contents
            except ValueError:  # an empty one
                continue
        found[name] = value
    return found


def locals_of(frame: FrameType) -> Locals:
    if frame.f_code.co_flags & OPTIMIZED:
        return {name: described(value) for name, value in slots_of(frame).items() if not name.startswith(".")}
    names = namespace_of(frame)
    if not isinstance(names, dict):
        return {}
    plain = (  # a class of its own, of the dict or of a name, has code that must not run
        (str.__str__(name), value) for name, value in list(dict.items(names)) if issubclass(type(name), str)
    )
    return {
        text(name): told
        for name, value in plain
        if not (name.startswith("__") and name.endswith("__")) and (told := described(value))
    }


def namespace_of(frame: FrameType) -> object:
    """What module or class code binds its names in, without the variables of a comprehension in it."""
    start = ctypes.c_void_p.from_address(id(frame) + INTERPRETER_FRAME).value or 0
    return ctypes.py_object.from_address(start + NAMESPACE).value


@functools.cache
def absolute(name: str) -> str:
    return name if name.startswith("<") else os.path.normpath(os.path.join(START, name))


@functools.cache
def facts(file: str) -> tuple[int, dict[tuple[int, str], int]]:
    """How many lines a file has, and where the `def` is of what begins with a decorator."""
    try:
        with open(file, "rb") as opened:
            source = opened.read()
    except OSError:  # there may be code without it
        return sys.maxsize, {}
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:  # another language's file, to which generated code points
        nodes = []
    definitions = {}
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min(part.lineno for part in (node, *node.decorator_list))
            for name in (node.name, "__annotate__"):  # which begins where what it is about does (PEP 649)
                definitions[first, name] = node.lineno
    return len(source.splitlines()), definitions


def within(code: CodeType, line: int) -> int:
    """A line of the file, for one that generated code claims."""
    return max(min(line, facts(absolute(code.co_filename))[0]), 1)


def place(code: CodeType) -> list[str | int]:
    if code.co_name == "<module>":
        facts.cache_clear()  # a file may be written anew before it is loaded again
    file = absolute(code.co_filename)
    first = code.co_firstlineno
    line = within(code, facts(file)[1].get((first, code.co_name), first))
    return [text(file), line, text(code.co_qualname)]


def yielded(code: CodeType, value: object) -> tuple[object, bool]:
    """What a frame hands out at its yield, and whether it waits: an asynchronous generator wraps what it yields."""
    if type(value).__name__ != "async_generator_wrapped_value":
        return value, bool(code.co_flags & WAITING)
    place = ctypes.c_void_p(id(value) + object.__basicsize__)
    return ctypes.cast(place, ctypes.POINTER(ctypes.py_object)).contents.value, False


class Watch:
    """The callbacks, one a kind of event."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        self.folders = folders

    def is_ours(self, code: CodeType) -> bool:
        return absolute(code.co_filename).startswith(self.folders)

    def arm(self) -> None:
        kinds = ("PY_START", "PY_RESUME", "PY_THROW", "LINE", "RAISE", "PY_RETURN", "PY_YIELD", "PY_UNWIND")
        for kind in kinds:
            MONITORING.register_callback(TOOL, getattr(EVENTS, kind), getattr(self, f"on_{kind.lower()}"))
        MONITORING.set_events(TOOL, sum(getattr(EVENTS, kind) for kind in kinds))

    def begin(self, code: CodeType, frame: FrameType, kind: str, *details: object) -> None:
        story.events.append([kind, *place(code), *details])
        story.before[id(frame)] = locals_of(frame)

    def on_py_start(self, code: CodeType, _offset: int) -> None:
        if self.is_ours(code):
            frame = sys._getframe(1)
            self.begin(code, frame, "call", locals_of(frame))

    def on_py_resume(self, code: CodeType, _offset: int) -> None:
        if self.is_ours(code):
            frame = sys._getframe(1)
            self.begin(code, frame, "resume", within(code, frame.f_lineno))

    def on_py_throw(self, code: CodeType, _offset: int, _exception: BaseException) -> None:
        if self.is_ours(code):
            frame = sys._getframe(1)
            self.begin(code, frame, "throw", within(code, frame.f_lineno))

    def on_line(self, code: CodeType, line: int) -> None:
        if self.is_ours(code):
            frame = sys._getframe(1)
            names = locals_of(frame)
            story.before[id(frame)] = names
            story.events.append(["step", within(code, line), names])
            story.unwound = None

    def on_raise(self, code: CodeType, _offset: int, exception: BaseException) -> None:
        if not self.is_ours(code) or exception.__traceback__ is None:  # none: how a `for` over a generator ends
            return
        passes = story.unwound == id(exception) and exception.__traceback__.tb_next is not None
        story.unwound = None
        if not passes:
            story.events.append(["raised", type(exception).__name__])

    def end(self, frame: FrameType, kind: str, what: object) -> None:
        names = locals_of(frame)
        story.events.append([kind, what, names, story.before.pop(id(frame), names)])

    def on_py_return(self, code: CodeType, _offset: int, value: object) -> None:
        if self.is_ours(code):
            self.end(sys._getframe(1), "return", described(value))

    def on_py_yield(self, code: CodeType, _offset: int, value: object) -> None:
        if self.is_ours(code):
            value, waits = yielded(code, value)
            self.end(sys._getframe(1), "await" if waits else "yield", None if waits else described(value))

    def on_py_unwind(self, code: CodeType, _offset: int, exception: BaseException) -> None:
        if self.is_ours(code):
            self.end(sys._getframe(1), "raise", type(exception).__name__)
            story.unwound = id(exception)


def write(result: str) -> None:
    MONITORING.set_events(TOOL, 0)
    with open(result, "w", encoding="utf-8") as opened:
        json.dump([events for events in everyone if events], opened)


def run_script(path: str) -> None:
    """As the interpreter does, but in a frame of ours."""
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=builtins, __annotations__={}, __cached__=None)
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    with open(path, "rb") as opened:
        code = compile(opened.read(), path, "exec", dont_inherit=True)
    exec(code, main.__dict__)


def main() -> None:
    global story
    result, folders, *arguments = sys.argv[1:]
    story = Story()
    atexit.register(write, os.path.abspath(result))  # first in, last out: what the program does at its exit counts too
    is_module = arguments[0] == "-m"
    sys.argv = arguments[is_module:]
    sys.path[0] = os.getcwd() if is_module else os.path.dirname(os.path.abspath(sys.argv[0]))
    MONITORING.use_tool_id(TOOL, "oracle")
    Watch(tuple(folder + os.sep for folder in folders.split(os.pathsep))).arm()
    if is_module:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        run_script(os.path.join(os.getcwd(), sys.argv[0]))


if __name__ == "__main__":
    main()
