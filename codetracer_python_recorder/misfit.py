"""What is said where the package cannot run in the interpreter that imports it.

Owns: that message. Must not: be written in a syntax, or import anything, that Python 3.7 or another than CPython
does not have.
"""

from __future__ import annotations

import os
import sys

OLDEST = (3, 12)


def refuse(error: ImportError) -> None:
    """Raise `ImportError` with one line that says why the native module cannot be loaded, and what to do.

    Where the package is run as a program, that line is all that is shown.
    """
    line = f"codetracer-python-recorder: {_reason(error)}"
    if _is_program():
        sys.stderr.write(line + "\n")
        raise SystemExit(2)
    raise ImportError(line) from None


def _reason(error: ImportError) -> str:
    implementation = {"cpython": "CPython", "pypy": "PyPy"}.get(sys.implementation.name, sys.implementation.name)
    version = tuple(sys.version_info[:2])
    here = f"{implementation} {version[0]}.{version[1]}"
    needs = f"needs CPython {OLDEST[0]}.{OLDEST[1]} or newer with a GIL"
    if sys.implementation.name != "cpython" or version < OLDEST:
        return f"{needs}, this is {here} ({sys.executable})"
    if "t" in getattr(sys, "abiflags", ""):
        return f"{needs}, this is a free-threaded build of {here} ({sys.executable})"
    built = ", ".join(_built_for())
    if not built:
        return f"the native module is missing in {os.path.dirname(__file__)} {_way_out()}"
    if built != here:
        return f"built for {built}, this is {here} {_way_out()}"
    return f"the native module cannot be loaded: {error} {_way_out()}"


def _way_out() -> str:
    return f"(install it for this interpreter: {sys.executable} -m pip install codetracer-python-recorder)"


def _built_for() -> list[str]:
    """The versions that native modules lie there for: `_native.cpython-313-x86_64-linux-gnu.so`."""
    found = []
    for name in sorted(os.listdir(os.path.dirname(__file__))):
        tag = name.replace("cpython-", "cp").split(".")[1:2]
        digits = "".join(character for character in "".join(tag).split("-")[0] if character.isdigit())
        if name.startswith("_native.") and not name.endswith(".pyi") and len(digits) > 1:
            found.append(f"CPython {digits[0]}.{digits[1:]}")
    return found


def _is_program() -> bool:
    """Whether this is the console script, or `python -m codetracer_python_recorder`."""
    program = sys.argv[0] if sys.argv else ""
    if program == "-m":
        return "codetracer_python_recorder" in getattr(sys, "orig_argv", ["codetracer_python_recorder"])
    return os.path.basename(program).split(".")[0] == "codetracer-python-recorder"
