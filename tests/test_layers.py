"""Owns: the rules that a part uses only what lies below it, in both languages, and that each file says what it owns.

Must not: run or import what it checks.

The layers are those of the map in CONTRIBUTING.md. A new module has to be entered here: the moment to ask where it
belongs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CRATE = ROOT / "src"
PACKAGE = ROOT / "codetracer_python_recorder"

Layers = list[set[str]]
Uses = dict[str, set[str]]

RUST_LAYERS: Layers = [
    {"lib"},
    {"session", "program"},
    {"streams"},
    {"monitoring"},
    {"recorder"},
    {"hook", "apart"},
    {"code", "frame", "object", "value", "source"},
    {"policy", "trace"},
    {"error", "memory", "fault", "interpreter"},
]
PYTHON_LAYERS: Layers = [
    {"__main__", "pytest_plugin"},
    {"cli", "pytest_traces"},
    {"commands", "commands.record", "commands.trace", "commands.policy"},
    {"commands.parser"},
    {"commands.terminal"},
    {"__init__", "notebook"},
    {"session", "runner", "policy", "follow", "summary"},
    {"policy.check"},
    {"policy.explain", "policy.show", "policy.init", "policy.json_schema"},
    {"policy.resolve"},
    {"policy.project"},
    {"policy.load"},
    {"policy.mistakes"},
    {"policy.layer"},
    {"policy.schema", "policy.positions"},
    {"subject", "probe", "lookup"},
    {"errors", "own", "misfit", "_native"},
]
# Beyond the layers: callbacks are thin, and the two pure parts have nothing to do with each other.
STRANGERS = {"monitoring": {"value", "policy"}, "policy": {"trace"}, "trace": {"policy"}}
PURE = ("policy", "trace")
# Folders of programs that are recorded or measured.
RECORDED = {"corpus", "kinds", "counted"}


def crate_paths(source: str, root: str) -> set[str]:
    """First names of the paths in Rust `source` below `root`, alone (`crate::a::B`) or in a list (`crate::{a, b}`)."""
    lists = re.compile(rf"(?<!{root})::\{{[^{{}}]*\}}")
    while lists.search(source):  # from the inside out, until only the outermost are left
        source = lists.sub("", source)
    names = set(re.findall(rf"\b{root}::(\w+)", source))
    for listed in re.findall(rf"\b{root}::\{{([^{{}}]*)\}}", source):
        names.update(re.findall(r"(?:^|,)\s*(\w+)", listed))
    return names


def rust_uses() -> Uses:
    """Which top-level modules of the crate each of them names."""
    uses: Uses = {}
    for file in CRATE.rglob("*.rs"):
        inner = file.relative_to(CRATE).with_suffix("").parts
        source = re.sub(r"//.*", "", file.read_text(encoding="utf-8"))
        names = crate_paths(source, "crate")
        if inner[1:] in [(), ("mod",)]:
            names |= crate_paths(source, "super")
        uses.setdefault(inner[0], set()).update(names)
    return {module: (names & uses.keys()) - {module} for module, names in uses.items()}


def python_modules() -> dict[str, Path]:
    """The package's modules by their name below it; the package itself is `__init__`, a subpackage goes by its name."""
    modules = {}
    for file in [*PACKAGE.rglob("*.py"), PACKAGE / "_native.pyi"]:
        inner = file.relative_to(PACKAGE).with_suffix("").parts
        modules[".".join(inner[:-1] if inner[1:] and inner[-1] == "__init__" else inner)] = file
    return modules


def imported(node: ast.AST) -> list[str]:
    """Full names that an import statement may mean, modules and their members alike."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: imports inside the package name it in full"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def python_uses() -> Uses:
    """Which of the package's modules each of them imports, wherever in its text."""
    modules = python_modules()
    uses: Uses = {}
    for module, file in modules.items():
        names = [name for node in ast.walk(ast.parse(file.read_bytes())) for name in imported(node)]
        inner = [name.split(".")[1:] for name in names if name.split(".")[0] == PACKAGE.name]
        uses[module] = {owner(parts, modules) for parts in inner} - {module}
    return uses


def owner(parts: list[str], modules: Container[str]) -> str:
    """The module that an imported name belongs to: its longest beginning that is one, else the package itself."""
    beginnings = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((name for name in beginnings if name in modules), "__init__")


LANGUAGES = pytest.mark.parametrize(
    ("layers", "uses"),
    [pytest.param(RUST_LAYERS, rust_uses(), id="rust"), pytest.param(PYTHON_LAYERS, python_uses(), id="python")],
)


@LANGUAGES
def test_every_module_has_its_layer(layers: Layers, uses: Uses) -> None:
    assert uses.keys() <= set().union(*layers)


@LANGUAGES
def test_what_is_used_lies_below(layers: Layers, uses: Uses) -> None:
    height = {module: -depth for depth, layer in enumerate(layers) for module in layer}
    upward = [(user, used) for user in uses for used in uses[user] if height[used] > height[user]]
    assert not upward


@LANGUAGES
def test_no_circle_within_a_layer(layers: Layers, uses: Uses) -> None:
    for layer in layers:
        try:
            TopologicalSorter({module: uses.get(module, set()) & layer for module in layer}).prepare()
        except CycleError as error:
            pytest.fail(" → ".join(error.args[1]))


def test_strangers_stay_strangers() -> None:
    uses = rust_uses()
    assert not [(user, used) for user in STRANGERS for used in uses.get(user, set()) & STRANGERS[user]]


@pytest.mark.parametrize("part", PURE)
def test_pure_parts_do_not_see_the_interpreter(part: str) -> None:
    assert not [file.name for file in (CRATE / part).rglob("*.rs") if "pyo3" in file.read_text(encoding="utf-8")]


def test_every_file_says_what_it_owns() -> None:
    """In its first lines, with what it must not do."""
    folders = (CRATE, PACKAGE, *(ROOT / name for name in ("bench", "startup", "tests", "tools")))
    files = [file for folder in folders for file in folder.rglob("*") if file.suffix in (".py", ".pyi", ".rs", "")]
    texts = {
        str(file.relative_to(ROOT)): file.read_text(encoding="utf-8")
        for file in files
        if file.is_file() and file.stat().st_size and not RECORDED & {*file.parts}
    }
    assert texts
    assert not [file for file, text in texts.items() if not re.search(r"Owns: .*Must not:\s", text[:1500], re.DOTALL)]


def test_paths_in_lists_are_seen() -> None:
    """The reader of Rust above is not a parser: this is what it must get right."""
    source = "use crate::error::Error; use crate::{code, trace::{self, json::{a, b}}, value::V}; crate::frame::f()"
    assert crate_paths(source, "crate") == {"error", "code", "trace", "value", "frame"}
