"""Owns: the lines of keys and elements, against documents that a TOML parser reads. Must not: judge what they say."""

from __future__ import annotations

import tomllib

import pytest

from codetracer_python_recorder.policy.positions import lines

CASES = {
    "keys and tables": (
        'a = 1\n\n# [not.a.table]\n[limits]\ndepth = 2 # depth = 3\nb.c."d e".f = "]"\n',
        {
            ("a",): 1,
            ("limits",): 4,
            ("limits", "depth"): 5,
            ("limits", "b"): 6,
            ("limits", "b", "c"): 6,
            ("limits", "b", "c", "d e"): 6,
            ("limits", "b", "c", "d e", "f"): 6,
        },
    ),
    "a list over several lines": (
        'x = [ # [\n  "a]", \'b[\',\n\n  "c#",\n]\ny = 1\n',
        {("x",): 1, ("x", 0): 2, ("x", 1): 2, ("x", 2): 4, ("y",): 6},
    ),
    "strings that hold brackets, quotes and line ends": (
        's = """\n[t]\na = 1\\\n "" \\""""""\nl = \'\'\'\n[u]\'\'\'\'\'\nq = "\\"\\\\"\nz = ""\nw = 1\n',
        {("s",): 1, ("l",): 5, ("q",): 7, ("z",): 8, ("w",): 9},
    ),
    "inline tables and nesting": (
        "a = {b = 1, c.d = [\n{e = 2},\n[]]}\nf = 1979-05-27 07:32:00\ng = true\n",
        {
            ("a",): 1,
            ("a", "b"): 1,
            ("a", "c"): 1,
            ("a", "c", "d"): 1,
            ("a", "c", "d", 0): 2,
            ("a", "c", "d", 0, "e"): 2,
            ("a", "c", "d", 1): 3,
            ("f",): 4,
            ("g",): 5,
        },
    ),
    "arrays of tables": (
        '[[rules]]\npath = "a"\n[[rules]]\npath = "b"\n[rules.sub]\nx = 1\n[[rules.sub.deep]]\ny = 1\n',
        {
            ("rules",): 1,
            ("rules", 0): 1,
            ("rules", 0, "path"): 2,
            ("rules", 1): 3,
            ("rules", 1, "path"): 4,
            ("rules", 1, "sub"): 5,
            ("rules", 1, "sub", "x"): 6,
            ("rules", 1, "sub", "deep"): 7,
            ("rules", 1, "sub", "deep", 0): 7,
            ("rules", 1, "sub", "deep", 0, "y"): 8,
        },
    ),
    "quoted keys": (
        '"tr\\u0061ce" = 1\n\'lit.eral\' = 2\n"\\u00e9é" = 3\n[ tool . "codetracer" ]\n"" = 4\n',
        {
            ("trace",): 1,
            ("lit.eral",): 2,
            ("éé",): 3,
            ("tool",): 4,
            ("tool", "codetracer"): 4,
            ("tool", "codetracer", ""): 5,
        },
    ),
    "line ends of Windows": ("a = 1\r\n# x\r\nb = [\r\n1,\r\n2]\r\n", {("a",): 1, ("b",): 3, ("b", 0): 4, ("b", 1): 5}),
    "nothing": ("", {}),
    "a comment without a line end": ("# x", {}),
}


@pytest.mark.parametrize("name", CASES)
def test_lines(name: str) -> None:
    text, expected = CASES[name]
    tomllib.loads(text)  # the case is sound TOML
    assert lines(text) == expected


def test_every_value_of_a_document_has_a_line() -> None:
    text = "\n".join(f"[t{i}]\n{part}" for i, (part, _) in enumerate(CASES.values()) if "\n[" not in part)
    document = tomllib.loads(text)
    found = lines(text)

    def walk(value: object, path: tuple[str | int, ...]) -> None:
        if path:
            assert path in found
        if isinstance(value, dict):
            for key, below in value.items():
                walk(below, (*path, key))
        elif isinstance(value, list):
            for index, below in enumerate(value):
                walk(below, (*path, index))

    walk(document, ())


def test_text_that_is_not_toml_ends_quietly() -> None:
    assert lines("a = 1\nb = = 2\n") == {("a",): 1, ("b",): 2}
    assert lines("a = [1, 2") == {("a",): 1, ("a", 0): 1, ("a", 1): 1}
    assert lines("[a") == {("a",): 1}


def test_time_grows_with_the_text_alone() -> None:
    text = "x = [\n" + '  "a[",\n' * 50_000 + "]\n" + "".join(f"k{i}.a = {i}\n" for i in range(20_000))
    found = lines(text)
    assert found[("x", 49_999)] == 50_001
    assert found[("k19999", "a")] == 70_002
