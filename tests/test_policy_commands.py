"""Owns: what the commands about a policy and about a trace say. Must not: test what decides (Rust's unit tests do)."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Protocol

import pytest
from syrupy.assertion import SnapshotAssertion

from codetracer_python_recorder.cli import COMMANDS
from tests.conftest import Done, Plain, Record

POLICY = """\
include = ["app/**", "main.py"]
exclude = ["**/gen/**", "gone/**"]
packages = ["json", "no_such_package"]

[[rules]]
function = "charge"
values = "redact"
reason = "card data"

[[rules]]
path = "app/pay.py"
depth = 9
string = 0

[[rules]]
path = "app/gen/**"
record = "calls"

[[rules]]
path = "app/gen/**"
record = "lines"
"""
PAY = "class Order:\n    def charge(self, card):\n        return [card]\n\n    def refund(self):\n        return 0\n"
MAIN = "import json\nfrom app import pay\nfrom app.gen import made\nprint(json.dumps(pay.Order().charge(7)))\n"


@pytest.fixture
def project(folder: Path) -> Path:
    """A project with a policy, its own code and generated code."""
    files = {
        "pyproject.toml": "[project]\nname = 'shop'\n",
        "recorder.toml": POLICY,
        "main.py": MAIN,
        "app/__init__.py": "",
        "app/pay.py": PAY,
        "app/gen/__init__.py": "",
        "app/gen/made.py": "x = 1\n",
        "tests/test_app.py": "",
        "other.py": "",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


class Command(Protocol):
    """Runs a command of the recorder; without a traceback, and with this exit status."""

    def __call__(self, *arguments: str, status: int = 0, env: dict[str, str] | None = None, cwd: str = ".") -> Done: ...


@pytest.fixture
def command(folder: Path) -> Command:
    def run(*arguments: str, status: int = 0, env: dict[str, str] | None = None, cwd: str = ".") -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "codetracer_python_recorder", *arguments],
            env={**os.environ, **(env or {})},
            cwd=folder / cwd,
            capture_output=True,
            text=True,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


def steady(text: str, folder: Path) -> str:
    """Without what differs from one machine and interpreter to the next."""
    text = text.replace(str(folder), "FOLDER").replace(os.path.dirname(os.__file__), "STDLIB")
    return text.replace(f"{sys.version_info.major}.{sys.version_info.minor}.", "3.x.")


EXPLAINED = [
    "main.py",
    "app/pay.py",
    "app/pay.py:Order.charge",
    "app.pay:Order.refund",
    "app/gen",
    "app.gen.made",
    "other.py",
    "json.decoder",
    "textwrap",
    "<string>",
]


def test_explain(project: Path, command: Command, snapshot: SnapshotAssertion) -> None:
    done = command("policy", "explain", "--config", "recorder.toml", *EXPLAINED)
    assert steady(done.stdout, project) == snapshot


def test_explain_under_other_policies(project: Path, command: Command, snapshot: SnapshotAssertion) -> None:
    said = []
    for options in (
        ["main.py", "--script", "main.py"],
        ["main.py", "--exclude", "*.py"],
        ["main.py", "--config", "record = 'calls'"],
        ["app/pay.py:Order.charge", "--config", "rules = [{function = 'charge', record = 'none', reason = 'noise'}]"],
        [sys.executable.removesuffix("bin/python") + "nothing.py"],
        ["../elsewhere.py"],
    ):
        (project.parent / "elsewhere.py").touch()
        done = subprocess.run(
            [sys.executable, "-m", "codetracer_python_recorder", "policy", "explain", *options],
            capture_output=True,
            text=True,
        )
        text = steady(done.stdout + done.stderr, project).replace(sys.prefix, "PREFIX")
        said.append(f"{done.returncode}\n{text}".replace(str(project.parent), "PARENT"))
    assert "\n".join(said) == snapshot


@pytest.mark.parametrize("name", ["[slug]/a.py", "{{name}}/a.py", "!x/a.py", "app/{b}/a*.py", "b\\s/a?.py"])
def test_the_advice_for_an_odd_name_helps(folder: Path, command: Command, name: str) -> None:
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text("x = 1\n")
    (folder / "pyproject.toml").touch()
    advice = command("policy", "explain", name).stdout.splitlines()[-1].removeprefix("  to change").strip()
    excluded = command("policy", "explain", name, "--config", advice).stdout
    assert excluded.startswith(f"{name}: not recorded"), (advice, excluded)


def test_explain_of_a_module_in_a_package_without_a_file(folder: Path, command: Command) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "m.py").write_text("x = 1\n")
    assert command("policy", "explain", "a.b.m").stdout.startswith("a.b.m: recorded")


def test_explain_as_json(project: Path, command: Command) -> None:
    (answer,) = json.loads(command("policy", "explain", "--json", "--config", "recorder.toml", "app/pay.py").stdout)
    assert (answer["name"], answer["module"], answer["record"]) == ("app/pay.py", "app.pay", "lines")
    assert answer["path"] == str(project / "app" / "pay.py")
    assert [one["qualname"] for one in answer["functions"]] == ["Order.charge"]
    assert answer["limits"][0] == {
        "limit": "depth",
        "value": 9,
        "rule": 'rule path "app/pay.py" (recorder.toml:10: rules[1])',
    }


def test_explain_of_what_is_not_there(project: Path, command: Command) -> None:
    done = command("policy", "explain", "main.py", "gone.py", "no.such", status=1)
    assert done.stdout.startswith("main.py: recorded\n")
    assert done.stderr == "".join(
        f"codetracer-python-recorder: {name}: nothing found (expected a file, a folder, or a module that can be "
        "imported)\n"
        for name in ("gone.py", "no.such")
    )


MISNAMED = {
    "app/pay.py:Order.chrge": "did you mean Order.charge?",
    "app.pay:refund": "did you mean Order.refund?",
    "main.py:g": "expected a function or class by its qualname",
}


@pytest.mark.parametrize("target", MISNAMED)
def test_explain_of_a_function_that_is_not_there(project: Path, command: Command, target: str) -> None:
    done = command("policy", "explain", target, status=1)
    name, _, qualname = target.partition(":")
    assert not done.stdout
    said = f"{target}: nothing named {qualname} in {name} ({MISNAMED[target]})"
    assert done.stderr == f"codetracer-python-recorder: {said}\n"


def test_explain_of_a_function_in_what_cannot_be_compiled(project: Path, command: Command) -> None:
    (project / "later.py").write_text("def f(:\n")
    assert command("policy", "explain", "later.py:f", "<string>:f", "app/pay.py:<module>").stdout.count(" by ") == 3
    assert [line for line in command("policy", "explain", "app:Order").stdout.splitlines() if line[0] != " "] == [
        "app/pay.py:Order: recorded"
    ]


def test_nothing_is_run_by_an_explanation(project: Path, command: Command) -> None:
    (project / "app" / "__init__.py").write_text("open('ran', 'w')")
    command("policy", "explain", "app.pay", "app/pay.py")
    command("policy", "check")
    assert not (project / "ran").exists()


def test_explain_says_what_a_recording_does(project: Path, command: Command, record: Record) -> None:
    recorded = record("main.py", options=["--config", "recorder.toml"])
    paths = map(Path, json.loads((recorded.trace / "trace_paths.json").read_text()))
    files = {str(path.relative_to(project)) for path in paths if path.is_relative_to(project)}
    asked = ["--json", "--config", "recorder.toml", "--script", "main.py", "main.py", "app", "other.py"]
    answers = json.loads(command("policy", "explain", *asked).stdout)
    assert files == {answer["name"] for answer in answers if answer["record"] != "none"}


def test_show(project: Path, command: Command, snapshot: SnapshotAssertion) -> None:
    options = ["--config", "recorder.toml", "--extend-exclude", "scratch", "--config", "limits.depth = 5"]
    done = command("policy", "show", "main.py", *options, env={"CODETRACER_WITH_DIFF": "true"})
    assert steady(done.stdout, project) == snapshot
    assert tomllib.loads(done.stdout)["limits"]["depth"] == 5


def test_show_leaves_out_an_extension_of_a_list_that_was_replaced(folder: Path, command: Command) -> None:
    text = command("policy", "show", "--config", 'extend-include = ["x"]', "--include", "y").stdout
    assert '"y"' in text and "extend-include" not in text


def resolved(command: Command, *options: str, cwd: str = ".") -> Any:
    return json.loads(command("policy", "show", "--json", *options, cwd=cwd).stdout)["resolved"]


GIVEN: list[list[str]] = [
    [],
    ["--config", "recorder.toml"],
    ["--config", "recorder.toml", "--include", "app", "--exclude", "{a,b/c}", "--packages", "a.{b,c}"],
    ["--config", "extends = ['calls', 'data', 'everything']"],
    ["--activation-path", "main.py", "--include", "./app/", "--include", "../*", "--include", '/x y/"\\\\'],
    ["--config", "rules = [{path = '{x,y/z}', record = 'none', reason = 'a\\tb \"c\"', value-bytes = 0}]"],
]


@pytest.mark.parametrize("options", GIVEN)
def test_what_show_prints_records_the_same(project: Path, command: Command, options: list[str]) -> None:
    """In another folder than the project's root, so that flags and files have different anchors."""
    options = [re.sub("(recorder.toml|main.py)", r"../\1", option) for option in options]
    (project / "shown.toml").write_text(command("policy", "show", *options, "../main.py", cwd="app").stdout)
    again = ["--isolated", "--config", "../shown.toml"]
    assert resolved(command, *again, "../main.py", cwd="app") == resolved(command, *options, "../main.py", cwd="app")
    asked = [
        "--json",
        "--script",
        "../main.py",
        "../app",
        "../main.py",
        "../tests",
        "json.decoder",
        "app.pay:Order.charge",
    ]
    before = json.loads(command("policy", "explain", *options, *asked, cwd="app").stdout)
    after = json.loads(command("policy", "explain", *again, *asked, cwd="app").stdout)
    kept = ("record", "kind", "values")
    for one, other in zip(before, after, strict=True):
        assert [one[key] for key in kept] == [other[key] for key in kept]
        assert [limit["value"] for limit in one["limits"]] == [limit["value"] for limit in other["limits"]]


def test_trace_policy_prints_the_policy_that_made_it(project: Path, command: Command, record: Record) -> None:
    options = ["--config", "recorder.toml", "--config", "extends = ['data']"]
    trace = record("main.py", options=options).trace
    text = command("trace", "policy", "trace-out").stdout
    (project / "again.toml").write_text(text)
    values = resolved(command, "--isolated", "--config", "again.toml")
    assert values == resolved(command, *options, "-o", str(trace))
    layers = json.loads(command("trace", "policy", "--json", "trace-out").stdout)["layers"]
    assert [layer["bundled"] for layer in layers] == ["default", None, "data", None, None]
    assert all(layer["sha256"] for layer in layers[:3])


def test_trace_policy_without_a_trace(folder: Path, command: Command) -> None:
    done = command("trace", "policy", "gone", status=2)
    assert "no trace_metadata.json here" in done.stderr
    (folder / "trace_metadata.json").write_text("{}")
    assert "no policy" in command("trace", "policy", ".", status=2).stderr


def test_check(project: Path, command: Command, snapshot: SnapshotAssertion) -> None:
    done = command("policy", "check", "recorder.toml")
    assert steady(done.stdout, project) == snapshot
    assert len(json.loads(command("policy", "check", "--json", "recorder.toml").stdout)["warnings"]) == 3
    assert command("policy", "check").stdout == "sound: bundled policy default\n"
    assert command("policy", "check", "/dev/null").stdout == "sound: bundled policy default, /dev/null\n"


def test_check_names_every_mistake(project: Path, command: Command) -> None:
    (project / "wrong.toml").write_text("include = ['[']\nformt = 1\n")
    done = command("policy", "check", "wrong.toml", status=2)
    assert not done.stdout
    assert len(done.stderr.splitlines()) == 2
    told = json.loads(command("policy", "check", "--json", "wrong.toml", status=2).stdout)
    assert told["problems"][1] == "wrong.toml:2: formt: unknown key (did you mean format?)"
    assert "no such file" in command("policy", "check", "gone.toml", status=2).stderr


def test_check_warns_of_variables_that_are_nearly_ours(folder: Path, command: Command) -> None:
    env = {"LIMITS_DEPHT": "3", "EXTEND-EXCLUDE": "x", "LIMITS_ITEMS": "3", "RECORDING": "1", "WRAPPER_PID": "7"}
    env = {f"CODETRACER_{name}": value for name, value in env.items()}
    assert command("policy", "check", env=env).stdout.splitlines() == [
        f"warning: environment CODETRACER_{name}: no key has this variable (did you mean CODETRACER_{meant}?)"
        for name, meant in (("LIMITS_DEPHT", "LIMITS_DEPTH"), ("EXTEND-EXCLUDE", "EXTEND_EXCLUDE"))
    ] + ["sound: bundled policy default, environment"]
    assert command("policy", "check", "--isolated", env=env).stdout == "sound: bundled policy default\n"


@pytest.mark.parametrize("name", ["calls", "data", "everything", "strict", "web"])
def test_check_does_not_warn_of_a_bundled_policy(project: Path, command: Command, name: str) -> None:
    (project / "recorder.toml").write_text(f'extends = ["{name}"]\n')
    sound = f"sound: bundled policy default, bundled policy {name}, recorder.toml\n"
    assert command("policy", "check", "recorder.toml").stdout == sound


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        (
            'exclude = ["**"]',
            'nothing below it is recorded: exclude "**" (recorder.toml:1: exclude[0]) (expected, say, that pattern '
            'taken out, or a rule: [[rules]] path = "app/__init__.py", record = "lines")',
        ),
        (
            'include = ["app/gone.py"]',
            "nothing below it is recorded: no pattern of include or extend-include matches "
            '(expected, say, extend-include = ["app/__init__.py"])',
        ),
        ('exclude = ["**"]\n[[rules]]\nfunction = "charge"\nrecord = "calls"', None),
        ('exclude = ["**"]\npackages = ["json"]', None),
        ('include = ["/srv/lib/**"]', None),
        ('exclude = ["**"]\n[[rules]]\nmodule = "json"\nrecord = "lines"', None),
    ],
)
def test_check_warns_where_nothing_is_recorded(project: Path, command: Command, text: str, warned: str | None) -> None:
    (project / "recorder.toml").write_text(text)
    told = command("policy", "check", "recorder.toml").stdout.splitlines()
    line = f"warning: {os.path.realpath(project)}: {warned}"
    assert [each for each in told if "nothing below it" in each] == ([line] if warned else [])
    assert told[-1] == "sound: bundled policy default, recorder.toml"


def test_check_warns_of_rules_without_effect(project: Path, command: Command, snapshot: SnapshotAssertion) -> None:
    (project / "rules.toml").write_text(
        "".join(
            f"[[rules]]\n{text}\n"
            for text in (
                'path = "app/pay.py"\nvalues = "drop"',  # hidden where it matters, by two later ones
                'function = "gone"\nrecord = "none"',
                'path = "gone.py"\ndepth = 1',
                'module = "app.gone"\ndepth = 1',
                'module = "no_such_module"\ndepth = 1',
                'module = "json"\ndepth = 1',
                'path = "../other/**"\ndepth = 1',
                'path = "app/**"\nfunction = "Order"\nvalues = "keep"',
                'path = "app/**"\nvalues = "keep"\ndepth = 0',
            )
        )
    )
    assert steady(command("policy", "check", "rules.toml").stdout, project) == snapshot


def test_init(project: Path, command: Command, snapshot: SnapshotAssertion) -> None:
    (project / "recorder.toml").unlink()
    assert command("policy", "init").stdout == "written: recorder.toml (in force with --config recorder.toml)\n"
    assert (project / "recorder.toml").read_text() == snapshot
    assert command("policy", "check", "recorder.toml").stdout == "sound: bundled policy default, recorder.toml\n"
    assert "is there already" in command("policy", "init", status=2).stderr


PYPROJECT = """\
[build-system]   # kept
requires = [ "maturin" ]

[tool.black]
line-length   = 99   # so

[project]
name = "shop"
[tool.ruff]
select = ["E"]
"""


@pytest.mark.parametrize("text", [PYPROJECT, "", "[tool]\n", PYPROJECT.replace("\n", "\r\n"), "tool.black.x = 1\n"])
def test_init_in_a_pyproject_keeps_what_is_there(project: Path, command: Command, text: str) -> None:
    (project / "pyproject.toml").write_bytes(text.encode())
    command("policy", "init", "--pyproject")
    written = (project / "pyproject.toml").read_bytes().decode()
    lines = [line for line in text.splitlines() if line]
    assert [line for line in written.splitlines() if line in lines] == lines
    after = tomllib.loads(written)
    assert after["tool"].pop("codetracer") == {"include": ["app/**", "tests/**", "main.py", "other.py"]}
    before = tomllib.loads(text)
    assert {**after, "tool": after["tool"]} == {**before, "tool": before.get("tool", {})}
    assert "# which of your own files" in written
    assert "is there already" in command("policy", "init", "--pyproject", status=2).stderr
    assert command("policy", "check").stdout.endswith("sound: bundled policy default, pyproject.toml\n")


def test_init_says_what_keeps_it_from_writing(project: Path, command: Command) -> None:
    (project / "pyproject.toml").write_text("[")
    assert "not TOML" in command("policy", "init", "--pyproject", status=2).stderr
    (project / "pyproject.toml").write_text("tool = 3")
    assert "tool: not a table" in command("policy", "init", "--pyproject", status=2).stderr
    (project / "pyproject.toml").unlink()
    assert "no such file" in command("policy", "init", "--pyproject", status=2).stderr


FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
from codetracer_python_recorder.cli import main
sys.argv[1:] = ["policy", "init", *sys.argv[1:]]
sys.exit(main())
"""


def test_init_on_a_full_disk_leaves_nothing(project: Path, plain: Plain) -> None:
    (project / "recorder.toml").unlink()
    before = sorted(path.name for path in project.iterdir())
    done = plain("-c", FULL_DISK)
    said = "codetracer-python-recorder: recorder.toml: cannot be written: File too large\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert sorted(path.name for path in project.iterdir()) == before


def test_init_on_a_full_disk_leaves_the_pyproject_as_it_is(project: Path, plain: Plain) -> None:
    before = sorted(path.name for path in project.iterdir())
    (project / "pyproject.toml").write_text(PYPROJECT)
    done = plain("-c", FULL_DISK, "--pyproject")
    said = "codetracer-python-recorder: pyproject.toml: cannot be written: File too large\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert (project / "pyproject.toml").read_text() == PYPROJECT
    assert sorted(path.name for path in project.iterdir()) == before


def test_list(command: Command, snapshot: SnapshotAssertion) -> None:
    assert command("policy", "list").stdout == snapshot
    calls = command("policy", "list", "calls").stdout
    assert calls == (Path(__file__).parent.parent / "policies" / "calls.toml").read_text(encoding="utf-8")
    assert json.loads(command("policy", "list", "--json").stdout)[0]["name"] == "calls"
    assert "no bundled policy" in command("policy", "list", "gone", status=2).stderr


SCREENS = [[group, *name] for group, names in COMMANDS.items() for name in ([], *([name] for name in names))]


@pytest.mark.parametrize("words", SCREENS, ids=" ".join)
def test_help_fits_a_terminal_and_has_an_example(command: Command, words: list[str]) -> None:
    text = command(*words, "--help").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert len(words) == 1 or "example: codetracer-python-recorder " + " ".join(words) in text


MISTAKES = [
    (["policy"], "policy: the following arguments are required: COMMAND"),
    (["policy", "shw"], "policy: argument COMMAND: invalid choice: 'shw'"),
    (
        ["policy", "explain"],
        "policy explain: one of the arguments TARGET --name is required (--help shows what is expected)\n",
    ),
    (["policy", "show", "--formt", "x"], "policy show: unknown: --formt (--help shows what is expected)\n"),
    (["trace", "dump", "x", "--verbose"], "trace dump: unknown: --verbose (--help shows what is expected)\n"),
    (["trace", "dump", "x", "--path", "src/["], "trace dump: --path: unclosed '[' in \"src/[\" ([[] is the"),
    (["trace", "dump", "x", "--path", "a", "--function", ""], 'trace dump: --function: no pattern in ""\n'),
    (["policy", "check", "nope.toml"], 'policy check: no such file: "nope.toml" (expected a policy file)\n'),
    (["policy", "check", "."], 'policy check: a folder: "." (expected a policy file)\n'),
    (["policy", "show", "gone.py"], "gone.py: no such file (expected a script)"),
    (["policy", "show", "--format", "x"], '--format: format: "x" is unknown'),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_in_a_command(command: Command, arguments: list[str], message: str) -> None:
    assert f"codetracer-python-recorder: {message}" in command(*arguments, status=2).stderr


def on_a_terminal(folder: Path, *arguments: str, **env: str) -> str:
    """What is written to a terminal by the recorder."""
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "codetracer_python_recorder", *arguments]
    environ = {**os.environ, "TERM": "xterm", **env}
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                some = os.read(ours, 4096)
            except OSError:
                break
            if not some:
                break
            written += some
        process.wait()
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def test_colours_are_for_terminals(project: Path, command: Command) -> None:
    plain = command("policy", "explain", "main.py").stdout
    shown = on_a_terminal(project, "policy", "explain", "main.py")
    assert "\x1b[32m" in shown
    assert re.sub(r"\x1b\[\d+m", "", shown) == plain
    assert on_a_terminal(project, "policy", "explain", "main.py", NO_COLOR="1") == plain


def test_a_reader_that_goes_away_is_no_mistake(project: Path) -> None:
    argv = [sys.executable, "-m", "codetracer_python_recorder", "policy", "schema"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_after_a_run_a_terminal_is_told_what_was_recorded(project: Path) -> None:
    run = ["-o", "out", "--config", "recorder.toml", "--config", "limits.items = 1", "main.py"]
    lines = on_a_terminal(project, *run).splitlines()
    assert lines[0] == "[7]"
    assert re.fullmatch(r"codetracer-python-recorder: skipped: \d+ code objects, \d+ of them: .*", lines[1])
    assert re.fullmatch(r"codetracer-python-recorder: complete: \d+ steps, \d+ calls in .*/out \(.*\)", lines[-1])
    assert len(lines) <= 4
    assert on_a_terminal(project, "--quiet", *run) == "[7]\n"


def test_numbers_and_words_agree(project: Path, command: Command) -> None:
    (project / "one.py").touch()
    ended = on_a_terminal(project, "-o", "out", "one.py").splitlines()[-1]
    assert ": complete: 1 step, 1 call in " in ended
    assert "1 call of 1 function in 1 file\n" in command("trace", "summary", "out").stdout


def test_summary(project: Path, command: Command, record: Record, form: str, snapshot: SnapshotAssertion) -> None:
    (project / "main.py").write_text(MAIN + "values = [[[[1]]]] * 60\nvalues = 'x' * 600\nraise SystemExit(3)\n")
    record("main.py", options=["--config", "recorder.toml", "--format", form, "--packages", "no_such_package"])
    text = steady(command("trace", "summary", "trace-out").stdout, project)
    text = re.sub(r"(?<=duration)  +[\d.]+ s|  +\d[\d.]* k?B(?=  )", "  N", text)
    text = re.sub(r"size .*\n", "size\n", text)
    varying = r"(?m)^ +\d+  (standard|generated|installed|the recorder).*\n| +skipped +\d+.*\n| +… \d+ more\n"
    text = re.sub(varying, "", text)
    assert text == snapshot(name="summary")
    told = json.loads(command("trace", "summary", "--json", "trace-out").stdout)
    assert (told["health"], told["exit_status"], told["program"]) == ("complete", 3, "main.py")
    assert told["truncations"].keys() == {"depth", "items", "string"}
    assert told["redacted"] == {"rule card data": 5}
    assert sum(one["code_objects"] for one in told["skipped"]) == told["skipped_code_objects"] > 0


def test_summary_says_how_many_more_there_are(folder: Path, command: Command, record: Record) -> None:
    (folder / "main.py").write_text("".join(f"def f{number}(): pass\nf{number}()\n" for number in range(30)))
    record("main.py")
    lines = command("trace", "summary", "trace-out").stdout.splitlines()
    functions = lines[lines.index("functions") + 2 :]
    assert functions[10].strip() == "… 21 more" and not functions[11]


ENDLESS = "def f(x):\n    return x\nfor number in range(400):\n    f(number)\nprint('x' * 60)\nprint('later')\n"


def test_summary_says_what_a_limit_has_left_out(folder: Path, command: Command, record: Record, form: str) -> None:
    (folder / "main.py").write_text(ENDLESS)
    limits = "limits = { trace-bytes = 5000, output-bytes = 50 }"
    recorded = record("main.py", options=["--format", form, "--config", limits])
    said = command("trace", "summary", "trace-out").stdout.splitlines()
    reached = {line.partition(" was reached: ")[0]: line.partition(" was reached: ")[2] for line in said}
    assert "values are left out, at twice as many bytes lines, too" in reached["limits.trace-bytes"]
    assert "later in that stream is not in the trace" in reached["limits.output-bytes"]
    story = [line.split()[0] for line in recorded.dump() if not line.startswith("#")]
    kinds = ["number" if word in ("number", "x") else word for word in story]
    last = {kind: len(kinds) - 1 - kinds[::-1].index(kind) for kind in ("number", "step", "call", "return")}
    assert last["number"] < len(kinds) / 3 and kinds.count("call") == 402 and last["return"] == len(kinds) - 1


def test_summary_of_a_trace_that_holds_nothing(project: Path, command: Command, record: Record) -> None:
    record("main.py", options=["--exclude", "**"])
    last = command("trace", "summary", "trace-out").stdout.splitlines()[-1]
    assert last.startswith("nothing was recorded, mostly for: ")
    record("main.py", options=["--activation-path", "other.py"])
    last = command("trace", "summary", "trace-out").stdout.splitlines()[-1]
    assert last.startswith(f"nothing was recorded: {project}/other.py never ran")


def test_summary_of_nothing_names_the_programs_own_code(project: Path, command: Command, record: Record) -> None:
    (project / "main.py").write_text("for number in range(9):\n    exec(f'def f(): return {number}\\nf()')\n")
    record("main.py", options=["--include", "gone/**"])
    lines = command("trace", "summary", "trace-out").stdout.splitlines()
    assert any(line.startswith("nothing was recorded, mostly for: no pattern of include") for line in lines)


def test_summary_of_what_was_killed_at_once(project: Path, command: Command, record: Record) -> None:
    (project / "main.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    record("main.py", options=["--format", "json"])
    (project / "trace-out" / "trace.json").write_text("[")
    lines = command("trace", "summary", "trace-out").stdout.splitlines()
    assert "nothing was recorded: the process ended before anything was written, or still runs" in lines


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"args": 3, "counters": {"truncations": 7}, "policy": [], "python": "3"}']
)
def test_summary_of_a_trace_with_foreign_metadata(project: Path, command: Command, record: Record, text: str) -> None:
    (record("main.py").trace / "trace_metadata.json").write_text(text)
    told = command("trace", "summary", "trace-out").stdout
    assert "main.py:1" in told
    assert told.startswith("trace-out: partial" if text in ("", "[]") else "trace-out: complete")


def test_summary_of_a_folder_of_traces(project: Path, command: Command, plain: Plain) -> None:
    for name in ("one", "two"):
        plain("-m", "codetracer_python_recorder", "-o", f"all/{name}", "main.py")
    header, *rows = command("trace", "summary", "all").stdout.splitlines()
    assert header.split() == ["steps", "calls", "bytes", "seconds", "exit", "health", "trace"]
    assert [row.split()[-2:] for row in rows] == [["complete", "one"], ["complete", "two"]]
    assert len(json.loads(command("trace", "summary", "--json", "all").stdout)) == 2
    (project / "empty").mkdir()
    assert "no trace here" in command("trace", "summary", "empty", status=1).stderr
    assert "no such folder" in command("trace", "summary", "gone", status=2).stderr


def test_summary_of_a_trace_with_others_in_its_folders(project: Path, command: Command, plain: Plain) -> None:
    """Those of tests, say, of which pytest makes a folder each in the same place."""
    for name in ("all", "all/one", "all/two"):
        plain("-m", "codetracer_python_recorder", "-o", name, "main.py")
    said = "2 other traces in its folders: give one of these (a folder with no trace of its own gives a table)"
    assert said in command("trace", "summary", "all").stdout.splitlines()
    assert json.loads(command("trace", "summary", "--json", "all").stdout)["traces_below"] == 2
    assert "other trace" not in command("trace", "summary", "all/one").stdout


def test_summary_of_a_folder_in_which_a_trace_cannot_be_read(project: Path, command: Command, plain: Plain) -> None:
    plain("-m", "codetracer_python_recorder", "-o", "all/one", "main.py")
    for name, text in (("empty", ""), ("foreign", "hello")):
        (project / "all" / name).mkdir()
        (project / "all" / name / "trace.json").write_text(text)
    done = command("trace", "summary", "all")
    rows = [row.split() for row in done.stdout.splitlines()[1:]]
    assert [row[-2:] for row in rows] == [["unreadable", "empty"], ["unreadable", "foreign"], ["complete", "one"]]
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        f"all/{name}/trace.json" for name in ("empty", "foreign")
    ]
    told = json.loads(command("trace", "summary", "--json", "all").stdout)
    assert [one["health"] for one in told] == ["unreadable", "unreadable", "complete"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_summary_of_folders_that_cannot_be_read(project: Path, command: Command, plain: Plain) -> None:
    plain("-m", "codetracer_python_recorder", "-o", "all/one", "main.py")
    (project / "all" / "locked").mkdir(mode=0)
    done = command("trace", "summary", "all")
    assert "unreadable  locked" in done.stdout and "complete    one" in done.stdout
    assert "all/locked: cannot be read: Permission denied" in done.stderr
    assert "Permission denied" in command("trace", "summary", "all/locked", status=2).stderr


def test_summary_of_a_killed_program(project: Path, command: Command, record: Record, form: str) -> None:
    (project / "main.py").write_text(
        "import os, signal, textwrap, time\ndef f(x):\n    return x\nfor i in range(50):\n    f([[[[i]]]])\n"
        "time.sleep(0.7)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    record("main.py", options=["--format", form])
    told = json.loads(command("trace", "summary", "--json", "trace-out").stdout)
    assert (told["health"], told["exit_status"], told["calls"]) == ("partial", None, 51)
    assert told["skipped"], "the metadata are brought up to date while the program runs"
    assert "trace recover" in command("trace", "summary", "trace-out").stdout.splitlines()[-1]
    command("trace", "recover", "trace-out")
    assert command("trace", "summary", "trace-out").stdout.startswith("trace-out: recovered\n")


def test_summary_counts_children_and_threads(project: Path, command: Command, record: Record) -> None:
    (project / "main.py").write_text(
        "import os, threading\ndef f(): pass\nt = threading.Thread(target=f, name='worker')\nt.start()\nt.join()\n"
        "child = os.fork()\nif not child:\n    f()\n    os._exit(0)\nos.waitpid(child, 0)\n"
    )
    record("main.py")
    told = json.loads(command("trace", "summary", "--json", "trace-out").stdout)
    assert (told["threads"], told["processes"]) == (["MainThread", "worker"], 1)


NAMES = """\
[redact]
names = ["*_ticket", "db_password", "=pin"]
allow = ["csrf_token"]
"""


def test_explain_of_names(folder: Path, command: Command, snapshot: SnapshotAssertion) -> None:
    (folder / "names.toml").write_text(NAMES)
    asked = [argument for name in ("apiKey2", "author", "my_ticket", "csrf_token") for argument in ("--name", name)]
    said = command("policy", "explain", "--config", "names.toml", *asked)
    assert said.returncode == 0
    assert said.stdout == snapshot
    answers = json.loads(command("policy", "explain", "--json", "--config", "names.toml", *asked).stdout)
    assert [answer["redacted"] for answer in answers] == [True, False, True, False]


def test_explain_of_names_where_nothing_is_redacted(folder: Path, command: Command) -> None:
    said = command("policy", "explain", "--config", "redact.enabled = false", "--name", "password")
    assert said.stdout.startswith("password: not redacted\n")
    assert "redaction  is off (--config: redact.enabled)" in said.stdout


def test_names_that_are_covered(folder: Path, command: Command) -> None:
    (folder / "names.toml").write_text(NAMES)
    said = command("policy", "check", "names.toml")
    assert 'names.toml:2: redact.names[1]: "db_password" is covered by "password"' in said.stdout
    assert "ticket" not in said.stdout


@pytest.mark.parametrize("form", ["json", "binary"])
def test_strict_records_no_value_but_what_is_kept(form: str, folder: Path, record: Record) -> None:
    (folder / "kept.py").write_text("def work(number):\n    return number + 1\n")
    (folder / "p.py").write_text("import kept\nhidden = 40404\nprint(kept.work(50505))\n")
    (folder / "recorder.toml").write_text('extends = ["strict"]\n[[rules]]\nmodule = "kept"\nvalues = "keep"\n')
    dump = "\n".join(
        line
        for line in record("p.py", options=["--config", "recorder.toml", "--format", form]).dump()
        if "|" not in line
    )
    assert "40404" not in dump and "50505" in dump and "50506" in dump
    assert "<redacted: rule policy strict>" in dump
