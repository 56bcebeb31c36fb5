"""A policy in force as a TOML file, every value with its origin in a comment.

Owns: the form of that file. Must not: resolve a policy; it is given as the metadata of a trace hold it.
"""

from __future__ import annotations

from codetracer_python_recorder.policy.schema import KEYS, TABLES, toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from codetracer_python_recorder.policy.schema import Setting


def document(described: Mapping[str, Any]) -> list[str]:
    """The lines of a TOML file that records the same: `described` is what `Policy.metadata` gives."""
    flat = dict(_flat(described["resolved"]))
    origins: Mapping[str, Sequence[str]] = described.get("origins", {})
    lines = [f"# policy: {layer['source']}" for layer in described.get("layers", ())]
    if "project_root" in described:
        lines.append(f"# project root: {described['project_root']}")
    lines.append("")
    for table in ("", *TABLES):
        names = [key.name for key in KEYS if key.kind != "tables" and _table(key.name) == table and key.name in flat]
        lines += ["", f"[{table}]"] if table and names else []
        lines += _aligned([pair for name in names for pair in _setting(name, flat[name], origins.get(name, ()))])
    for number, rule in enumerate(flat.get("rules", ())):
        places = origins.get("rules", ())
        lines += ["", f"[[rules]]{_comment(places[number : number + 1])}"]
        lines += [f"{name} = {toml(value)}" for name, value in rule.items()]
    return lines


def _flat(resolved: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in resolved.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", held) for inner, held in value.items())
        else:
            yield name, value


def _table(name: str) -> str:
    table, dot, _ = name.partition(".")
    return table if dot else ""


def _setting(name: str, value: Setting, places: Sequence[str]) -> list[tuple[str, str]]:
    """The lines of a key, each with its comment."""
    key = name.rpartition(".")[2]
    if not isinstance(value, list) or not value:
        return [(f"{key} = {toml(value)}", _comment(places[:1]))]
    elements = [
        (f"    {toml(element)},", _comment(places[number : number + 1]))
        for number, element in enumerate(value)
        if isinstance(element, str)
    ]
    return [(f"{key} = [", ""), *elements, ("]", "")]


def _comment(places: Sequence[str]) -> str:
    return f"  # {places[0]}" if places else ""


def _aligned(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Lines whose comments stand below each other, but for those after a very long line."""
    width = max((len(text) for text, comment in pairs if comment and len(text) <= 48), default=0)
    return [f"{text:<{width}}{comment}" if comment else text for text, comment in pairs]
