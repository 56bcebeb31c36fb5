"""A source of a policy (a file, a variable, inline TOML, a flag, a mapping) becomes a layer.

Owns: reading one source, and what keeps it from being read. Must not: know which layer beats which, nor hold a key
against the schema.
"""

from __future__ import annotations

import os
from _collections_abc import Mapping  # typing's and collections.abc's own home, and already loaded

from codetracer_python_recorder.policy.layer import BUNDLED, Entry, Layer, Origin, Source, quote
from codetracer_python_recorder.policy.mistakes import checked, described
from codetracer_python_recorder.policy.schema import KEYS, PREFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codetracer_python_recorder.policy.positions import Path
    from codetracer_python_recorder.policy.schema import Key, Setting

SECTION = ("tool", "codetracer")
"""Where a pyproject.toml holds a policy."""


class Document:
    """A TOML file that was read: its bytes, its text and what stands in it."""

    __slots__ = ("content", "data", "name", "path", "text")

    def __init__(self, path: str, name: str, data: bytes, text: str, content: dict[str, object]) -> None:
        self.path = path
        self.name = name
        self.data = data
        self.text = text
        self.content = content


def read(path: str, name: str) -> Document:
    """Read a TOML file; `ValueError` says what is wrong, `OSError` that it cannot be read."""
    with open(path, "rb") as file:
        return parsed(path, name, file.read())


def parsed(path: str, name: str, data: bytes) -> Document:
    """The TOML file of these bytes; `ValueError` says what is wrong."""
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{name}:{line}: not UTF-8: byte 0x{error.object[error.start]:02x}") from None
    return Document(path, name, data, text, parse(text, name))


def parse(text: str, name: str, *, numbered: bool = True) -> dict[str, object]:
    """What a TOML text holds; `ValueError` with place and problem if it is not TOML.

    `numbered`: whether the name is that of a file, whose lines are worth naming.
    """
    try:
        return _loads(text)
    except RecursionError:
        raise ValueError(f"{name}: not TOML: nested too deeply") from None
    except ValueError as error:
        problem = str(error)
        line = problem.rpartition("(at line ")[2].partition(",")[0]
        place = f"{name}:{line}" if numbered and line.isdecimal() else name
        raise ValueError(f"{place}: not TOML: {problem}") from None


def _loads(text: str) -> dict[str, object]:
    try:
        from tomli import loads
    except ImportError:  # the package lies as a bare folder on PYTHONPATH, without what it depends on
        from tomllib import loads
    return loads(text)


def section(document: Document) -> object:
    """What stands at `[tool.codetracer]`; `None` if nothing does."""
    tool = document.content.get("tool")
    return tool.get("codetracer") if isinstance(tool, dict) else None


def from_document(document: Document, problems: list[str], *, anchor: str | None = None) -> Layer:
    """The layer that a policy file is; a pyproject.toml is read at its section."""
    table: object = document.content
    path: Path = ()
    if os.path.basename(document.path) == "pyproject.toml":
        table = section(document)
        path = SECTION
    elif section(document) is not None:
        place = Source(document.name, document.text).place(SECTION)
        problems.append(f"{place}: tool.codetracer: belongs to pyproject.toml only (here its keys stand without it)")
        table = {key: value for key, value in document.content.items() if key != "tool"}
    source = Source(document.name, document.text, path)
    entries: dict[str, Entry] = {}
    if isinstance(table, Mapping):
        entries = checked(table, source, problems)
    else:
        place, found = (document.name, "missing") if table is None else (source.place(()), described(table))
        problems.append(f"{place}: tool.codetracer: {found} (expected a table)")
    folder = os.path.dirname(os.path.abspath(document.path))
    return Layer(document.name, entries, folder, anchor=anchor, path=document.path, sha256=_sha256(document.data))


def bundled_names() -> list[str]:
    """The policies that come with the package."""
    return sorted(file.removesuffix(".toml") for file in os.listdir(BUNDLED) if file.endswith(".toml"))


def bundled_text(name: str) -> str:
    """One of them as it is written."""
    with open(os.path.join(BUNDLED, f"{name}.toml"), encoding="utf-8") as file:
        return file.read()


def default() -> Layer:
    """The bundled policy that is always there. It says what the schema says (a test holds them together), so that it
    need not be parsed at every start."""
    path = os.path.join(BUNDLED, "default.toml")
    with open(path, "rb") as file:
        data = file.read()
    source = Source("bundled policy default", data.decode())
    entries = {key.name: _default_entry(source, key) for key in KEYS if key.default is not None}
    return Layer(source.name, entries, BUNDLED, path=path, sha256=_sha256(data))


def _default_entry(source: Source, key: Key) -> Entry:
    path = tuple(key.name.split("."))
    size = len(key.default) if isinstance(key.default, list) else 0
    elements = tuple(Origin(source, (*path, i), f"{key.name}[{i}]") for i in range(size))
    return Entry(key.default, Origin(source, path, key.name), elements)


def from_mapping(name: str, table: Mapping[str, object], cwd: str, problems: list[str]) -> Layer:
    """The layer of a mapping with a policy file's keys; what is none is a problem."""
    if not hasattr(table, "items"):
        problems.append(f"{name}: expected a mapping with the keys of a policy file, got {type(table).__name__}")
        table = {}
    return Layer(name, checked(table, Source(name), problems), cwd, anchor=cwd)


def from_inline(name: str, text: str, cwd: str, problems: list[str]) -> Layer:
    """The layer of `key = value` given where a file could be."""
    try:
        table = parse(text, name, numbered=False)
    except ValueError as error:
        problems.append(f"{error} in {quote(text)}")
        table = {}
    return from_mapping(name, table, cwd, problems)


def from_settings(name: str, settings: Sequence[tuple[str, str, Setting]], cwd: str, problems: list[str]) -> Layer:
    """The layer of flags or arguments: place, key and value of each."""
    entries: dict[str, Entry] = {}
    for place, key, value in settings:
        entries |= checked(_nested(key, value), Source(place), problems)
    return Layer(name, entries, cwd, anchor=cwd)


def from_environment(environ: Mapping[str, str], cwd: str, problems: list[str]) -> Layer:
    """The layer of the variables; those that are no key's are somebody else's."""
    entries: dict[str, Entry] = {}
    for key in KEYS:
        text = environ.get(key.variable)
        if text is None or key.kind == "tables":
            continue
        place = f"environment {key.variable}"
        try:
            value = _variable(key, text)
        except ValueError:
            problems.append(f"{place}: {key.name}: {quote(text)} is not a TOML value (expected {key.expected})")
        else:
            entries |= checked(_nested(key.name, value), Source(place), problems)
    if f"{PREFIX}RULES" in environ:
        problems.append(f"environment {PREFIX}RULES: rules: a variable cannot set it (expected in a policy file)")
    return Layer("environment", entries, cwd, anchor=cwd)


def _variable(key: Key, text: str) -> object:
    """A variable's value: TOML, but that a string, or a list of one string, may stand without quotes."""
    bare = text.strip()
    quoted = bare[:1] in ('"', "'") or (bare[:1] == "[" and bare[1:].lstrip()[:1] in ('"', "'", "]"))
    if key.kind in ("string", "strings") and not quoted:
        return text if key.kind == "string" else [text]
    document = _loads(f"value = {bare}\n")
    if len(document) != 1:
        raise ValueError("more than one value")
    value = document["value"]
    return [value] if key.kind == "strings" and isinstance(value, str) else value


def _nested(key: str, value: object) -> dict[str, object]:
    table, dot, name = key.partition(".")
    return {table: {name: value}} if dot else {key: value}


def _sha256(data: bytes) -> str:
    try:
        from _sha2 import sha256  # type: ignore[import-not-found]  # hashlib loads OpenSSL: milliseconds for one file
    except ImportError:
        from hashlib import sha256
    return str(sha256(data).hexdigest())
