"""A first policy that fits the project it finds.

Owns: its text, and where it is put. Must not: overwrite anything.
"""

from __future__ import annotations

import os
from importlib import import_module

from codetracer_python_recorder.errors import RecorderError
from codetracer_python_recorder.policy.schema import toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE = "recorder.toml"
PACKAGE = "codetracer-python-recorder"


def text(folder: str) -> str:
    """A short commented policy for the project in the folder."""
    code = _packages(folder)
    tests = [name for name in ("tests", "test") if os.path.isdir(os.path.join(folder, name))]
    return f"""\
# What codetracer-python-recorder records; globs as in .gitignore, from the project root.
# All keys: codetracer-python-recorder policy show. Why a file is recorded: … policy explain FILE.

{_list("include", code, "app")}  # which of your own files; without it all of them
{_list("exclude", tests, "tests")}  # but not these
# packages = ["requests"]  # installed and standard-library modules to record too
# extends = ["calls"]  # a bundled policy below this one: … policy list
"""


def _list(key: str, folders: list[str], otherwise: str) -> str:
    """The key for these folders; a comment where there are none."""
    return f"{'' if folders else '# '}{key} = {toml([f'{folder}/**' for folder in folders or [otherwise]])}"


def _packages(folder: str) -> list[str]:
    """The folders that hold the project's code: `src`, or the packages at the top."""
    if os.path.isdir(os.path.join(folder, "src")):
        return ["src"]
    names = sorted(name for name in os.listdir(folder) if name.isidentifier() and name not in ("tests", "test"))
    return [name for name in names if os.path.isfile(os.path.join(folder, name, "__init__.py"))]


def write(folder: str) -> str:
    """Make `recorder.toml`; its path."""
    path = os.path.join(folder, FILE)
    try:
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text(folder))
    except FileExistsError:
        raise RecorderError(f"{FILE}: is there already (remove it first, or edit it)") from None
    except OSError as error:
        raise RecorderError(f"{FILE}: cannot be written: {error.strerror}") from None
    return path


def add_to_pyproject(folder: str) -> str:
    """Put the policy into the pyproject.toml at its `[tool.codetracer]`; the path. All else stays as it is written."""
    try:
        tomlkit: Any = import_module("tomlkit")
    except ImportError:
        raise RecorderError(f"policy init --pyproject: needs tomlkit (pip install '{PACKAGE}[init]')") from None
    path = os.path.join(folder, "pyproject.toml")
    try:
        with open(path, encoding="utf-8", newline="") as file:
            document = tomlkit.parse(file.read())
    except FileNotFoundError:
        raise RecorderError("pyproject.toml: no such file (policy init alone makes a recorder.toml)") from None
    except OSError as error:
        raise RecorderError(f"pyproject.toml: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise RecorderError(f"pyproject.toml: not TOML: {error}") from None
    tool = document.setdefault("tool", tomlkit.table(is_super_table=True))
    if not hasattr(tool, "items"):
        raise RecorderError("pyproject.toml: tool: not a table (expected a table)")
    if "codetracer" in tool:
        raise RecorderError("pyproject.toml: tool.codetracer is there already (edit it)")
    section = tomlkit.table()
    for name, item in tomlkit.parse(text(folder)).body:
        section.add(item) if name is None else section.add(name, item)
    tool["codetracer"] = section
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(tomlkit.dumps(document))
    return path
