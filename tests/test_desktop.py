"""Owns: the ways in which CodeTracer's desktop starts the recorder. Must not: test what a trace holds."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import Done, Plain
from tests.traces import checked

COMMAND = Path(sysconfig.get_path("scripts")) / "codetracer-python-recorder"
DESKTOP = [{}, {"CODETRACER_RECORDING": "1"}, {"CODETRACER_WRAPPER_PID": "4711"}]
TESTS = "import unittest\nclass TestIt(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(1, 2)\n"


def test_the_probe_is_quiet_and_free_of_effects(folder: Path, plain: Plain) -> None:
    program = "import codetracer_python_recorder as ct; assert ct.__version__; assert not ct.is_tracing()"
    done = plain("-W", "error", "-c", program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(folder.iterdir())
    times = plain("-X", "importtime", "-c", "import codetracer_python_recorder").stderr.splitlines()
    assert int(times[-1].split("|")[1]) < 50_000  # microseconds; some thousand where nothing else runs


@pytest.fixture
def script(folder: Path) -> Path:
    (folder / "app").mkdir()
    (folder / "app/lib.py").write_text("def used(n):\n    return n + 1\n")
    script = folder / "app/main.py"
    script.write_text("import sys\nfrom lib import used\nprint(used(len(sys.argv)))\nsys.exit(3)\n")
    return script


@pytest.mark.parametrize("env", DESKTOP, ids=["by hand", "recording", "wrapped"])
def test_the_module_form(script: Path, folder: Path, plain: Plain, env: dict[str, str]) -> None:
    options = ["--trace-dir", "d", "--format", "json", "--activation-path", str(script)]
    done = plain("-m", "codetracer_python_recorder", *options, str(script), "--format", "-h", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0 if env else 3, "4\n", "")
    trace = checked(folder / "d")
    assert trace.metadata["args"] == ["--format", "-h"]
    assert trace.metadata["exit_status"] == 3
    assert (folder / "d/trace.json").is_file()


@pytest.mark.parametrize("env", DESKTOP, ids=["by hand", "recording", "wrapped"])
@pytest.mark.parametrize("form", [["--pytest", "test_it.py::TestIt::test_it"], ["--unittest", "test_it.TestIt"]])
def test_test_runners(folder: Path, plain: Plain, env: dict[str, str], form: list[str]) -> None:
    (folder / "test_it.py").write_text(TESTS)
    done = plain("-m", "codetracer_python_recorder", "--out-dir", "d", *form, "-v", env=env)
    without = plain("-m", form[0][2:], form[1], "-v")
    assert done.returncode == (0 if env else 1) and without.returncode == 1
    assert len((done.stdout + done.stderr).splitlines()) == len((without.stdout + without.stderr).splitlines())
    trace = checked(folder / "d")
    assert "TestIt.test_it" in [function.name for function in trace.functions]
    assert trace.metadata["exit_status"] == 1 and trace.metadata["args"] == [form[1], "-v"]


def test_test_runners_need_a_target(plain: Plain) -> None:
    for option, missing in (("--pytest", "a node id"), ("--unittest", "a target")):
        done = plain("-m", "codetracer_python_recorder", option)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"codetracer-python-recorder: {option}: {missing} is missing" in done.stderr


@pytest.mark.skipif(not COMMAND.exists(), reason="the package lies as a folder, without its console script")
def test_the_command_form(script: Path, folder: Path) -> None:
    options = ["--out-dir", str(folder / "d"), "--activation-path", str(script)]
    command = [str(COMMAND), *options, str(script), "x"]
    env = {"PATH": sysconfig.get_path("scripts"), "CODETRACER_RECORDING": "1"}
    done: Done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
    assert checked(folder / "d").metadata["recorder"]["target_script"] == str(script)


def test_nothing_is_imported_where_nothing_could_be_recorded(script: Path, folder: Path, plain: Plain) -> None:
    """A status other than 0 tells the desktop that there is no trace."""
    (folder / "d").write_text("a file")
    env = {"CODETRACER_RECORDING": "1"}
    done = plain("-m", "codetracer_python_recorder", "--out-dir", "d", str(script), env=env)
    assert done.returncode == 2 and "not a folder" in done.stderr and done.stdout == ""


def test_the_metadata_name_the_recorder(script: Path, folder: Path, plain: Plain) -> None:
    plain("-m", "codetracer_python_recorder", "--out-dir", "d", "--with-diff", str(script))
    metadata = json.loads((folder / "d/trace_metadata.json").read_bytes())
    version = plain("-c", "import codetracer_python_recorder as ct; print(ct.__version__)").stdout.strip()
    assert metadata["recorder"] == {
        "name": "codetracer_python_recorder",
        "target_script": str(script),
        "version": version,
        "with_diff": True,
    }
    assert metadata["python"]["version"] == sys.version.partition(" ")[0]
