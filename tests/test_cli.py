"""Owns: the command line's screens, messages and exit statuses. Must not: look into a trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codetracer_python_recorder import __version__
from codetracer_python_recorder.cli import UsageError, parse
from codetracer_python_recorder.policy.schema import KEYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.conftest import Done, Plain, Record

PREFIX = "codetracer-python-recorder: "


@pytest.fixture
def recorder(plain: Plain) -> Plain:
    """Runs the recorder: `recorder("--format", "json", "app.py")`."""

    def run(*arguments: str | Path, stdin: str = "", env: dict[str, str] | None = None) -> Done:
        return plain("-m", "codetracer_python_recorder", *arguments, stdin=stdin, env=env)

    return run


def ours(done: Done) -> list[str]:
    """What the recorder said, all of which must be prefixed."""
    lines = done.stderr.splitlines()
    assert all(line.startswith(PREFIX) for line in lines)
    return [line.removeprefix(PREFIX) for line in lines]


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["trace", "-h"], ["trace", "dump", "-h"]])
def test_help_fits_the_screen_and_has_an_example(recorder: Plain, arguments: list[str]) -> None:
    done = recorder(*arguments)
    assert done.returncode == 0
    assert not done.stderr
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert "example:" in done.stdout or "dump" in done.stdout


def test_help_names_every_key(recorder: Plain) -> None:
    screen = recorder("--help").stdout
    for key in KEYS:
        for name in key.flags or (key.name,):
            assert name in screen


def test_the_version(recorder: Plain) -> None:
    assert recorder("--version").stdout == f"codetracer-python-recorder {__version__}\n"


COMMAND_LINES = [
    (["a.py"], ("script", "a.py", [])),
    (["a.py", "-h", "--format", "x", "--"], ("script", "a.py", ["-h", "--format", "x", "--"])),
    (["--", "a.py", "--", "x"], ("script", "a.py", ["--", "x"])),
    (["--", "-m"], ("script", "-m", [])),
    (["-m", "pkg", "-m", "x"], ("-m", "pkg", ["-m", "x"])),
    (["-mpkg", "x"], ("-m", "pkg", ["x"])),
    (["-c", "pass", "-c"], ("-c", "pass", ["-c"])),
    (["-cpass"], ("-c", "pass", [])),
    (["-", "-x"], ("-", "", ["-x"])),
    (["--isolated", "--with-diff", "./policy", "x"], ("script", "./policy", ["x"])),
    (["-o", "-x", "a.py"], ("script", "a.py", [])),
]


@pytest.mark.parametrize(("arguments", "program"), COMMAND_LINES)
def test_where_the_program_begins(arguments: list[str], program: tuple[str, str, list[str]]) -> None:
    options = parse(arguments)
    assert not isinstance(options, str)
    assert (options.mode, options.target, options.arguments) == program


def test_what_the_options_say() -> None:
    line = """
        -oA --out-dir=B --format json --include a --exclude=b --include c --config x=1 --config f --no-with-diff
        --propagate-script-exit --no-propagate-script-exit --verbose s.py
    """
    options = parse(line.split())
    assert not isinstance(options, str)
    assert options.settings == {
        "trace-dir": ("--out-dir", "B"),
        "format": ("--format", "json"),
        "include": ("--include", ["a", "c"]),
        "exclude": ("--exclude", ["b"]),
        "with-diff": ("--no-with-diff", False),
    }
    assert options.config == ["x=1", "f"]
    assert (options.propagate_script_exit, options.verbose, options.quiet) == (False, True, False)


INTERPRETERS = "one of the interpreter's?"
USAGE = [
    ([], "no script (expected SCRIPT, -m MODULE, -c CODE or -; --help shows all)"),
    (["--"], "no script (expected SCRIPT, -m MODULE, -c CODE or -; --help shows all)"),
    (["--isolated"], "no script (expected SCRIPT, -m MODULE, -c CODE or -; --help shows all)"),
    (["-m"], "-m: a module name is missing"),
    (["-c"], "-c: code is missing"),
    (["--traec-dir", "x", "a.py"], "--traec-dir: unknown option (did you mean --trace-dir?)"),
    (["--trace", "x", "a.py"], "--trace: unknown option (did you mean --trace-dir?)"),
    (["--includ=x", "a.py"], "--includ: unknown option (did you mean --include?)"),
    (["-y", "a.py"], "-y: unknown option (--help shows all)"),
    (["--depth=3", "a.py"], "--depth: unknown option (did you mean --config 'limits.depth = 3'?)"),
    (["--limits-depth", "3", "a.py"], "--limits-depth: unknown option (did you mean --config 'limits.depth = 3'?)"),
    (["--limits.depth", "a.py"], "--limits.depth: unknown option (did you mean --config 'limits.depth = 5'?)"),
    (["--redact.enabled", "a"], "--redact.enabled: unknown option (did you mean --config 'redact.enabled = false'?)"),
    (["-O", "a.py"], f"-O: unknown option ({INTERPRETERS} python -O -m codetracer_python_recorder …)"),
    (["-x", "a.py"], f"-x: unknown option ({INTERPRETERS} python -x -m codetracer_python_recorder …)"),
    (["-Werror", "a.py"], f"-W: unknown option ({INTERPRETERS} python -Werror -m codetracer_python_recorder …)"),
    (["-X", "dev", "a.py"], f"-X: unknown option ({INTERPRETERS} python -X dev -m codetracer_python_recorder …)"),
    ([""], "empty script name (expected SCRIPT, -m MODULE, -c CODE or -; --help shows all)"),
    (["summary"], "summary: no such file (did you mean trace summary?)"),
    (["explain", "a.py"], "explain: no such file (did you mean policy explain?)"),
    (["--format"], "--format: a value is missing (expected FORMAT)"),
    (["-o"], "-o: a value is missing (expected DIR)"),
    (["--isolated=1", "a.py"], "--isolated: takes no value (here '1')"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE)
def test_a_command_line_that_makes_no_sense(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(arguments)
    assert str(error.value) == message


def test_a_script_may_be_called_as_a_command_is(folder: Path) -> None:
    (folder / "summary").touch()
    options = parse(["summary", "x"])
    assert not isinstance(options, str)
    assert (options.mode, options.target) == ("script", "summary")


MISTAKES = [
    ([], "no script (expected SCRIPT, -m MODULE, -c CODE or -; --help shows all)"),
    (["policy"], "policy: the following arguments are required: COMMAND"),
    (["gone.py"], "gone.py: no such file (expected a script, a folder or zip file, -m MODULE, -c CODE or -)"),
    (["python3", "app.py"], "python3: no such file (the script comes first: leave python3 out)"),
    (["pytest", "-v"], "pytest: no such file (did you mean -m pytest?)"),
    (["app"], "app: no such file (did you mean -m app?)"),
    (["empty"], "empty: no __main__.py in it (a folder or zip file runs by that)"),
    (["-m", "gone"], "-m: no module named gone (looked in the working directory and on sys.path)"),
    (["--format", "xml", "app.py"], '--format: format: "xml" is unknown (expected "binary" or "json")'),
    (["-o", "", "app.py"], '-o: trace-dir: empty string (expected a string, as "trace-out")'),
    (["--config", "x = 1", "app.py"], "--config: x: unknown key"),
    (["trace"], "trace: the following arguments are required: COMMAND (--help shows what is expected)"),
    (["trace", "dump"], "trace dump: the following arguments are required: TRACE_DIR (--help shows what is expected)"),
    (["--config", "", "app.py"], "--config: empty (expected a TOML file or 'key = value')"),
    (["trace", "rewind", "x"], "trace: "),
    (["trace", "dump", "gone"], "gone"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_ends_with_2_before_anything_is_done(
    folder: Path, recorder: Plain, arguments: list[str], message: str
) -> None:
    (folder / "empty").mkdir()
    (folder / "app.py").write_text("open('ran', 'w')")
    done = recorder(*arguments)
    assert done.returncode == 2
    (line,) = ours(done)
    assert line.startswith(message)
    assert not (folder / "ran").exists()
    assert not (folder / "trace-out").exists()


def test_all_mistakes_are_printed(folder: Path, recorder: Plain) -> None:
    (folder / "app.py").touch()
    done = recorder("--exclude", "ok", "--exclude", "[", "--format=x", "app.py", env={"CODETRACER_LIMITS_DEPTH": "-1"})
    assert done.returncode == 2
    assert [line.split(": ")[:2] for line in ours(done)] == [
        ["environment CODETRACER_LIMITS_DEPTH", "limits.depth"],
        ["--exclude", "exclude[1]"],
        ["--format", "format"],
    ]


def test_a_trace_folder_that_is_a_file(folder: Path, recorder: Plain) -> None:
    (folder / "app.py").touch()
    (folder / "out").touch()
    done = recorder("-o", "out", "app.py")
    assert done.returncode == 2
    assert "out" in ours(done)[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_trace_folder_that_cannot_be_written(folder: Path, recorder: Plain) -> None:
    (folder / "app.py").touch()
    (folder / "out").mkdir(mode=0o555)
    done = recorder("-o", "out", "app.py")
    assert done.returncode == 2
    assert ours(done) == [f"{folder}/out: cannot be written (choose another folder with --trace-dir)"]


FULL_DISK = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
os.dup2(os.open("answer", os.O_WRONLY | os.O_CREAT), 1)
from codetracer_python_recorder.cli import main
sys.exit(main())
"""


ANSWERS = ["policy list", "policy show", "policy schema", "--help", "--version", "trace --help", "policy show --help"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ANSWERS)
def test_an_answer_that_has_no_place(plain: Plain, command: str, unbuffered: str) -> None:
    done = plain("-c", FULL_DISK, *command.split(), env={"PYTHONUNBUFFERED": unbuffered})
    assert done.returncode == 2
    assert done.stderr == "codetracer-python-recorder: the answer cannot be written: File too large\n"


def test_a_dump_that_has_no_place(folder: Path, plain: Plain, record: Record) -> None:
    (folder / "app.py").touch()
    record("app.py")
    done = plain("-c", FULL_DISK, "trace", "dump", "trace-out")
    assert done.returncode == 2
    assert done.stderr == "codetracer-python-recorder: the dump cannot be written: File too large\n"


@pytest.mark.parametrize("command", [*ANSWERS, "trace dump trace-out", "trace summary trace-out"])
def test_an_answer_where_standard_output_is_closed(folder: Path, command: str) -> None:
    done = subprocess.run(
        f"{sys.executable} -m codetracer_python_recorder {command} >&-", shell=True, stderr=subprocess.PIPE, text=True
    )
    said = "codetracer-python-recorder: the answer cannot be written: standard output is closed\n"
    assert (done.returncode, done.stderr) == (2, said)


PROPAGATION = [
    # options, environment, exit status
    ([], {}, 3),
    ([], {"CODETRACER_RECORDING": "1"}, 0),
    ([], {"CODETRACER_WRAPPER_PID": "7"}, 0),
    (["--propagate-script-exit"], {"CODETRACER_RECORDING": "1"}, 3),
    (["--no-propagate-script-exit"], {}, 0),
]


@pytest.mark.parametrize(("options", "env", "status"), PROPAGATION)
def test_the_exit_status_is_the_scripts_but_not_under_codetracer(
    folder: Path, recorder: Plain, options: list[str], env: dict[str, str], status: int
) -> None:
    (folder / "app.py").write_text("import sys; sys.exit(3)")
    assert recorder(*options, "app.py", env=env).returncode == status
    assert json.loads((folder / "trace-out" / "trace_metadata.json").read_text())["exit_status"] == 3


ENDS = {
    "raise SystemExit('bye')": ("bye\n", 1),
    "raise SystemExit": ("", 0),
    "raise KeyboardInterrupt": ("KeyboardInterrupt\n", 128 + signal.SIGINT),
    "1 / 0": ("ZeroDivisionError: division by zero\n", 1),
}


@pytest.mark.parametrize("code", ENDS)
def test_under_codetracer_stderr_is_the_same(folder: Path, recorder: Plain, code: str) -> None:
    (folder / "app.py").write_text(code)
    done = recorder("app.py", env={"CODETRACER_RECORDING": "1"})
    text, status = ENDS[code]
    assert done.returncode == 0
    assert done.stderr.endswith(text)
    assert PREFIX not in done.stderr
    assert json.loads((folder / "trace-out" / "trace_metadata.json").read_text())["exit_status"] == status


def test_a_script_that_does_not_compile_leaves_a_trace(folder: Path, recorder: Plain, plain: Plain) -> None:
    (folder / "app.py").write_text("def f(:\n")
    done = recorder("app.py")
    assert done.returncode == 1
    expected = f"{PREFIX}nothing was recorded: app.py could not be run\n"
    assert done.stderr == plain("app.py").stderr + expected
    assert recorder("trace", "dump", "trace-out").returncode == 0


def test_nothing_recorded_is_said_with_the_reason(folder: Path, recorder: Plain) -> None:
    (folder / "app.py").write_text("x = 1\n")
    done = recorder("--exclude", "app.py", "app.py")
    assert (done.returncode, done.stdout) == (0, "")
    (line,) = ours(done)
    assert line.startswith("nothing was recorded: ")
    assert "--exclude: exclude[0]" in line
    assert recorder("trace", "dump", "trace-out").returncode == 0
    assert not recorder("--quiet", "--exclude", "app.py", "app.py").stderr


def test_an_activation_file_that_never_ran_is_named(folder: Path, recorder: Plain) -> None:
    (folder / "app.py").write_text("x = 1\n")
    (folder / "other.py").touch()
    (line,) = ours(recorder("--activation-path", "other.py", "app.py"))
    assert line == f"nothing was recorded: {folder}/other.py never ran (--activation-path: activation-path)"


def test_verbose_says_what_is_recorded_and_what_matched_nothing(folder: Path, recorder: Plain) -> None:
    (folder / "app.py").write_text("x = 1\n")
    lines = ours(recorder("--verbose", "--extend-include", "gone/**", "app.py"))
    assert f"recording to {folder}/trace-out" in lines
    assert "policy: flags" in lines
    assert any("extend-include[0]" in line and "nothing" in line for line in lines)
    assert lines[-1].startswith("complete: ")


def test_nothing_is_said_without_need(folder: Path, recorder: Plain) -> None:
    (folder / "app.py").write_text("x = 1\n")
    done = recorder("app.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_pyproject_that_is_passed_over_is_named(folder: Path, recorder: Plain) -> None:
    (folder / "pyproject.toml").write_text("[broken\n[tool]\nname = 'codetracer'\n")
    (folder / "app.py").write_text("x = 1\n")
    done = recorder("app.py")
    assert done.returncode == 0
    (line,) = ours(done)
    assert line.startswith("pyproject.toml:1: not TOML: ")
    assert not recorder("--quiet", "app.py").stderr


@pytest.mark.skipif(os.name == "nt", reason="a folder in use cannot be removed there")
@pytest.mark.parametrize("arguments", [["-c", "pass"], *(["policy", name] for name in ("show", "check", "init"))])
def test_a_working_directory_that_was_removed(folder: Path, plain: Plain, arguments: list[str]) -> None:
    code = (
        "import os, subprocess, sys; os.mkdir('x'); os.chdir('x'); os.rmdir('../x'); "
        f"done = subprocess.run([sys.executable, '-m', 'codetracer_python_recorder', *{arguments}]); "
        "sys.exit(done.returncode)"
    )
    done = plain("-c", code)
    assert done.returncode == 2
    why = "No such file or directory (it may have been removed: change to another folder)"
    assert ours(done) == [f"working directory: {why}"]


def test_the_package_is_quiet_and_light(plain: Plain) -> None:
    code = """
import sys
before = set(sys.modules)
import codetracer_python_recorder as package
print(sorted(set(sys.modules) - before), package.__version__, package.is_tracing())
"""
    done = plain("-I", "-c", code)
    loaded = ["codetracer_python_recorder", "codetracer_python_recorder._native", "codetracer_python_recorder.errors"]
    found, _, rest = done.stdout.partition("] ")
    assert not done.stderr
    assert set(json.loads(found.replace("'", '"') + "]")) - {"__future__"} == set(loaded)
    assert rest == f"{__version__} False\n"
