"""Owns: the words of every mistake in a policy. Must not: run a program."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from codetracer_python_recorder.errors import PolicyError
from codetracer_python_recorder.policy.layer import Source
from codetracer_python_recorder.policy.mistakes import checked
from codetracer_python_recorder.policy.resolve import resolve

INTEGER = "(expected an integer, 0 or more; 0 = no limit)"
TOP = (
    "(known here: extends, trace-dir, format, activation-path, with-diff, include, exclude, extend-include, "
    "extend-exclude, packages, extend-packages, record, rules, redact, limits, capture)"
)
GLOBS = '(expected a list of strings, as ["app/**"]'


def problems(
    *config: str,
    environ: dict[str, str] | None = None,
    mapping: dict[str, object] | None = None,
    settings: list[tuple[str, str, str | int | bool | list[str] | None]] | None = None,
    isolated: bool = False,
) -> list[str]:
    """The mistakes of a policy, a line each."""
    cwd = os.getcwd()
    try:
        resolve(
            cwd=cwd,
            start=cwd,
            environ=environ or {},
            config=config,
            mapping=mapping,
            settings=settings or (),
            isolated=isolated,
        )
    except PolicyError as error:
        return list(error.lines)
    return []


# A policy file's text, and what is said of it, without the file's name.
FILES = [
    ("traec-dir = 1", "1: traec-dir: unknown key (did you mean trace-dir?)"),
    ("xyz = 1", f"1: xyz: unknown key {TOP}"),
    ('"tr ace" = 1', '1: "tr ace": unknown key (did you mean trace-dir?)'),
    ("depth = 3", "1: depth: unknown key (did you mean limits.depth?)"),
    ("limit.depth = 3", "1: limit: unknown key (did you mean [limits]?)"),
    (
        '"limits.depth" = 3',
        '1: "limits.depth": unknown key (depth is a key of a table: limits = {{ depth = 3 }})',
    ),
    (
        "[tool.codetracer]\ndepth = 3",
        "1: tool.codetracer: belongs to pyproject.toml only (here its keys stand without it)",
    ),
    ("[limits]\n\ndept = 3", "3: limits.dept: unknown key (did you mean limits.depth?)"),
    ('[limits]\ndepth = 1\ninclude = ["a"]', "3: limits.include: unknown key (did you mean include?)"),
    ("[redaction]\nenabled = false", "1: redaction: unknown key (did you mean [redact]?)"),
    (
        '[redact]\nnames = ["a/b"]',
        "2: redact.names[0]: '/' in a name pattern (letters, digits, '_', '-' and '*', or '=' before a whole name)",
    ),
    (
        '[redact]\nnames = ["a\\nb"]',
        r"2: redact.names[0]: '\n' in a name pattern (letters, digits, '_', '-' and '*', or '=' before a whole name)",
    ),
    ('[redact]\nallow = ["*"]', '2: redact.allow[0]: a name pattern without a letter (a word, as "ticket")'),
    ('[redact]\ndetect = "no"', '2: redact.detect: "no" is a string (expected true or false)'),
    (
        "[capture]\nsockets = true",
        "2: capture.sockets: unknown key (known here: stdout, stderr, stdin, exceptions, processes)",
    ),
    (
        '[capture]\nprocesses = "some"',
        '2: capture.processes: "some" is unknown (expected "mine" or "all" or "none")',
    ),
    (
        'trace-dir = "a"\ntrace_dir = "b"',
        "2: trace-dir: written twice, as trace-dir and as trace_dir (keep one)",
    ),
    ("trace-dir = 5", '1: trace-dir: 5 is an integer (expected a string, as "trace-out")'),
    ('trace-dir = ""', '1: trace-dir: empty string (expected a string, as "trace-out")'),
    ('trace-dir = "a\\u0000b"', '1: trace-dir: NUL in "a\\u0000b" (expected a string, as "trace-out")'),
    ("format = 1.5", '1: format: 1.5 is a float (expected "binary" or "json")'),
    ('format = "jsn"', '1: format: "jsn" is unknown (expected "binary" or "json"; did you mean "json"?)'),
    ('format = "xml"', '1: format: "xml" is unknown (expected "binary" or "json")'),
    ('format = ""', '1: format: "" is unknown (expected "binary" or "json")'),
    ('with-diff = "yes"', '1: with-diff: "yes" is a string (expected true or false)'),
    ("with-diff = 1", "1: with-diff: 1 is an integer (expected true or false)"),
    ("with-diff = 1979-05-27", "1: with-diff: a date (expected true or false)"),
    ('include = "app"', f'1: include: "app" is a string {GLOBS}; did you mean ["app"]?)'),
    ("include = 3", f"1: include: 3 is an integer {GLOBS})"),
    ("exclude = {a = 1}", '1: exclude: a table (expected a list of strings, as ["**/generated/**"])'),
    ('include = [\n"a",\n3,\n["b"]]', "3: include[1]: 3 is an integer (expected a string)"),
    ('exclude = [\n"a",\n"src/["]', "3: exclude[1]: unclosed '[' in \"src/[\" ([[] is the character itself)"),
    ('packages = [""]', '1: packages[0]: no pattern in ""'),
    ('extends = [""]', "1: extends[0]: empty string (expected a string)"),
    ("limits = 3", "1: limits: 3 is an integer (expected a table)"),
    ("[[limits]]", "1: limits: a list (expected a table)"),
    ("[limits]\ndepth = -1", f"2: limits.depth: -1 is negative {INTEGER}"),
    ("limits.depth = 9223372036854775808", "1: limits.depth: too large (expected at most 9223372036854775807)"),
    (f"limits.depth = 0x{'f' * 5000}", "1: limits.depth: too large (expected at most 9223372036854775807)"),
    ('[limits]\ndepth = "3"', f'2: limits.depth: "3" is a string {INTEGER}'),
    ("[limits]\ndepth = true", f"2: limits.depth: true is a boolean {INTEGER}"),
    ("limits = {depth = 1, items = -2}", f"1: limits.items: -2 is negative {INTEGER}"),
    ('activation-path = "gone.py"', '1: activation-path: no such file: "gone.py" (expected the file {cwd}/gone.py)'),
    ('activation-path = "folder"', '1: activation-path: not a file: "folder" (expected the file {cwd}/folder)'),
    (
        'extends = ["wbe"]',
        '1: extends[0]: no such file: "wbe" (bundled: calls, data, default, everything, strict, web; '
        "a path has a / or ends in .toml)",
    ),
    ('extends = [\n"./a.toml"]', '2: extends[0]: no such file: "./a.toml" (expected the file {cwd}/a.toml)'),
    ('extends = ["./folder"]', '1: extends[0]: a folder: "./folder" (expected the file {cwd}/folder)'),
    ('extends = ["./recorder.toml"]', "1: extends[0]: a cycle: recorder.toml → recorder.toml"),
]


@pytest.mark.parametrize(("text", "message"), FILES, ids=[text[:40] for text, _ in FILES])
def test_a_file(folder: Path, text: str, message: str) -> None:
    (folder / "folder").mkdir()
    (folder / "recorder.toml").write_text(text + "\n")
    assert problems("recorder.toml")[0] == "recorder.toml:" + message.format(cwd=folder)
    assert len(problems("recorder.toml")) == (2 if "3,\n[" in text else 1)


RULES = """\
rules = 3
rules = ["a"]
[rules]
[[rules]]
rules = [{}]
rules = [{ path = "a" }]
rules = [{ path = "a", reason = "why" }]
rules = [{ record = "lines" }]
rules = [{ path = "a", record = "line" }]
rules = [{ path = "a", record = "all" }]
rules = [{ path = "a", record = true }]
rules = [{ path = "a", values = "hide" }]
rules = [{ path = "a", record = "lines" }, { pat = "a", record = "lines" }]
rules = [{ path = "a", record = "lines", xyz = 1 }]
rules = [{ path = "a", record = "lines", "b c" = 1 }]
rules = [{ path = ["a"], record = "lines" }]
rules = [{ path = "", record = "lines" }]
rules = [{ path = "[z-a]", record = "lines" }]
rules = [{ path = "!a", record = "lines" }]
rules = [{ module = "a/b", record = "lines" }]
rules = [{ module = "a..b", record = "lines" }]
rules = [{ function = "a.", record = "lines" }]
rules = [{ function = "a\\\\", record = "lines" }]
rules = [{ function = "a\\nb", record = "lines" }]
rules = [{ function = "a/b", record = "lines" }]
rules = [{ function = "{a", record = "lines" }]
rules = [{ path = "a", depth = -1 }]
rules = [{ path = "a", depth = "3" }]
rules = [{ path = "a", items = 9223372036854775808 }]
rules = [{ path = "a", value-bytes = 1, value_bytes = 2 }]
rules = [{ path = "a", output-bytes = 1 }]
rules = [{ path = "a", record = "lines", reason = "" }]
rules = [{ path = "a", record = "lines", reason = 5 }]
rule = [{ path = "a", record = "lines" }]
record = "none"
path = "a"
"""


def test_rules(folder: Path, snapshot: SnapshotAssertion) -> None:
    """Each line of `RULES` by itself, and what is said of it."""
    said = []
    for line in RULES.splitlines():
        (folder / "recorder.toml").write_text(f"format = 'json'\n{line}\n")
        found = problems("recorder.toml")
        assert found, line
        said.append("\n  ".join([line, *found]))
    assert "\n".join(said) == snapshot


def test_a_rule_in_a_file_is_named_by_line_and_number(folder: Path) -> None:
    (folder / "a.toml").write_text("[[rules]]\npath = 'a'\nrecord = 'calls'\n\n[[rules]]\npath = 'b'\nvalue = 3\n")
    assert problems("a.toml") == [
        "a.toml:7: rules[1].value: unknown key (did you mean values?)",
    ]


def test_a_file_that_is_not_toml(folder: Path) -> None:
    (folder / "a.toml").write_text("format = 'json'\nlimits = [1\n")
    (line,) = problems("a.toml")
    assert line.startswith("a.toml:")
    assert "not TOML: " in line
    (folder / "a.toml").write_text("format = 'json'\nlimits\n")
    assert problems("a.toml") == [
        "a.toml:2: not TOML: Expected '=' after a key in a key/value pair (at line 2, column 7)"
    ]


def test_a_file_nested_too_deeply(folder: Path) -> None:
    (folder / "a.toml").write_text("x = " + "[" * 100_000)
    (line,) = problems("a.toml")
    assert line.startswith("a.toml:1: not TOML: ") or line == "a.toml: not TOML: nested too deeply"


def test_a_file_that_is_not_utf8(folder: Path) -> None:
    (folder / "a.toml").write_bytes(b"format = 'json'\n# caf\xe9\n")
    assert problems("a.toml") == ["a.toml:2: not UTF-8: byte 0xe9"]


def test_a_byte_order_mark_is_accepted(folder: Path) -> None:
    (folder / "a.toml").write_bytes(b"\xef\xbb\xbfformat = 'xml'\r\n")
    assert problems("a.toml") == ['a.toml:1: format: "xml" is unknown (expected "binary" or "json")']


def test_the_file_itself(folder: Path) -> None:
    (folder / "d").mkdir()
    expected = "(expected a TOML file or 'key = value')"
    assert problems("gone.toml") == [f'--config: no such file: "gone.toml" {expected}']
    assert problems("") == [f"--config: empty {expected}"]
    assert problems("d") == [f'--config: a folder: "d" {expected}']
    (folder / "a.toml").touch()
    (folder / "b.toml").touch()
    assert problems("a.toml", "b.toml") == [
        '--config: a second file: "b.toml" (expected one file; extends names others)'
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read(folder: Path) -> None:
    (folder / "a.toml").touch(mode=0)
    (line,) = problems("a.toml")
    assert line.startswith('--config: cannot be read: "a.toml": Permission denied')


def test_a_cycle_over_two_files(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "a.toml").write_text('extends = ["sub/b.toml"]')
    (folder / "sub" / "b.toml").write_text('format = "json"\nextends = ["../a.toml"]')
    assert problems("a.toml") == ["sub/b.toml:2: extends[0]: a cycle: a.toml → sub/b.toml → a.toml"]


ENVIRONMENT = [
    ("LIMITS_DEPTH", "five", f'limits.depth: "five" is not a TOML value {INTEGER}'),
    ("LIMITS_DEPTH", "-1", f"limits.depth: -1 is negative {INTEGER}"),
    ("LIMITS_DEPTH", '5\nformat = "json"', f'limits.depth: "5\\nformat = \\"json\\"" is not a TOML value {INTEGER}'),
    ("LIMITS_DEPTH", "", f'limits.depth: "" is not a TOML value {INTEGER}'),
    ("WITH_DIFF", "yes", 'with-diff: "yes" is not a TOML value (expected true or false)'),
    ("WITH_DIFF", "1", "with-diff: 1 is an integer (expected true or false)"),
    ("TRACE_DIR", "", 'trace-dir: empty string (expected a string, as "trace-out")'),
    ("TRACE_DIR", '"a', 'trace-dir: "\\"a" is not a TOML value (expected a string, as "trace-out")'),
    ("INCLUDE", '["a", 3]', "include[1]: 3 is an integer (expected a string)"),
    ("INCLUDE", '["a"', f'include: "[\\"a\\"" is not a TOML value {GLOBS})'),
    ("INCLUDE", "src/[", "include[0]: unclosed '[' in \"src/[\" ([[] is the character itself)"),
    ("INCLUDE", "", 'include[0]: no pattern in ""'),
    ("RULES", "x", "rules: a variable cannot set it (expected in a policy file)"),
]


@pytest.mark.parametrize(("name", "text", "message"), ENVIRONMENT)
def test_a_variable(name: str, text: str, message: str) -> None:
    assert problems(environ={f"CODETRACER_{name}": text}) == [f"environment CODETRACER_{name}: {message}"]


def test_variables_of_others_are_left_alone() -> None:
    assert problems(environ={"CODETRACER_RECORDING": "1", "CODETRACER_WRAPPER_PID": "7", "CODETRACER": "x"}) == []


INLINE = [
    ("limits.depth = -1", f"limits.depth: -1 is negative {INTEGER}"),
    ("format = 'xml'", 'format: "xml" is unknown (expected "binary" or "json")'),
    ("include = ['a', '[']", "include[1]: unclosed '[' in \"[\" ([[] is the character itself)"),
    ("depth = 1", "depth: unknown key (did you mean limits.depth?)"),
    ("format = json", 'not TOML: Invalid value (at line 1, column 10) in "format = json"'),
]


@pytest.mark.parametrize(("text", "message"), INLINE)
def test_inline(text: str, message: str) -> None:
    assert problems(text) == [f"--config: {message}"]


def test_flags_are_checked_the_same_way() -> None:
    assert problems(settings=[("--format", "format", "xml"), ("--exclude", "exclude", ["a", "["])]) == [
        '--format: format: "xml" is unknown (expected "binary" or "json")',
        "--exclude: exclude[1]: unclosed '[' in \"[\" ([[] is the character itself)",
    ]


def test_a_mapping_is_checked_the_same_way() -> None:
    mapping: dict[str, object] = {"limits": {"depth": "3"}, "include": ("a", 5), "format": None, 7: 1}  # type: ignore[dict-item]
    assert problems(mapping=mapping) == [
        f'policy: limits.depth: "3" is a string {INTEGER}',
        "policy: include[1]: 5 is an integer (expected a string)",
        'policy: format: a value of type NoneType (expected "binary" or "json")',
        f'policy: "7": unknown key {TOP}',
    ]
    assert problems(mapping={"redact.detect": False, "limits.items": "3"}) == [
        'policy: "redact.detect": unknown key (detect is a key of a table: redact = { detect = false })',
        'policy: "limits.items": unknown key (items is a key of a table: limits = { items = 100 })',
    ]


def test_all_mistakes_of_all_sources_are_reported(folder: Path) -> None:
    (folder / "base.toml").write_text("formt = 1\n")
    (folder / "pyproject.toml").write_text(
        '[tool.codetracer]\nextends = ["./base.toml"]\n[tool.codetracer.limits]\nx = 1'
    )
    found = problems(
        "limits.depth = -1",
        environ={"CODETRACER_FORMAT": "xml"},
        settings=[("--activation-path", "activation-path", "gone.py")],
    )
    assert found == [
        "pyproject.toml:4: limits.x: unknown key "
        "(known here: depth, items, string, value-bytes, output-bytes, trace-bytes)",
        "base.toml:1: formt: unknown key (did you mean format?)",
        'environment CODETRACER_FORMAT: format: "xml" is unknown (expected "binary" or "json")',
        f"--config: limits.depth: -1 is negative {INTEGER}",
        f'--activation-path: activation-path: no such file: "gone.py" (expected the file {folder}/gone.py)',
    ]


PYPROJECTS = [
    ("[tool]\ncodetracer = 3", "pyproject.toml:2: tool.codetracer: 3 is an integer (expected a table)"),
    ("[[tool.codetracer]]", "pyproject.toml:1: tool.codetracer: a list (expected a table)"),
    ("[tool.codetracer]\nformat = 3", 'pyproject.toml:2: format: 3 is an integer (expected "binary" or "json")'),
    (
        "[tool.codetracer]\nformat = \n",
        "pyproject.toml:2: not TOML: Invalid value (at line 2, column 10)",
    ),
]


@pytest.mark.parametrize(("text", "message"), PYPROJECTS)
def test_pyproject(folder: Path, text: str, message: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    assert problems() == [message]
    assert problems(isolated=True) == []
    (folder / "other.toml").touch()
    assert problems("other.toml") == []


def test_a_pyproject_given_must_have_the_section(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.other]\n")
    assert problems() == []
    assert problems("pyproject.toml") == ["pyproject.toml: tool.codetracer: missing (expected a table)"]


def test_a_pyproject_without_a_policy_that_is_not_toml_is_passed_over(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[project\n[tool]\nother = 'codetracer'\n")
    policy = resolve(cwd=str(folder), start=str(folder), environ={})
    assert policy.project_root == str(folder)
    (notice,) = policy.notices
    assert notice.startswith("pyproject.toml:1: not TOML: ")
    assert notice.endswith("(passed over: it holds no policy)")


NAMED = [
    ("[tool.codetracer]\n", True),
    ("[tool]\ncodetracer={format='json'}\n", True),
    ('tool = {"codetracer" = {}}', True),
    ("[tool . codetracer . limits]\ndepth = 1", True),
    ('[tool."\\u0063odetracer"]\n', True),
    ("[project]\ndependencies = ['codetracer-python-recorder']\n[project.scripts]\ncodetracer = 'a:b'\n", False),
    ("[tool.ruff]\nexclude = ['codetracer']\n", False),
]


@pytest.mark.parametrize(("text", "is_policy"), NAMED)
def test_toml_is_read_where_a_policy_may_stand(folder: Path, text: str, is_policy: bool) -> None:
    (folder / "pyproject.toml").write_text(text)
    (folder / "below").mkdir()
    read = "import sys; from codetracer_python_recorder.policy.project import find_project as find;"
    show = f"print(find({str(folder / 'below')!r}, '/').document is not None, 'tomli' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", read + show], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(is_policy), str(is_policy)]


LARGE = {
    "unknown keys": "".join(f"trace-dir{i} = 1\n" for i in range(10_000)),
    "elements of the wrong type": "include = [\n" + "".join(f"{i},\n" for i in range(10_000)) + "]",
    "bad globs": "include = [\n" + "".join(f"'{i}[',\n" for i in range(10_000)) + "]",
    "rules": "[[rules]]\npath = 'a'\nrecrd = 1\n" * 10_000,
    "keys in both spellings": "".join(f"a-{i} = 1\na_{i} = 1\n" for i in range(5_000)),
}


@pytest.mark.parametrize("name", LARGE)
def test_ten_thousand_mistakes_are_answered_at_once(folder: Path, name: str) -> None:
    (folder / "a.toml").write_text(LARGE[name])
    begun = time.process_time()
    assert len(problems("a.toml")) == 10_000
    assert time.process_time() - begun < 1


def test_a_sound_table_gives_every_entry() -> None:
    found: list[str] = []
    entries = checked({"with_diff": True, "limits": {"value_bytes": 7}}, Source("x"), found)
    assert not found
    assert {name: entry.value for name, entry in entries.items()} == {"with-diff": True, "limits.value-bytes": 7}
