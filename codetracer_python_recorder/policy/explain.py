"""Why code is recorded or not: the answer of the native module, asked for code that need not have run.

Owns: which code objects a path or a module's name stands for, and what would change a decision. Must not: match a
pattern, or run any of the code: what is compiled here is looked at only.
"""

from __future__ import annotations

import os
import sys

from codetracer_python_recorder import _native, lookup
from codetracer_python_recorder.policy.layer import relative
from codetracer_python_recorder.policy.mistakes import nearest
from codetracer_python_recorder.policy.schema import toml
from codetracer_python_recorder.subject import as_json, clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType
    from typing import Any

    from codetracer_python_recorder.policy.resolve import Policy

MODULE = "<module>"
"""The qualname of a module's own code."""


class Question:
    """A code object by what is decided on: its file, its module, its qualname. `name` is what the user calls it."""

    __slots__ = ("module", "name", "path", "qualname")

    def __init__(self, name: str, path: str, module: str, qualname: str = MODULE) -> None:
        self.name = name
        self.path = path
        self.module = module
        self.qualname = qualname

    def of(self, qualname: str) -> Question:
        """The same of a function in that module."""
        return Question(f"{self.name}:{qualname}", self.path, self.module, qualname)


class Asked:
    """Whom the answers are for: the policy, and the script by whose `sys.path` modules are found."""

    def __init__(self, policy: Policy, script: str | None) -> None:
        self.policy = policy
        self.script = os.path.join(policy.cwd, script) if script is not None else None
        folder = os.path.dirname(os.path.realpath(self.script)) if self.script else policy.cwd
        self.path = list(dict.fromkeys(os.path.join(policy.cwd, entry) for entry in (folder, *sys.path)))

    def answers(self, questions: Sequence[Question]) -> dict[str, Any]:
        """What the native module says: see `_native.explain`."""
        from json import loads

        names = [] if self.script is None else list(dict.fromkeys((self.script, os.path.realpath(self.script))))
        asked = [
            {"path": clean(one.path), "module": one.module, "qualname": one.qualname, "is_main": False}
            for one in questions
        ]
        answer: dict[str, Any] = loads(_native.explain(as_json(self.policy.spec(names)), as_json(asked)))
        return answer

    def find(self, target: str) -> list[Question]:
        """The code objects that a target (`PATH` or `MODULE`, with `:QUALNAME` or without) stands for."""
        name, qualname = self._parts(target)
        found = self._named(name)
        return [one.of(qualname) for one in found if _may_define(one.path, qualname)] if qualname else found

    def why_none(self, target: str) -> str:
        """What is wrong with a target that stands for nothing."""
        name, qualname = self._parts(target)
        found = self._named(name)
        if not qualname or not found:
            return "nothing found (expected a file, a folder, or a module that can be imported)"
        there = [known for one in found for known in qualnames(one.path) or ()]
        names = {known.rpartition(".")[2]: known for known in there} | {known: known for known in there}
        meant = nearest(qualname, tuple(names))
        hint = f"did you mean {names[meant]}?" if meant else "expected a function or class by its qualname"
        return f"nothing named {qualname} in {name} ({hint})"

    def _parts(self, target: str) -> tuple[str, str]:
        name, colon, qualname = target.rpartition(":")
        if not colon or os.path.exists(os.path.join(self.policy.cwd, target)) or "/" in qualname or "\\" in qualname:
            return target, ""
        return name, qualname

    def _named(self, name: str) -> list[Question]:
        return self.files(name) if _is_path(name, self.policy.cwd) else self.modules(name)

    def files(self, name: str) -> list[Question]:
        """A file, those below a folder, or code without one."""
        path = os.path.normpath(os.path.join(self.policy.cwd, name))
        if name.startswith("<"):
            return [Question(name, name, "")]
        if os.path.isdir(path):
            found = sorted(source_files(path))
            return [Question(relative(file, self.policy.cwd), file, self.module_of(file)) for file in found]
        return [Question(name, path, self.module_of(path))] if os.path.isfile(path) else []

    def modules(self, name: str) -> list[Question]:
        """A module as an import would find it, without importing its parents."""
        spec = lookup.spec_of(name, self.path)
        if spec is None:
            return []
        file = spec.origin if spec.has_location and spec.origin else f"<frozen {name}>"
        return [Question(name, file, name)]

    def module_of(self, path: str) -> str:
        """A file's module name, as the most special folder of `sys.path` gives it."""
        if self.script and os.path.realpath(path) == os.path.realpath(self.script):
            return "__main__"
        path = os.path.normpath(path)
        best = ""
        for folder in self.path:
            below = path.removeprefix(os.path.join(os.path.normpath(folder), ""))
            parts = below.removesuffix(".py").split(os.sep)
            if below != path and all(part.isidentifier() for part in parts):
                name = ".".join(parts).removesuffix(".__init__")
                best = name if not best or len(name) < len(best) else best
        return best


def of_name(policy: Policy, name: str) -> dict[str, Any]:
    """Whether an identifier is redacted: by which pattern, and by which it is allowed all the same."""
    names, allow = policy.patterns("redact.names"), policy.patterns("redact.allow")
    told, allowed = _native.explain_name([one.text for one in names], [one.text for one in allow], name)
    off = policy.value("redact.enabled") is False
    return {
        "name": name,
        "redacted": told is not None and allowed is None and not off,
        "by": None if told is None else {"pattern": names[told].text, "origin": str(names[told].origin)},
        "allowed_by": None
        if allowed is None
        else {"pattern": allow[allowed].text, "origin": str(allow[allowed].origin)},
        "off": str(policy.entries["redact.enabled"].origin) if off else None,
    }


def _is_path(name: str, cwd: str) -> bool:
    looks_so = os.sep in name or "/" in name or name.endswith(".py") or name.startswith("<")
    return looks_so or os.path.exists(os.path.join(cwd, name))


def source_files(folder: str) -> Iterator[str]:
    """The Python files below a folder; hidden folders, caches and virtual environments left out."""
    for at, folders, files in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in ("__pycache__", "node_modules")
            and not os.path.exists(os.path.join(at, name, "pyvenv.cfg"))
        ]
        yield from (os.path.join(at, name) for name in files if name.endswith(".py"))


def qualnames(path: str) -> list[str] | None:
    """The functions and classes that a source file defines; `None` if it cannot be read and compiled."""
    import warnings

    try:
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(file.read(), path, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    return list(dict.fromkeys(_inside(code)))


def _may_define(path: str, qualname: str) -> bool:
    known = qualnames(path)
    return known is None or qualname in (MODULE, *known)


def _inside(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            yield constant.co_qualname
            yield from _inside(constant)


def verdict(answer: dict[str, Any]) -> str:
    """`recorded`, `recorded (calls)` or `not recorded`."""
    return {"lines": "recorded", "calls": "recorded (calls)", "none": "not recorded"}[answer["record"]]


def _as_pattern(path: str) -> str:
    """The glob that matches this path alone."""
    return "".join(f"\\{unit}" if unit in "*?[]{}\\!" else unit for unit in path)


def way_out(question: Question, answer: dict[str, Any], policy: Policy) -> str:
    """What would change the decision, as a policy file says it."""
    kind, root = answer["kind"], policy.project_root
    path = _as_pattern(relative(question.path, root).replace(os.sep, "/"))
    named = question.path if question.path.startswith("<") else path
    function = "" if question.qualname == MODULE else f", function = {toml(question.qualname)}"
    rule = f"[[rules]] path = {toml(named)}{function}, record = "
    if kind == "recorder":
        return ""
    if answer["record"] != "none":
        return f'a later rule: {rule}"none"' if kind == "rule" or function else f"exclude = {toml([path])}"
    if kind == "exclude":
        return f'that pattern taken out, or a rule: {rule}"lines"'
    if kind in ("installed", "standard library"):
        return f"packages = {toml([question.module.partition('.')[0]])}" if question.module else f'{rule}"lines"'
    if kind in ("other", "not included"):
        return f"extend-include = {toml([path])}"
    return f'a {"later rule" if kind == "rule" else "rule"}: {rule}"lines"'
