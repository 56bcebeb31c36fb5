"""Owns: which source beats which, and what relative paths start from. Must not: run a program."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from codetracer_python_recorder.policy.layer import Origin, Source
from codetracer_python_recorder.policy.project import find_project, standard_library, start_folder
from codetracer_python_recorder.policy.resolve import Pattern, Policy, resolve
from codetracer_python_recorder.policy.schema import KEYS


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def resolved(
    *config: str,
    start: Path | None = None,
    environ: dict[str, str] | None = None,
    mapping: dict[str, object] | None = None,
    flags: dict[str, str | int | bool | list[str] | None] | None = None,
    isolated: bool = False,
) -> Policy:
    cwd = os.getcwd()
    return resolve(
        cwd=cwd,
        start=str(start or cwd),
        environ={f"CODETRACER_{name}": value for name, value in (environ or {}).items()},
        config=config,
        mapping=mapping,
        settings=[(f"--{name}", name, value) for name, value in (flags or {}).items()],
        isolated=isolated,
    )


def texts(policy: Policy, name: str) -> list[str]:
    return [pattern.text for pattern in policy.patterns(name)]


def test_every_key_has_its_default_and_knows_it() -> None:
    policy = resolved()
    for key in KEYS:
        if not key.pattern and key.name != "extends":
            assert policy.value(key.name) == key.default
    assert str(policy.entries["limits.depth"].origin) == "bundled policy default:27: limits.depth"
    assert policy.trace_dir == f"{os.getcwd()}/trace-out"
    assert policy.activation_path is None


# What each of the layers says of limits.items, lowest first, and where that says it comes from.
LAYERS = [
    ("pyproject", "pyproject.toml:3: limits.items"),
    ("environment", "environment CODETRACER_LIMITS_ITEMS: limits.items"),
    ("inline", "--config: limits.items"),
    ("mapping", "policy: limits.items"),
    ("flag", "--limits.items: limits.items"),
]


@pytest.mark.parametrize("highest", range(len(LAYERS)))
def test_the_highest_layer_wins(folder: Path, highest: int) -> None:
    present = [name for name, _ in LAYERS[: highest + 1]]
    write(folder / "pyproject.toml", "[tool.codetracer]\nlimits.depth = 77\nlimits.items = 0\n")
    policy = resolved(
        *(["limits.items = 2"] if "inline" in present else []),
        environ={"LIMITS_ITEMS": "1"} if "environment" in present else {},
        mapping={"limits": {"items": 3}} if "mapping" in present else None,
        flags={"limits.items": 4} if "flag" in present else {},
    )
    assert policy.value("limits.items") == highest
    assert str(policy.entries["limits.items"].origin) == LAYERS[highest][1]
    assert policy.value("limits.depth") == 77  # tables are merged key by key


def test_a_file_given_stands_instead_of_the_project(folder: Path) -> None:
    write(folder / "pyproject.toml", '[tool.codetracer]\nformat = "json"\nlimits.depth = 9\n')
    write(folder / "sub" / "recorder.toml", "limits.items = 9\n")
    policy = resolved("sub/recorder.toml")
    assert (policy.value("format"), policy.value("limits.depth"), policy.value("limits.items")) == ("binary", 1, 9)
    assert policy.project_root == str(folder)
    assert [layer.name for layer in policy.layers] == ["bundled policy default", "sub/recorder.toml"]


def test_isolated_leaves_out_the_project_and_the_environment(folder: Path) -> None:
    write(folder / "pyproject.toml", "[tool.codetracer]\nlimits.depth = 9\n")
    write(folder / "a.toml", "limits.string = 1\n")
    policy = resolved("a.toml", "limits.items = 1", environ={"LIMITS_DEPTH": "8"}, isolated=True)
    assert [policy.value(f"limits.{name}") for name in ("depth", "items", "string")] == [1, 1, 1]
    assert policy.project_root == str(folder)


def test_inline_is_taken_in_order_unless_a_file_has_the_name(folder: Path) -> None:
    assert resolved("limits.depth = 1", "limits = {depth = 2}").value("limits.depth") == 2
    write(folder / "a=b", "limits.depth = 5\n")
    assert resolved("a=b").value("limits.depth") == 5


VARIABLES = {
    "TRACE_DIR": ("out", "trace-dir", "out"),
    "ACTIVATION_PATH": ('"a.py"', "activation-path", "a.py"),
    "FORMAT": ("json", "format", "json"),
    "WITH_DIFF": ("true", "with-diff", True),
    "LIMITS_TRACE_BYTES": (" 1_000 ", "limits.trace-bytes", 1000),
    "CAPTURE_STDIN": ("false", "capture.stdin", False),
    "EXCLUDE": ("gen/**", "exclude", ["gen/**"]),
    "EXTEND_EXCLUDE": ('["a", "b"]', "extend-exclude", ["a", "b"]),
    "INCLUDE": ("[ab]*.py", "include", ["[ab]*.py"]),
    "EXTEND_INCLUDE": ("'x'", "extend-include", ["x"]),
    "PACKAGES": ("[]", "packages", []),
}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable(folder: Path, name: str) -> None:
    (folder / "a.py").touch()
    text, key, value = VARIABLES[name]
    policy = resolved(environ={name: text})
    assert (texts(policy, key) if isinstance(value, list) else policy.value(key)) == value


LISTS = [
    # below, above, include in force, extend-include in force
    ({"include": ["a"]}, {"include": ["b"]}, ["b"], []),
    ({"include": ["a"], "extend-include": ["x"]}, {"include": ["b"]}, ["b"], []),
    ({"include": ["a"], "extend-include": ["x"]}, {"extend-include": ["y"]}, ["a"], ["x", "y"]),
    ({"include": ["a"]}, {"extend-include": ["y"], "include": ["b"]}, ["b"], ["y"]),
    ({"extend-include": ["x"]}, {}, None, ["x"]),
    ({"include": ["a"]}, {"include": []}, [], []),
]


@pytest.mark.parametrize(("below", "above", "include", "extended"), LISTS)
def test_lists(
    folder: Path,
    below: dict[str, list[str]],
    above: dict[str, list[str]],
    include: list[str] | None,
    extended: list[str],
) -> None:
    write(folder / "a.toml", "".join(f"{key} = {json.dumps(value)}\n" for key, value in below.items()))
    policy = resolved("a.toml", mapping=dict(above))
    spec = policy.spec([])
    assert texts(policy, "extend-include") == extended
    assert (texts(policy, "include") if spec["include"] is not None else None) == include


def test_patterns_know_their_anchor_and_origin(folder: Path) -> None:
    write(folder / ".git" / "HEAD", "")
    write(folder / "pyproject.toml", '[tool.codetracer]\nexclude = [\n  "a",\n  "b",\n]\n')
    (folder / "work").mkdir()
    os.chdir(folder / "work")
    policy = resolved(environ={"EXTEND_EXCLUDE": "c"}, flags={"packages": ["json"]})
    root, cwd = str(folder), str(folder / "work")
    assert policy.spec([])["exclude"] == [
        {"text": "a", "anchor": root, "origin": f"{root}/pyproject.toml:3: exclude[0]"},
        {"text": "b", "anchor": root, "origin": f"{root}/pyproject.toml:4: exclude[1]"},
        {"text": "c", "anchor": cwd, "origin": "environment CODETRACER_EXTEND_EXCLUDE: extend-exclude[0]"},
    ]
    assert policy.spec([])["packages"] == [{"text": "json", "anchor": "", "origin": "--packages: packages[0]"}]


def test_extends_stands_just_below_and_counts_once(folder: Path) -> None:
    write(folder / "base.toml", "limits.depth = 1\nlimits.items = 1\nlimits.string = 1\n")
    write(folder / "ci" / "strict.toml", 'extends = ["../base.toml", "default"]\nlimits.items = 2\nlimits.string = 2\n')
    write(folder / "a.toml", 'extends = ["ci/strict.toml", "./base.toml"]\nlimits.string = 3\n')
    policy = resolved("a.toml", 'extends = ["base.toml"]')
    assert [layer.name for layer in policy.layers] == [
        "bundled policy default",
        "base.toml",
        "ci/strict.toml",
        "a.toml",
        "--config",
    ]
    assert [policy.value(f"limits.{name}") for name in ("depth", "items", "string")] == [1, 2, 3]
    assert str(policy.entries["limits.depth"].origin) == "base.toml:1: limits.depth"


def test_what_a_variable_extends_is_relative_to_the_working_directory(folder: Path) -> None:
    write(folder / "a.toml", "limits.depth = 8\n")
    write(folder / "pyproject.toml", "[tool.codetracer]\nlimits.depth = 7\n")
    assert resolved(environ={"EXTENDS": "./a.toml"}).value("limits.depth") == 8


def test_a_path_may_begin_in_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = folder / "home"
    monkeypatch.setenv("HOME", str(home))
    main = write(home / "main.py", "")
    write(home / "base.toml", "limits.depth = 8\n")
    write(home / "recorder.toml", 'trace-dir = "~/out"\nextends = ["~/base.toml"]\nactivation-path = "~/main.py"\n')
    policy = resolved("~/recorder.toml")
    assert (policy.trace_dir, policy.activation_path, policy.value("limits.depth")) == (f"{home}/out", str(main), 8)
    for flags in ({"trace-dir": "~"}, {"trace-dir": "~x/y"}, {"trace-dir": "./~"}):
        expected = {"~": str(home), "~x/y": f"{folder}/~x/y", "./~": f"{folder}/./~"}[flags["trace-dir"]]
        assert resolved(flags={**flags}).trace_dir == expected


def test_an_activation_path_is_found_from_its_layers_folder(folder: Path) -> None:
    write(folder / "pyproject.toml", '[tool.codetracer]\nactivation-path = "app/main.py"\n')
    main = write(folder / "app" / "main.py", "")
    (folder / "link.py").symlink_to("app/main.py")
    os.chdir(folder / "app")
    assert resolved(start=folder / "app").activation_path == str(main)
    assert resolved(start=folder / "app", flags={"activation-path": "../link.py"}).activation_path == str(main)


def test_a_lower_activation_path_that_is_gone_does_not_matter(folder: Path) -> None:
    write(folder / "pyproject.toml", '[tool.codetracer]\nactivation-path = "gone.py"\n')
    main = write(folder / "main.py", "")
    assert resolved(flags={"activation-path": "main.py"}).activation_path == str(main)


def test_the_trace_folder_is_relative_to_the_working_directory(folder: Path) -> None:
    write(folder / "pyproject.toml", '[tool.codetracer]\ntrace-dir = "out"\n')
    (folder / "sub").mkdir()
    os.chdir(folder / "sub")
    assert resolved(start=folder).trace_dir == str(folder / "sub" / "out")
    assert resolved(start=folder, flags={"trace-dir": "/abs"}).trace_dir == "/abs"


# The files of a tree, the start folder, and the project root; `/` at the end makes a folder.
ROOTS = [
    (["p/pyproject.toml+", "p/a/pyproject.toml", "p/a/b/"], "p/a/b", "p"),
    (["p/pyproject.toml+", "p/a/.git/", "p/a/b/"], "p/a/b", "p/a"),
    (["p/setup.py", "p/a/setup.cfg", "p/a/b/"], "p/a/b", "p/a"),
    (["p/.git/", "p/a/"], "p/a", "p"),
    (["p/pyproject.toml", "p/.git/", "p/a/"], "p/a", "p"),
    (["p/a/", ".git/", "pyproject.toml+"], "p/a", ""),
    (["p/pyproject.toml/", "p/a/", ".git/"], "p/a", "p"),
]


@pytest.mark.parametrize(("tree", "start", "root"), ROOTS)
def test_the_project_root(folder: Path, tree: list[str], start: str, root: str) -> None:
    for name in tree:
        if name.endswith("/"):
            (folder / name).mkdir(parents=True)
        else:
            write(folder / name.rstrip("+"), "[tool.codetracer]\n" if name.endswith("+") else "")
    assert find_project(str(folder / start), str(folder)).root == str(folder / root).rstrip("/")


def test_the_start_folder(folder: Path) -> None:
    script = write(folder / "app" / "main.py", "")
    (folder / "link.py").symlink_to(script)
    installed = write(folder / "env" / "bin" / "tool", "")
    write(folder / "env" / "pyvenv.cfg", "")
    (folder / "tool").symlink_to(installed)
    (folder / "env" / "bin" / "link").symlink_to(script)
    in_site = write(folder / "x" / "site-packages" / "m.py", "")
    cwd = "/somewhere"
    assert start_folder(None, cwd) == cwd
    assert start_folder(str(script), cwd) == str(folder / "app")
    assert start_folder(str(folder / "app"), cwd) == str(folder / "app")
    assert start_folder(str(folder / "link.py"), cwd) == str(folder / "app")
    for path in (installed, folder / "tool", folder / "env" / "bin" / "link", in_site, Path(sys.executable)):
        assert start_folder(str(path), cwd) == cwd
    assert start_folder(f"{standard_library()[0]}/timeit.py", cwd) == cwd


def test_the_standard_library_is_where_sysconfig_says() -> None:
    import sysconfig

    assert {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")} <= {
        *standard_library(),
        sysconfig.get_path("platstdlib") if sys.prefix != sys.base_prefix else "",
    }


def test_the_spec(folder: Path) -> None:
    spec = resolved(mapping={"limits": {"value-bytes": 7}, "capture": {"stdin": False}}).spec(["/a/caf\udce9.py"])
    json.dumps(spec).encode()
    scope = spec["scope"]
    assert isinstance(scope, dict)
    assert scope["script"] == ["/a/caf\ufffd.py"]
    assert scope["cwd"] == scope["project_root"] == str(folder)
    assert spec["limits"] == {
        "depth": 1,
        "items": 20,
        "string": 200,
        "value_bytes": 7,
        "output_bytes": 1048576,
        "trace_bytes": 0,
    }
    assert spec["capture"] == {"stdout": True, "stderr": True, "stdin": False, "exceptions": True, "processes": "mine"}
    assert spec["include"] is None
    assert (spec["format"], spec["activation_path"]) == ("binary", None)


def test_the_metadata(folder: Path) -> None:
    text = 'include = ["a"]\nextends = ["default"]\nlimits.depth = 1\n'
    write(folder / "a.toml", text)
    metadata = resolved("a.toml", environ={"WITH_DIFF": "true"}).metadata()
    layers = metadata["layers"]
    assert isinstance(layers, list)
    default, given, environment = layers
    assert default["source"] == "bundled policy default"
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert given == {"source": "a.toml", "path": str(folder / "a.toml"), "bundled": None, "sha256": digest}
    assert environment == {"source": "environment", "path": None, "bundled": None, "sha256": None}
    assert default["bundled"] == "default"
    values = metadata["resolved"]
    assert isinstance(values, dict)
    assert (values["include"], values["with-diff"], values["limits"]["depth"]) == (["a"], True, 1)
    assert "extends" not in values
    assert "activation-path" not in values
    assert metadata["project_root"] == str(folder)
    assert metadata["origins"] == {
        "include": ["a.toml:1"],
        "limits.depth": ["a.toml:3"],
        "with-diff": ["environment CODETRACER_WITH_DIFF"],
    }


GLOBS = [
    # given for a flag in /work, and as a file of the project in /root has it
    ("a", ["/work/**/a"]),
    ("a/", ["/work/**/a/"]),
    ("a/b", ["/work/a/b"]),
    ("./a", ["/work/a"]),
    (".", ["/work/**"]),
    ("..", ["/work/.."]),
    ("../a/**", ["/work/../a/**"]),
    ("**", ["/work/**/**"]),
    ("/a", ["/a"]),
    ("~/a", ["~/a"]),
    ("~", ["/work/**/~"]),
    ("{a,b}.py", ["/work/**/{a,b}.py"]),
    ("{a,b/c}", ["/work/**/a", "/work/b/c"]),
    ("{a,b}/[{,]{,x}", ["/work/a/[{,]", "/work/a/[{,]x", "/work/b/[{,]", "/work/b/[{,]x"]),
]


@pytest.mark.parametrize(("glob", "expected"), GLOBS)
def test_a_glob_of_another_folder_is_written_so_that_it_means_the_same(glob: str, expected: list[str]) -> None:
    pattern = Pattern(glob, "/work", Origin(Source("flag"), (), "include[0]"))
    assert pattern.as_from("/root") == expected
    assert pattern.as_from("/work") == [glob]


def test_a_folder_with_wildcards_in_its_name_is_escaped() -> None:
    pattern = Pattern("a/b", "/w[1]{x}*", Origin(Source("flag"), (), "include[0]"))
    assert pattern.as_from("/root") == ["/w[[]1][{]x[}][*]/a/b"]


def test_rules_are_appended_and_know_their_anchor_and_origin(folder: Path) -> None:
    write(folder / "base.toml", "[[rules]]\npath = 'a'\nrecord = 'calls'\n")
    write(folder / "a.toml", "extends = ['./base.toml']\n[[rules]]\nfunction = 'f'\nvalue_bytes = 1\nreason = 'x  y'\n")
    policy = resolved("a.toml", "rules = [{path = 'c/d', values = 'drop'}]")
    rules: Any = policy.spec([])["rules"]
    first, second, third = rules
    root = str(folder)
    assert first["path"] == {"text": "a", "anchor": root, "origin": "base.toml:1: rules[0]"}
    assert (first["record"], first["values"], first["origin"]) == ("calls", None, "base.toml:1: rules[0]")
    assert (second["function"]["anchor"], second["value_bytes"], second["reason"]) == ("", 1, "x y")
    assert (third["values"], third["origin"]) == ("drop", "--config: rules[0]")
