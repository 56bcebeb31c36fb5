"""`%%codetracer` in IPython and Jupyter: records a cell.

Owns: how a cell runs while it is recorded. Must not: be loaded by anything but IPython, or need it to be installed.
"""

from __future__ import annotations

import ast
import os
import sys

from codetracer_python_recorder import _native
from codetracer_python_recorder.policy.resolve import resolve
from codetracer_python_recorder.session import begin, complaint, say, working_directory
from codetracer_python_recorder.subject import Subject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codetracer_python_recorder.policy.schema import Setting

MAGIC = "codetracer"
KEPT = "trace_text_program.py"
"""What the native module calls the text of a program without a file in the trace folder."""


def load(shell: Any) -> None:
    """Make the magic known to a shell: what `%load_ext` asks for."""

    def codetracer(line: str, cell: str) -> object:
        """Record the cell: `%%codetracer [TRACE_DIR]`, by default into the trace-dir of the project's policy."""
        return record(shell, line.strip(), cell)

    shell.register_magic_function(codetracer, "cell", MAGIC)


def record(shell: Any, folder: str, cell: str) -> object:
    """Run the cell and record it; what its last expression gives, which IPython shows.

    Raises what the cell raises, and `RecorderError` where no recording can be begun: then the cell does not run.
    """
    cwd = working_directory()
    source: str = shell.transform_cell(cell)
    given: list[tuple[str, str, Setting]] = [(f"%%{MAGIC}", "trace-dir", folder)] if folder else []
    policy = resolve(cwd=cwd, start=cwd, environ=os.environ, settings=given)
    file = os.path.join(policy.trace_dir, KEPT)
    parts = compiled(source, file, shell.compile.flags)
    names = [file, *cells(shell)]
    begin(policy, Subject(f"%%{MAGIC}", sys.argv[1:], names, text=source, surroundings=surroundings(shell)))
    result = None
    try:
        for code in parts:
            result = eval(code, shell.user_ns)
    finally:
        report = _native.stop(None)
        say(*policy.notices, (report and complaint(policy, report)) or f"recorded to {policy.trace_dir}")
    return result


def cells(shell: Any) -> list[str]:
    """What the compiler called the cells before this one: their functions are the program's, too."""
    return list(getattr(shell.compile, "_filename_map", ()))[:-1]


def surroundings(shell: Any) -> list[str]:
    """The names that the shell has put among the program's: its history, and what `exit` and the like stand for."""
    return ["_", *(name for name in shell.user_ns_hidden if isinstance(name, str))]


def compiled(source: str, file: str, flags: int) -> list[Any]:
    """The cell's code; its last statement apart, where that is an expression."""
    body = ast.parse(source, file)
    last = body.body.pop() if body.body and isinstance(body.body[-1], ast.Expr) else None
    parts = [compile(body, file, "exec", flags, dont_inherit=True)]
    if isinstance(last, ast.Expr):
        parts.append(compile(ast.Expression(last.value), file, "eval", flags, dont_inherit=True))
    return parts
