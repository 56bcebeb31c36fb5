"""Owns: that the JSON Schema of a policy and the checker agree. Must not: judge globs."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codetracer_python_recorder.policy.json_schema import schema
from codetracer_python_recorder.policy.layer import Source
from codetracer_python_recorder.policy.mistakes import checked
from codetracer_python_recorder.policy.schema import KEYS, LARGEST, RULE_KEYS, TABLES
from tests.test_policy_mistakes import FILES, RULES

ROOT = Path(__file__).parent.parent
JSONSCHEMA: Any = import_module("jsonschema")  # it has no types
VALIDATOR = JSONSCHEMA.Draft202012Validator(schema())


def agreed(policy: dict[str, Any]) -> bool:
    """Whether the policy is sound, on which both must agree."""
    problems: list[str] = []
    checked(policy, Source("policy"), problems)
    found = [error.message for error in VALIDATOR.iter_errors(policy)]
    assert bool(problems) == bool(found), f"{policy}: the checker says {problems}, the schema {found}"
    return not problems


def test_the_schema_is_one() -> None:
    JSONSCHEMA.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    "path", [*ROOT.glob("policies/*.toml"), *ROOT.glob("examples/*.toml")], ids=lambda path: path.name
)
def test_bundled_and_example_policies_are_sound(path: Path) -> None:
    assert agreed(tomllib.loads(path.read_text(encoding="utf-8")))


# What only reading the files that are named, or a glob, shows.
BEYOND = ("extends[0]", "activation-path: no", "unclosed", "empty part", "at the end", "backwards")
WRONG = [text for text, message in FILES if not any(part in message for part in BEYOND) and len(text) < 1000]


@pytest.mark.parametrize("text", WRONG)
def test_wrong_policies(text: str) -> None:
    assert not agreed(tomllib.loads(text))


@pytest.mark.parametrize("text", RULES.splitlines())
def test_wrong_rules(text: str) -> None:
    if not any(glob in text for glob in ("[z-a]", "a..b", '"a."', "a\\\\", "{a")):
        assert not agreed(tomllib.loads(text))


# As globs these are sound, or wrong without being read.
TEXTS = st.sampled_from(["a", "app/**", "", "lines", "calls", "none", "redact", "json", "mine", "a\0b", "!a", "a\nb"])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 1, LARGEST, LARGEST + 1]),
    st.just(1.5),
    TEXTS,
    st.lists(TEXTS, max_size=2),
    st.just({}),
)
NAMES = {key.name.rpartition(".")[2] for key in KEYS}
SPELT = NAMES | {name.replace("-", "_") for name in NAMES}
RULE_NAMES = sorted({spelling for key in RULE_KEYS for spelling in (key.name, key.name.replace("-", "_"))} | {"xyz"})
RULE = st.dictionaries(st.sampled_from(RULE_NAMES), VALUES, max_size=4)
TABLE = st.dictionaries(st.sampled_from(sorted(SPELT)), VALUES, max_size=3)
POLICY = st.dictionaries(
    st.sampled_from(sorted({*SPELT, *TABLES})), st.one_of(VALUES, TABLE, st.lists(RULE, max_size=2)), max_size=4
)


@settings(max_examples=400, deadline=None)
@given(POLICY)
@example({"rules": [{"path": "a", "value_bytes": 0}], "limits": {"value_bytes": 1}})
def test_they_agree_on_invented_policies(policy: dict[str, Any]) -> None:
    agreed(policy)
