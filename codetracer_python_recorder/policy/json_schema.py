"""The keys of a policy as JSON Schema, by which editors complete and check policy files.

Owns: how a key of the schema is said in that language. Must not: define a key. Of globs it knows which characters
they never have: `policy check` reads them.
"""

from __future__ import annotations

from codetracer_python_recorder.policy.load import parse
from codetracer_python_recorder.policy.schema import ACTIONS, KEYS, LARGEST, RULE_KEYS, SELECTORS, TABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from codetracer_python_recorder.policy.schema import Key

_TEXT = {"type": "string", "minLength": 1, "pattern": "^[^\\u0000]*$"}
_PATHS = {"type": "string", "minLength": 1, "pattern": "^[^!\\u0000\\r\\n][^\\u0000\\r\\n]*$"}
_DOTTED = {"type": "string", "minLength": 1, "pattern": "^[^!/\\u0000\\r\\n][^/\\u0000\\r\\n]*$"}
_LETTER = "A-Za-z\\u0080-\\uffff"
_NAME = {"type": "string", "pattern": f"^(?=.*[{_LETTER}])(=[-{_LETTER}0-9_. ]*|[-{_LETTER}0-9_. *]*)$"}
_TEXTS: dict[str, dict[str, Any]] = {"": _TEXT, "path": _PATHS, "module": _DOTTED, "function": _DOTTED, "name": _NAME}
"""What a string may be, by the language that it is a pattern of."""


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a policy file."""
    top = [key for key in KEYS if "." not in key.name]
    document = _table((key.name, key) for key in top)
    for table in TABLES:
        inner = [(key.name.partition(".")[2], key) for key in KEYS if key.name.startswith(f"{table}.")]
        document["properties"][table] = _table(inner)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Policy of codetracer-python-recorder",
        "description": "A policy file (recorder.toml), or [tool.codetracer] of a pyproject.toml.",
        **document,
    }


def _table(keys: Iterable[tuple[str, Key]]) -> dict[str, Any]:
    """An object with these keys and no others; each in one of the spellings that TOML may have."""
    properties: dict[str, Any] = {}
    both = []
    for name, key in keys:
        properties[name] = {"description": key.help, **_value(key), **_told(key)}
        if "-" in name:
            other = name.replace("-", "_")
            properties[other] = properties[name]
            both.append({"not": {"required": [name, other]}})
    table = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**table, "allOf": both} if both else table


def _value(key: Key) -> dict[str, Any]:
    if key.kind == "tables":
        rule = _table((one.name, one) for one in RULE_KEYS)
        needed = [{"anyOf": [{"required": [name]} for name in _spelt(names)]} for names in (SELECTORS, ACTIONS)]
        return {"type": "array", "items": {**rule, "allOf": [*rule.get("allOf", ()), *needed]}}
    if key.choices:
        return {"enum": list(key.choices)}
    if key.kind == "integer":
        return {"type": "integer", "minimum": 0, "maximum": LARGEST}
    if key.kind == "boolean":
        return {"type": "boolean"}
    text = _TEXTS[key.pattern]
    return text if key.kind == "string" else {"type": "array", "items": text}


def _told(key: Key) -> dict[str, Any]:
    """Default and example, as JSON has them."""
    told: dict[str, Any] = {} if key.default is None else {"default": key.default}
    example = parse(f"value = {key.example}", "example", numbered=False)["value"]
    return {**told, "examples": [example]}


def _spelt(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(spelling for name in names for spelling in (name, name.replace("-", "_"))))
