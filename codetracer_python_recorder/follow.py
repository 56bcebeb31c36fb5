"""Goes on recording in a Python program that a recorded process has started.

The package's `.pth` file calls `begin` while the interpreter starts, in a process that has the plan in its environment.

Owns: what a process knows of itself before its program begins. Must not: show in the program.
"""

from __future__ import annotations

import atexit  # noqa: F401 - `at_exit` uses what is loaded
import os
import sys

from codetracer_python_recorder import _native
from codetracer_python_recorder.errors import RecorderError
from codetracer_python_recorder.own import BUILTINS
from codetracer_python_recorder.subject import Subject, as_json, clean, facts

__builtins__ = BUILTINS

VARIABLE = "CODETRACER_PYTHON_RECORDER_PLAN"
"""What the parent puts into the environment; src/session/children/programs/unix.rs and the `.pth` file name it too."""


def begin() -> None:
    """Record this process as the parent's plan says; on stderr, if that cannot be."""
    plan = os.environ.pop(VARIABLE, "")
    subject = _subject()
    text = None if subject.text is None else clean(subject.text)
    try:
        _native.follow(plan, as_json(facts(subject, os.getcwd())), list(map(clean, subject.names)), text)
    except (RecorderError, OSError) as error:
        print(f"codetracer-python-recorder: this child process is not recorded: {error}", file=sys.stderr)
        return
    _native.at_exit(_end)


def _end() -> None:
    try:
        _native.stop(None)
    except RecorderError as error:
        print(f"codetracer-python-recorder: {error}", file=sys.stderr)


def _subject() -> Subject:
    """The program, from what the interpreter was started with."""
    first, *arguments = sys.argv or [""]
    given = len(sys.orig_argv) - len(arguments) - 1  # where the program stands: its file, its text, its module
    if first in ("-c", "-m"):
        program = sys.orig_argv[given]
        # What multiprocessing starts goes on with its parent's program.
        is_text = first == "-c" and not program.startswith("from multiprocessing.")
        return Subject(program if first == "-m" else first, arguments, (), text=program if is_text else None)
    if not os.path.isfile(first):
        return Subject(first or sys.executable, arguments, ())
    return Subject(first, arguments, list(dict.fromkeys((os.path.abspath(first), os.path.realpath(first)))))
