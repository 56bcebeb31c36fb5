"""The project root: where a program's pyproject.toml is looked for, and what marks its folder.

Owns: the search of the project root, where it begins, and what is installed rather than a project's. Must not: read the
working directory by itself, or know what a policy says.
"""

from __future__ import annotations

import os
import sys

from codetracer_python_recorder.policy import load
from codetracer_python_recorder.policy.layer import relative

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codetracer_python_recorder.policy.load import Document

MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")


class Project:
    """The project root, and the pyproject.toml with a policy that it was found by, if it was.

    `problem` says why that file cannot be obeyed; `notices` name the files that were passed over.
    """

    __slots__ = ("document", "notices", "problem", "root")

    def __init__(self, root: str, document: Document | None, problem: str, notices: list[str]) -> None:
        self.root = root
        self.document = document
        self.problem = problem
        self.notices = notices


def find_project(start: str, cwd: str) -> Project:
    """The project root, from the start folder upwards, as far as a folder with `.git`."""
    notices: list[str] = []
    marked = ""
    folder = start
    while True:
        path = os.path.join(folder, "pyproject.toml")
        if os.path.isfile(path):
            name = relative(path, cwd)
            try:
                with open(path, "rb") as file:
                    data = file.read()
                document = load.parsed(path, name, data) if _may_hold_policy(data) else None
            except OSError as error:
                return Project(folder, None, f"{name}: cannot be read: {error.strerror}", notices)
            except ValueError as error:
                if b"tool.codetracer" in data:
                    return Project(folder, None, str(error), notices)
                notices.append(f"{error} (passed over: it holds no policy)")
            else:
                if document and load.section(document) is not None:
                    return Project(folder, document, "", notices)
        if not marked and any(os.path.exists(os.path.join(folder, marker)) for marker in MARKERS):
            marked = folder
        parent = os.path.dirname(folder)
        if parent == folder or os.path.exists(os.path.join(folder, ".git")):
            return Project(marked or start, None, "", notices)
        folder = parent


def _may_hold_policy(data: bytes) -> bool:
    """Whether `tool.codetracer` may stand in a pyproject.toml, however it is written.

    In most it does not, and reading TOML takes as long as all else at the start: `re` comes with it, and comes again
    for the program, which is to find no modules of ours.
    """
    bare = data.translate(None, b" \t\"'")
    apart = b"codetracer" in bare and (b"[tool]" in bare or b"tool={" in bare)
    return apart or b"tool.codetracer" in bare or any(escape in data for escape in (b"\\u", b"\\U", b"\\x"))


def start_folder(script: str | None, cwd: str) -> str:
    """Where the search of the project root begins: the script's folder, links resolved.

    The working directory if there is no script file, or if it is itself installed.
    """
    if script is None:
        return cwd
    real = os.path.realpath(script)
    if _installed(os.path.join(cwd, script)) or _installed(real):
        return cwd
    return real if os.path.isdir(real) else os.path.dirname(real)


def _installed(path: str) -> bool:
    """Whether a script belongs to an installation: of a package, a virtual environment or the interpreter."""
    folder = os.path.dirname(path)
    scripts = "Scripts" if os.name == "nt" else "bin"
    homes = {sys.prefix, sys.base_prefix, os.path.expanduser(os.path.join("~", ".local"))}
    if folder in {os.path.join(home, scripts) for home in homes}:
        return True
    if any(path.startswith(os.path.join(library, "")) for library in standard_library()):
        return True
    while folder != os.path.dirname(folder):
        if os.path.basename(folder) in ("site-packages", "dist-packages"):
            return True
        if os.path.exists(os.path.join(folder, "pyvenv.cfg")):
            return True
        folder = os.path.dirname(folder)
    return False


def standard_library() -> list[str]:
    """The folders of the standard library; sysconfig knows them too, but takes milliseconds to load."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folders = [os.path.dirname(os.__file__)]
    if os.name == "nt":
        folders.append(os.path.join(sys.base_prefix, "DLLs"))
    else:
        folders.append(os.path.join(sys.base_exec_prefix, sys.platlibdir, version))
    return list(dict.fromkeys(os.path.abspath(folder) for folder in folders))
