"""What is sound in a policy, and yet not what anybody wants: patterns, rules and variables that do nothing, and
policies by which nothing is recorded.

Owns: these warnings. Must not: report a mistake; `mistakes`, `load` and `resolve` do, and then there is no policy
to look at.
"""

from __future__ import annotations

import os
from importlib.machinery import PathFinder
from itertools import islice

from codetracer_python_recorder import _native
from codetracer_python_recorder.policy.explain import Asked, Question, qualnames, source_files, way_out
from codetracer_python_recorder.policy.layer import quote
from codetracer_python_recorder.policy.mistakes import nearest
from codetracer_python_recorder.policy.schema import KEYS, PREFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from codetracer_python_recorder.policy.layer import Origin
    from codetracer_python_recorder.policy.resolve import Policy, Rule

MOST_FILES = 20_000
"""Beyond so many files it is not said that a pattern matches none."""

PATHS = ("include", "exclude", "extend-include", "extend-exclude")


def of_variables(environ: Mapping[str, str]) -> list[str]:
    """A line for each variable that is nearly a key's: nobody reads it. CodeTracer has others of its own."""
    ours = tuple(key.variable.removeprefix(PREFIX) for key in KEYS)
    found = {name: nearest(name.removeprefix(PREFIX), ours, 0.85) for name in environ if name.startswith(PREFIX)}
    return [
        f"environment {name}: no key has this variable (did you mean {PREFIX}{meant}?)"
        for name, meant in found.items()
        if meant and PREFIX + meant != name
    ]


def warnings(policy: Policy) -> list[str]:
    """A line for each pattern that matches nothing below the project root now, and for each rule without an effect; and
    one where nothing below it is recorded.

    What a bundled policy holds is nobody's here to change.
    """
    bundled = _Bundled(policy)
    asked = Asked(policy, None)
    files = sorted(islice(source_files(policy.project_root), MOST_FILES + 1))
    if len(files) > MOST_FILES:
        return [f"{policy.project_root}: more than {MOST_FILES} files, which were not looked at"]
    questions = list(_questions(asked, files, any("function" in rule.table for rule in policy.rules)))
    answer = asked.answers(questions)
    matched = {one["origin"] for one in answer["patterns"] if one["matches"]}
    found = [
        f"{pattern.origin}: {quote(pattern.text)} matches nothing below the project root {policy.project_root}"
        for name in PATHS
        for pattern in policy.patterns(name)
        if pattern.origin not in bundled and str(pattern.origin) not in matched and _lies_below(pattern.text)
    ]
    found += [
        f"{pattern.origin}: no module {quote(_top(pattern.text))} is installed here"
        for name in ("packages", "extend-packages")
        for pattern in policy.patterns(name)
        if pattern.origin not in bundled and not _is_there(pattern.text, asked.path)
    ]
    found += list(_of_names(policy, bundled))
    found += list(_of_rules(policy, bundled, asked, answer["decisions"]))
    return found + list(_of_nothing(policy, asked, questions, answer["decisions"]))


class _Bundled:
    """The origins that lie in bundled policies."""

    def __init__(self, policy: Policy) -> None:
        layers = [layer for layer in policy.layers if layer.bundled]
        self.sources = {entry.origin.source for layer in layers for entry in layer.entries.values()}

    def __contains__(self, origin: Origin) -> bool:
        return origin.source in self.sources


def _of_names(policy: Policy, bundled: _Bundled) -> Iterator[str]:
    """Names to hide that a pattern before them hides already."""
    for key in ("redact.names", "redact.allow"):
        patterns = policy.patterns(key)
        for number, pattern in enumerate(patterns):
            if pattern.origin in bundled:
                continue
            before = [one.text for one in patterns[:number]]
            covered, _ = _native.explain_name(before, [], pattern.text.replace("*", "").removeprefix("="))
            if covered is not None and ("*" not in pattern.text or patterns[covered].text == pattern.text):
                by = patterns[covered]
                yield f"{pattern.origin}: {quote(pattern.text)} is covered by {quote(by.text)} ({by.origin})"


def _questions(asked: Asked, files: list[str], with_functions: bool) -> Iterator[Question]:
    for file in files:
        question = Question(file, file, asked.module_of(file))
        yield question
        if with_functions:
            yield from (question.of(name) for name in qualnames(file) or ())


def _of_rules(policy: Policy, bundled: _Bundled, asked: Asked, decisions: list[dict[str, Any]]) -> Iterator[str]:
    matching = {number for one in decisions for number in one["matching"]}
    deciding = {number for one in decisions for number in one["deciding"]}
    for number, rule in enumerate(policy.rules):
        if rule.origin in bundled:
            continue
        later = [other for other in policy.rules[number + 1 :] if _covers(other, rule)]
        if later:
            yield f"{rule.origin}: always hidden by a later rule ({later[-1].origin})"
        elif number in matching and number not in deciding:
            yield f"{rule.origin}: later rules decide all that it matches below the project root {policy.project_root}"
        elif number not in matching and _is_of_project(rule, asked):
            yield f"{rule.origin}: matches nothing below the project root {policy.project_root}"


def _of_nothing(
    policy: Policy, asked: Asked, questions: list[Question], decisions: list[dict[str, Any]]
) -> Iterator[str]:
    """That the project has code, and none of it is recorded, nor is any from elsewhere."""
    if not decisions or any(one["record"] != "none" for one in decisions) or _records_elsewhere(policy, asked):
        return
    reasons = list(dict.fromkeys(one["reason"] for one in decisions))
    more = f", {len(reasons) - 3} more" if len(reasons) > 3 else ""
    why = ", ".join(reasons[:3]) + more
    yield (
        f"{policy.project_root}: nothing below it is recorded: {why} "
        f"(expected, say, {way_out(questions[0], decisions[0], policy)})"
    )


def _records_elsewhere(policy: Policy, asked: Asked) -> bool:
    """Whether something is named that lies outside of the project."""
    paths = [pattern for name in ("include", "extend-include") for pattern in policy.patterns(name)]
    return (
        any(policy.patterns(name) for name in ("packages", "extend-packages"))
        or any(not _lies_below(pattern.text) for pattern in paths)
        or any(rule.table.get("record", "none") != "none" and not _is_of_project(rule, asked) for rule in policy.rules)
    )


def _covers(later: Rule, rule: Rule) -> bool:
    """Whether the later rule selects no less, by the same selectors or fewer, and decides all that this one does."""
    selectors = ("path", "module", "function")
    same = all(name not in later.table or later.table[name] == rule.table.get(name) for name in selectors)
    decided = rule.table.keys() - {*selectors, "reason"}
    return same and later.anchor == rule.anchor and decided <= later.table.keys()


def _is_of_project(rule: Rule, asked: Asked) -> bool:
    """Whether a rule can only be about code below the project root."""
    if "path" in rule.table:
        return _lies_below(str(rule.table["path"]))
    return "module" not in rule.table or not _is_there(str(rule.table["module"]), asked.path)


def _lies_below(glob: str) -> bool:
    """Whether a path pattern is for the project's own files, as far as its text tells."""
    outside = glob.startswith(("/", "~/", "../", "<")) or (os.name == "nt" and glob[1:2] == ":")
    return not outside and not any(part in glob for part in ("-packages", "venv"))


def _top(glob: str) -> str:
    return glob.partition(".")[0]


def _is_there(glob: str, path: list[str]) -> bool:
    """Whether the top module of a module pattern can be imported; a pattern that begins with a wildcard may match."""
    import sys

    top = _top(glob)
    known = not top.isidentifier() or top in sys.builtin_module_names or top == "__main__"
    return known or PathFinder.find_spec(top, path) is not None
