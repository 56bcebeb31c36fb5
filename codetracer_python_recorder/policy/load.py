"""A source of a policy (a file, a variable, inline TOML, a flag, a mapping) becomes a layer.

Owns: reading and checking one source; every mistake in it becomes one line. Must not: know which layer beats which,
nor compile a pattern: the native module says what is wrong with one.
"""

from __future__ import annotations

import os
from _collections_abc import Mapping  # typing's and collections.abc's own home, and already loaded

from codetracer_python_recorder import _native
from codetracer_python_recorder.policy.schema import (
    ACTIONS,
    BY_NAME,
    KEYS,
    LARGEST,
    PREFIX,
    RULE_KEYS,
    SELECTORS,
    TABLES,
)
from codetracer_python_recorder.subject import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codetracer_python_recorder.policy.positions import Path
    from codetracer_python_recorder.policy.schema import Key, Setting, Table

BUNDLED = os.path.join(os.path.dirname(os.path.dirname(__file__)), "policies")
"""The folder of the policies that come with the package."""

SECTION = ("tool", "codetracer")
"""Where a pyproject.toml holds a policy."""


class Source:
    """What a value comes from, as messages name it; with its text where that has lines."""

    __slots__ = ("_lines", "name", "section", "text")

    def __init__(self, name: str, text: str | None = None, section: Path = ()) -> None:
        self.name = name
        self.text = text
        self.section = section
        self._lines: dict[Path, int] | None = None

    def place(self, path: Path) -> str:
        """`file:line` of a key or element, of the nearest one above it that is known, or the bare name."""
        if self.text is None:
            return self.name
        if self._lines is None:
            from codetracer_python_recorder.policy.positions import lines  # milliseconds, for what few starts need

            try:
                self._lines = lines(self.text)
            except RecursionError:
                self._lines = {}
        path = (*self.section, *path)
        while path and path not in self._lines:
            path = path[:-1]
        return f"{self.name}:{self._lines[path]}" if path else self.name


class Origin:
    """Where a value in force was set; its text is `place: key`."""

    __slots__ = ("key", "path", "source")

    def __init__(self, source: Source, path: Path, key: str) -> None:
        self.source = source
        self.path = path
        self.key = key

    @property
    def place(self) -> str:
        return self.source.place(self.path)

    def __str__(self) -> str:
        return f"{self.place}: {self.key}"


class Entry:
    """A key as one layer sets it. `elements` are the origins of a list's elements."""

    __slots__ = ("elements", "origin", "value")

    def __init__(self, value: Setting, origin: Origin, elements: tuple[Origin, ...] = ()) -> None:
        self.value = value
        self.origin = origin
        self.elements = elements


class Layer:
    """What one source says: some of the keys.

    `folder` is what relative paths of `extends` start from. `anchor` is what relative globs and a relative
    `activation-path` start from; `None`: the project root.
    """

    __slots__ = ("anchor", "entries", "folder", "name", "path", "sha256")

    @property
    def bundled(self) -> str | None:
        """The name of a policy that comes with the package."""
        if self.path is None or os.path.dirname(self.path) != BUNDLED:
            return None
        return os.path.basename(self.path).removesuffix(".toml")

    def __init__(
        self,
        name: str,
        entries: dict[str, Entry],
        folder: str,
        *,
        anchor: str | None = None,
        path: str | None = None,
        sha256: str | None = None,
    ) -> None:
        self.name = name
        self.entries = entries
        self.folder = folder
        self.anchor = anchor
        self.path = path
        self.sha256 = sha256


class Document:
    """A TOML file that was read: its bytes, its text and what stands in it."""

    __slots__ = ("content", "data", "name", "path", "text")

    def __init__(self, path: str, name: str, data: bytes, text: str, content: dict[str, object]) -> None:
        self.path = path
        self.name = name
        self.data = data
        self.text = text
        self.content = content


def quote(value: object) -> str:
    """A text as messages show it: on one line, in double quotes, not endless."""
    text = value if isinstance(value, str) else str(value)
    if len(text) > 120:
        text = text[:100] + "…"
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import json

    return json.dumps(text, ensure_ascii=not text.isprintable())


def read(path: str, name: str) -> Document:
    """Read a TOML file; `ValueError` says what is wrong, `OSError` that it cannot be read."""
    with open(path, "rb") as file:
        data = file.read()
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


def checked(table: Mapping[str, object], source: Source, problems: list[str]) -> dict[str, Entry]:
    """The sound entries of a table; a line in `problems` for each of the others."""
    checker = _Checker(source, problems)
    checker.table(table, "", ())
    return checker.entries


class _Checker:
    """Holds one source against the schema."""

    def __init__(self, source: Source, problems: list[str]) -> None:
        self.source = source
        self.problems = problems
        self.entries: dict[str, Entry] = {}
        self.hints = 1000  # a third of a millisecond each: a file of thousands of mistakes is still answered at once

    def table(self, table: Mapping[str, object], prefix: str, path: Path) -> None:
        seen: dict[str, str] = {}
        for written, value in table.items():
            at = (*path, written)
            part = written.replace("_", "-") if isinstance(written, str) and "." not in written else ""
            name = prefix + part
            if name in seen:
                self.problem(at, name, f"written twice, as {seen[name]} and as {prefix}{written} (keep one)")
            elif name in BY_NAME:
                seen[name] = prefix + written
                self.value(BY_NAME[name], value, at)
            elif name in TABLES:
                seen[name] = written
                if isinstance(value, Mapping):
                    self.table(value, f"{name}.", at)
                else:
                    self.problem(at, name, f"{described(value)} (expected a table)")
            else:
                self.hints -= 1
                hint = _meant(prefix, written) if self.hints >= 0 else ""
                self.problem(at, prefix + _written(written), f"unknown key{hint}")

    def value(self, key: Key, value: object, path: Path) -> None:
        """Keep the value, or say what is wrong with it."""
        origin = Origin(self.source, path, key.name)
        if key.kind == "tables":
            self.rules(key, value, origin)
        elif key.kind != "strings":
            wrong = _wrong(key, value)
            if wrong:
                self.problem(path, key.name, wrong)
            else:
                self.entries[key.name] = Entry(value, origin)  # type: ignore[arg-type]  # of the key's type: checked
        elif isinstance(value, (list, tuple)):
            elements = tuple(Origin(self.source, (*path, i), f"{key.name}[{i}]") for i in range(len(value)))
            wrongs = [_wrong_element(key, element) for element in value]
            for element, wrong in zip(elements, wrongs, strict=True):
                if wrong:
                    self.problem(element.path, element.key, wrong)
            if not any(wrongs):
                self.entries[key.name] = Entry(list(value), origin, elements)
        else:
            hint = f"; did you mean [{quote(value)}]?" if isinstance(value, str) else ""
            self.problem(path, key.name, f"{described(value)} (expected {key.expected}{hint})")

    def rules(self, key: Key, value: object, origin: Origin) -> None:
        """Keep a list of rules, or say what is wrong with each."""
        if not isinstance(value, (list, tuple)):
            self.problem(origin.path, key.name, f"{described(value)} (expected {key.expected})")
            return
        elements = tuple(Origin(self.source, (*origin.path, i), f"{key.name}[{i}]") for i in range(len(value)))
        rules = [self.rule(rule, element) for rule, element in zip(value, elements, strict=True)]
        if all(rules):
            self.entries[key.name] = Entry(rules, origin, elements)

    def rule(self, value: object, origin: Origin) -> Table:
        """The keys of one rule. Where one is unknown, it may be the selector or action that is missing."""
        if not isinstance(value, Mapping):
            self.problem(origin.path, origin.key, f"{described(value)} (expected a table)")
            return {}
        rule: Table = {}
        seen: dict[str, str] = {}
        known = {key.name: key for key in RULE_KEYS}
        for written, held in value.items():
            at = (*origin.path, written)
            name = written.replace("_", "-") if isinstance(written, str) else ""
            shown = f"{origin.key}.{_written(written)}"
            if name in seen:
                self.problem(at, f"{origin.key}.{name}", f"written twice, as {seen[name]} and as {written} (keep one)")
            elif name not in known:
                self.hints -= 1
                self.problem(at, shown, f"unknown key{_meant_of_rule(written) if self.hints >= 0 else ''}")
            else:
                wrong = _wrong_element(known[name], held) if known[name].pattern else _wrong(known[name], held)
                if wrong:
                    self.problem(at, shown, wrong)
                seen[name], rule[name] = written, held
        for what, names in (("selector", SELECTORS), ("action", ACTIONS)):
            if len(rule) == len(value) and not any(name in rule for name in names):
                self.problem(origin.path, origin.key, f"no {what} (expected one of {', '.join(names)})")
        return rule

    def problem(self, path: Path, key: str, wrong: str) -> None:
        self.problems.append(f"{self.source.place(path)}: {key}: {wrong}")


def _wrong(key: Key, value: object) -> str:
    """What is wrong with the value of a key that is not a list; empty if nothing is."""
    expected = f"(expected {key.expected})"
    types = {"string": str, "integer": int, "boolean": bool}
    if not isinstance(value, types[key.kind]) or (isinstance(value, bool) and key.kind != "boolean"):
        return f"{described(value)} {expected}"
    if isinstance(value, int) and value < 0:
        return f"{value} is negative {expected}" if value >= -LARGEST else f"negative {expected}"
    if isinstance(value, int) and value > LARGEST:
        return f"too large (expected at most {LARGEST})"
    if isinstance(value, str):
        if key.choices and value not in key.choices:
            meant = _nearest(value, key.choices)
            hint = f'; did you mean "{meant}"?' if meant else ""
            return f"{quote(value)} is unknown (expected {key.expected}{hint})"
        return _wrong_text(value, expected)
    return ""


def _wrong_element(key: Key, value: object) -> str:
    """What is wrong with an element of a key's list; empty if nothing is."""
    if not isinstance(value, str):
        return f"{described(value)} (expected a string)"
    if key.pattern:
        return _native.check_glob(key.pattern, clean(value)) or ""
    return _wrong_text(value, "(expected a string)")


def _wrong_text(value: str, expected: str) -> str:
    if not value:
        return f"empty string {expected}"
    return f"NUL in {quote(value)} {expected}" if "\0" in value else ""


def described(value: object) -> str:
    """The value with its type, as TOML names types: `5 is an integer`, `a list`."""
    if isinstance(value, bool):
        return f"{'true' if value else 'false'} is a boolean"
    if isinstance(value, int):
        return f"{value} is an integer" if abs(value) <= LARGEST else "an integer"
    if isinstance(value, float):
        return f"{value} is a float"
    if isinstance(value, str):
        return f"{quote(value)} is a string"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, Mapping):
        return "a table"
    return {"datetime": "a date and time", "date": "a date", "time": "a time"}.get(
        type(value).__name__, f"a value of type {type(value).__name__}"
    )


def _written(key: object) -> str:
    """A key as TOML would write it."""
    plain = isinstance(key, str) and key.replace("-", "").replace("_", "").isalnum() and key.isascii()
    return str(key) if plain else quote(key)


def _meant(prefix: str, written: object) -> str:
    """The nearest known key, or if none is near those that there are, as the end of a message."""
    names: dict[str, str] = {}
    for key in KEYS:
        names.setdefault(key.name.rpartition(".")[2], key.name)  # `depth` alone means limits.depth
        names[key.name] = key.name
    names |= {key.name: f"{key.name} in [[rules]]" for key in RULE_KEYS if key.name not in names}
    names |= {table: f"[{table}]" for table in TABLES}
    if prefix:  # what belongs here comes first
        names |= {name.removeprefix(prefix): name for name in BY_NAME if name.startswith(prefix)}
    meant = _nearest(str(written).replace("_", "-").lower(), tuple(names))
    if meant:
        return f" (did you mean {names[meant]}?)"
    here = [name.removeprefix(prefix) for name in BY_NAME if name.startswith(prefix)]
    return f" (known here: {', '.join(dict.fromkeys(name.partition('.')[0] for name in here))})"


def _meant_of_rule(written: object) -> str:
    """The same for a key of a rule."""
    names = tuple(key.name for key in RULE_KEYS)
    meant = _nearest(str(written).replace("_", "-").lower(), names)
    return f" (did you mean {meant}?)" if meant else f" (known here: {', '.join(names)})"


def _nearest(word: str, known: tuple[str, ...]) -> str:
    """The known word most like this one; empty if none is like it."""
    if word in known:
        return word
    import difflib

    return "".join(difflib.get_close_matches(word[:50], known, n=1))
