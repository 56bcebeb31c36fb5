"""The keys of one source are held against the schema: what is sound is kept, every mistake becomes one line.

Owns: what is wrong with a key or a value, and which one was meant. Must not: read a source, nor compile a pattern: the
native module says what is wrong with one.
"""

from __future__ import annotations

from _collections_abc import Mapping  # typing's and collections.abc's own home, and already loaded

from codetracer_python_recorder import _native
from codetracer_python_recorder.policy.layer import Entry, Origin, quote
from codetracer_python_recorder.policy.schema import ACTIONS, BY_NAME, KEYS, LARGEST, RULE_KEYS, SELECTORS, TABLES, toml
from codetracer_python_recorder.subject import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codetracer_python_recorder.policy.layer import Source
    from codetracer_python_recorder.policy.positions import Path
    from codetracer_python_recorder.policy.schema import Key, Table


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
                hint = _meant(prefix, written, value) if self.hints >= 0 else ""
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
            meant = nearest(value, key.choices)
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


def _meant(prefix: str, written: object, value: object) -> str:
    """The nearest known key, or if none is near those that there are, as the end of a message."""
    quoted = BY_NAME.get(str(written).replace("_", "-"))
    if quoted and not prefix:  # the whole was in quotes, or a key of a mapping
        table, _, name = quoted.name.partition(".")
        shown = toml(value) if isinstance(value, int) else quoted.example
        return f" ({name} is a key of a table: {table} = {{ {name} = {shown} }})"
    names: dict[str, str] = {}
    for key in KEYS:
        names.setdefault(key.name.rpartition(".")[2], key.name)  # `depth` alone means limits.depth
        names[key.name] = key.name
    names |= {key.name: f"{key.name} in [[rules]]" for key in RULE_KEYS if key.name not in names}
    names |= {table: f"[{table}]" for table in TABLES}
    if prefix:  # what belongs here comes first
        names |= {name.removeprefix(prefix): name for name in BY_NAME if name.startswith(prefix)}
    meant = nearest(str(written).replace("_", "-").lower(), tuple(names))
    if meant:
        return f" (did you mean {names[meant]}?)"
    here = [name.removeprefix(prefix) for name in BY_NAME if name.startswith(prefix)]
    return f" (known here: {', '.join(dict.fromkeys(name.partition('.')[0] for name in here))})"


def _meant_of_rule(written: object) -> str:
    """The same for a key of a rule."""
    names = tuple(key.name for key in RULE_KEYS)
    meant = nearest(str(written).replace("_", "-").lower(), names)
    return f" (did you mean {meant}?)" if meant else f" (known here: {', '.join(names)})"


def nearest(word: str, known: tuple[str, ...], likeness: float = 0.6) -> str:
    """The known word most like this one; empty if none is so like it."""
    if word in known:
        return word
    import difflib

    return "".join(difflib.get_close_matches(word[:50], known, n=1, cutoff=likeness))
