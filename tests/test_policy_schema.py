"""Owns: that what follows from the schema does follow. Must not: test what a key does."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from codetracer_python_recorder.policy import schema
from codetracer_python_recorder.policy.layer import Source
from codetracer_python_recorder.policy.mistakes import checked
from codetracer_python_recorder.policy.schema import BY_NAME, KEYS, TABLES

ROOT = Path(__file__).parent.parent


def test_the_bundled_default_says_what_the_schema_says() -> None:
    document = tomllib.loads((ROOT / "policies" / "default.toml").read_text(encoding="utf-8"))
    said = {name: value for name, value in document.items() if name not in TABLES}
    said |= {f"{table}.{name}": value for table in TABLES for name, value in document[table].items()}
    absent = {key.name: key.default for key in KEYS if key.name not in said}
    assert said | absent == {key.name: key.default for key in KEYS}
    assert absent == {
        "extends": [],
        "activation-path": None,
        "include": None,
        "extend-include": [],
        "extend-exclude": [],
        "extend-packages": [],
        "rules": [],
    }


def test_the_document_has_the_reference() -> None:
    document = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    remedy = "python -m codetracer_python_recorder.policy.schema docs/policy.md"
    assert schema.with_reference(document) == document, f"docs/policy.md is stale: {remedy}"
    assert all(f"| `{key.name}` |" in document for key in KEYS)


def test_a_document_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="reference"):
        schema.with_reference("nothing")


def test_the_table_is_printed_and_put_into_a_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema.main([])
    table = capsys.readouterr().out
    (folder / "a.md").write_text(f"before\n{schema.BEGIN}stale\n{schema.END}after\n")
    schema.main(["a.md"])
    assert (folder / "a.md").read_text() == f"before\n{schema.BEGIN}\n{table}\n{schema.END}after\n"


def test_names_flags_and_variables_are_used_once() -> None:
    for words in ([key.name for key in KEYS], [key.variable for key in KEYS], [f for key in KEYS for f in key.flags]):
        assert len(words) == len(set(words))
    assert BY_NAME["limits.value-bytes"].variable == "CODETRACER_LIMITS_VALUE_BYTES"


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_example_and_default_are_sound(key: schema.Key) -> None:
    problems: list[str] = []
    for value in (key.example, schema.toml(key.default)):
        if value:
            document = tomllib.loads(f"{key.name} = {value}")
            assert checked(document, Source("x"), problems).keys() == {key.name}
    assert not problems


def test_an_extend_key_follows_the_key_that_it_extends() -> None:
    """The order in which a layer that has both is obeyed."""
    names = [key.name for key in KEYS]
    for key in KEYS:
        if key.extended:
            assert names.index(key.extended) < names.index(key.name)
            assert BY_NAME[key.extended].pattern == key.pattern
