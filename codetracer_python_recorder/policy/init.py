"""A first policy that fits the project it finds.

Owns: its text, and where it is put. Must not: overwrite anything.
"""

from __future__ import annotations

import os
from importlib import import_module

from codetracer_python_recorder.errors import RecorderError
from codetracer_python_recorder.policy.explain import source_files
from codetracer_python_recorder.policy.schema import toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE = "recorder.toml"
MEANING = frozenset("*?[]{}!\\~")
"""Characters that mean something in a glob."""


def text(folder: str) -> str:
    """A short commented policy for the project in the folder."""
    return f"""\
# What codetracer-python-recorder records; globs as in .gitignore, from the project root.
# All keys: codetracer-python-recorder policy show. Why a file is recorded: … policy explain FILE.

{_include(_code(folder))}  # which of your own files; without it all of them
# exclude = ["**/generated/**"]  # but not these
# packages = ["requests"]  # installed and standard-library modules to record too
# extends = ["calls"]  # a bundled policy below this one: … policy list
"""


def _include(globs: list[str]) -> str:
    """The key for these; a comment where there are none."""
    return f"include = {toml(globs)}" if globs else '# include = ["app/**"]'


def _code(folder: str) -> list[str]:
    """Globs of the project's code: the folders at the top that hold any, then the scripts beside them."""
    found = {os.path.relpath(file, folder).partition(os.sep)[:2] for file in source_files(folder)}
    plain = sorted((-len(below), name) for name, below in found if not MEANING.intersection(name))
    return [f"{name}/**" if below else name for below, name in plain if name != "setup.py"]


def write(folder: str) -> str:
    """Make `recorder.toml`; its path."""
    path = os.path.join(folder, FILE)
    policy = text(folder)
    try:
        open(path, "x").close()  # what somebody else makes meanwhile is not replaced
    except FileExistsError:
        raise RecorderError(f"{FILE}: is there already (remove it first, or edit it)") from None
    except OSError as error:
        raise RecorderError(f"{FILE}: cannot be written: {error.strerror}") from None
    try:
        _replace(path, policy)
    except BaseException:
        os.unlink(path)
        raise
    return path


def add_to_pyproject(folder: str) -> str:
    """Put the policy into the pyproject.toml at its `[tool.codetracer]`; the path. All else stays as it is written."""
    try:
        tomlkit: Any = import_module("tomlkit")
    except ImportError:
        raise RecorderError("policy init --pyproject: needs tomlkit (pip install tomlkit)") from None
    path = os.path.join(folder, "pyproject.toml")
    try:
        with open(path, "r+", encoding="utf-8", newline="") as file:  # what may not be written is not replaced
            document = tomlkit.parse(file.read())
    except FileNotFoundError:
        raise RecorderError("pyproject.toml: no such file (policy init alone makes a recorder.toml)") from None
    except OSError as error:
        raise RecorderError(f"pyproject.toml: cannot be opened: {error.strerror}") from None
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
    _replace(os.path.realpath(path), tomlkit.dumps(document))
    return path


def _replace(path: str, text: str) -> None:
    """Give a file another text at one moment: where that fails, on a full disk, say, the old one is still there."""
    from shutil import copymode
    from tempfile import NamedTemporaryFile

    folder, name = os.path.split(path)
    try:
        with NamedTemporaryFile("w", dir=folder, encoding="utf-8", newline="", delete_on_close=False) as file:
            file.write(text)
            file.close()
            copymode(path, file.name)
            os.replace(file.name, path)
    except OSError as error:
        raise RecorderError(f"{name}: cannot be written: {error.strerror}") from None
