"""Owns: the pytest plugin, in real runs of pytest. Must not: test what a trace holds beyond the course of a test."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Done, Plain
from tests.traces import checked

SECTION = "= CodeTracer traces ="

SUITE = '''\
import asyncio
import unittest

import pytest


@pytest.fixture(scope="session")
def base():
    print("base begins")
    yield 1
    print("base ends")


@pytest.fixture
def made(base):
    yield base + 1
    print("made ends")


def test_passes(made):
    print("in the test")
    assert made == 2


@pytest.mark.parametrize("value", ["a/b", "ü:[x]", "", "x" * 300, "a\\nb", "..", "NUL", "nul"])
def test_each(value, made):
    assert value == ".."


@pytest.mark.xfail
def test_expected():
    assert False


def test_skipped():
    pytest.skip("not today")


def test_fails_at_teardown(request):
    request.addfinalizer(lambda: 1 / 0)


@pytest.fixture
def broken():
    raise ValueError("broken")


def test_fails_at_setup(broken):
    pass


class TestUnit(unittest.TestCase):
    def setUp(self):
        self.number = 1

    def test_unit(self):
        self.assertEqual(self.number, 2)


@pytest.mark.asyncio
async def test_asyncio():
    await asyncio.sleep(0)
    assert await double(2) == 5


async def double(number):
    return number * 2


@pytest.mark.anyio
async def test_anyio():
    assert await double(2) == 4


def documented():
    """
    >>> documented()
    2
    """
    return 1


@pytest.mark.no_codetracer
def test_not_recorded():
    assert False


@pytest.mark.codetracer(depth=1, exclude=["test_suite.py"])
def test_by_marker():
    assert False


@pytest.mark.codetracer(dept=1)
def test_wrong_marker():
    assert True
'''


@pytest.fixture
def suite(folder: Path) -> Path:
    (folder / "pyproject.toml").write_text(
        '[tool.codetracer]\nformat = "json"\n'
        '[tool.pytest.ini_options]\nasyncio_default_fixture_loop_scope = "function"\n'
    )
    (folder / "conftest.py").write_text("import pytest\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'\n")
    (folder / "test_suite.py").write_text(SUITE)
    return folder


def pytest_run(plain: Plain, *arguments: str, env: dict[str, str] | None = None, stdin: str = "") -> Done:
    return plain("-m", "pytest", "-p", "no:cacheprovider", *arguments, env=env, stdin=stdin)


def traces(folder: Path) -> dict[str, dict[str, Any]]:
    """What the metadata say of each trace below the folder, by node id and attempt; every one of them is sound."""
    found = {}
    for file in (folder / "trace-out").rglob("trace_metadata.json"):
        checked(file.parent)
        test = json.loads(file.read_bytes())["test"]
        found[test["id"] + f" #{test['attempt']}" * (test["attempt"] > 1)] = test
    return found


def without_section(output: str) -> str:
    """What pytest says itself, without times."""
    lines = output.splitlines()
    starts = [number for number, line in enumerate(lines) if SECTION in line]
    if starts:
        end = next(n for n in range(starts[0] + 1, len(lines)) if lines[n].startswith("="))
        del lines[starts[0] : end]
    return re.sub(r"\d+\.\d+s|0x[0-9a-f]+", "…", "\n".join(lines))


MODES: list[list[str]] = [
    [],
    ["-q", "--capture=sys"],
    ["-s"],
    ["--capture=tee-sys", "-v"],
    ["--assert=plain"],
    ["-p", "no:logging", "-p", "no:unittest"],
    ["--doctest-modules", "-rA"],
    ["--reruns", "1"],
]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: " ".join(mode) or "plain")
def test_pytest_is_as_without(suite: Path, plain: Plain, mode: list[str]) -> None:
    without = pytest_run(plain, *mode)
    recorded = pytest_run(plain, "--codetracer=failed", *mode)
    assert SECTION in recorded.stdout
    assert without_section(recorded.stdout) == without_section(without.stdout)
    assert (recorded.returncode, recorded.stderr) == (without.returncode, without.stderr) == (1, without.stderr)


def test_failed_keeps_the_failed(suite: Path, plain: Plain) -> None:
    pytest_run(plain, "--codetracer", "test_suite.py")
    everything = traces(suite)
    assert len(everything) == len(os.listdir(suite / "trace-out")) == 17
    done = pytest_run(plain, "--codetracer=failed", "--doctest-modules", "test_suite.py")
    kept = traces(suite)
    assert {test["outcome"] for test in kept.values()} == {"failed"}
    assert {name.rpartition("::")[2].partition("[")[0] for name in kept} == {
        "test_each",
        "test_fails_at_teardown",
        "test_fails_at_setup",
        "test_unit",
        "test_asyncio",
        "test_by_marker",
        "test_suite.documented",
    }
    assert len(kept) == 13
    assert kept["test_suite.py::test_fails_at_setup"]["phases"] == {"setup": "failed", "teardown": "passed"}
    assert everything["test_suite.py::test_expected"]["outcome"] == "xfailed"
    assert everything["test_suite.py::test_skipped"]["outcome"] == "skipped"
    section = done.stdout.partition(SECTION)[2]
    assert section.count("trace-out") == 13
    assert "not recorded: test_suite.py::test_wrong_marker: @pytest.mark.codetracer: dept: unknown key" in section
    for name in os.listdir(suite / "trace-out"):
        assert re.fullmatch(r"[\w.-]{1,140}", name, re.ASCII)
    assert len({name.lower() for name in os.listdir(suite / "trace-out")}) == 13


def dump(plain: Plain, trace: Path) -> str:
    done = plain("-m", "codetracer_python_recorder", "trace", "dump", trace)
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith("#"))


def test_a_trace_holds_its_phases(suite: Path, plain: Plain) -> None:
    """Session fixtures begin in the first test's trace and end in the last one's."""
    pytest_run(plain, "--codetracer", "-k", "test_passes or a/b")
    first, last = (next((suite / "trace-out").glob(f"*{name}*")) for name in ("test_passes", "a_b"))
    assert dump(plain, first) == (
        """\
call <toplevel>()
  step test_suite.py:1 | import asyncio
  step test_suite.py:20 | def test_passes(made):
  call <setup>()
    step test_suite.py:8 | def base():
    call base()
      step test_suite.py:9 | print("base begins")
      stdout 'base begins\\n'
      step test_suite.py:10 | yield 1
      yield 1
    step test_suite.py:15 | def made(base):
    call made(base=1)
      step test_suite.py:16 | yield base + 1
        base = 1
      yield 2
    return None
  step test_suite.py:20 | def test_passes(made):
  call <call>()
    step test_suite.py:20 | def test_passes(made):
    call test_passes(made=2)
      step test_suite.py:21 | print("in the test")
        made = 2
      stdout 'in the test\\n'
      step test_suite.py:22 | assert made == 2
        made = 2
      return None
    return None
  step test_suite.py:20 | def test_passes(made):
  call <teardown>()
    step test_suite.py:16 | yield base + 1
    resume made(sent=None)
      step test_suite.py:17 | print("made ends")
        base = 1
      stdout 'made ends\\n'
      return None
    return None
  return None"""
    )
    assert "resume base(sent=None)" in dump(plain, last) and "stdout 'base ends\\n'" in dump(plain, last)


@pytest.mark.parametrize("capture", ["fd", "sys", "tee-sys", "no"])
def test_output_is_told_once(capture: str, suite: Path, plain: Plain) -> None:
    """Whatever pytest puts in the place of standard output, and passes on from there."""
    pytest_run(plain, "--codetracer", "-k", "test_passes", f"--capture={capture}")
    (trace,) = (suite / "trace-out").glob("*test_passes*")
    told = [line.strip() for line in dump(plain, trace).splitlines() if line.strip().startswith("std")]
    assert told == [f"stdout '{text}\\n'" for text in ("base begins", "in the test", "made ends", "base ends")]


def test_xdist(suite: Path, plain: Plain) -> None:
    done = pytest_run(plain, "--codetracer=failed", "-n", "2")
    kept = traces(suite)
    assert len(kept) == 12 and {test["worker"] for test in kept.values()} <= {"gw0", "gw1"}
    assert done.stdout.partition(SECTION)[2].count("trace-out") == 12
    done = pytest_run(plain, "--codetracer=failed", "--dist", "each", "--tx", "2*popen", "-k", "test_unit")
    assert {path.name for path in (suite / "trace-out").glob("gw*")} == {"gw0", "gw1"}


def test_a_crash_leaves_what_there_is(folder: Path, plain: Plain) -> None:
    text = "import os, time\ndef test_dies():\n    time.sleep(0.6)\n    os.kill(os.getpid(), 9)\n"
    (folder / "test_dies.py").write_text(text)
    done = pytest_run(plain, "--codetracer=failed", "-n", "1", "--max-worker-restart=0")
    assert "crashed test_dies.py::test_dies" in done.stdout
    (trace,) = (folder / "trace-out").iterdir()
    assert "time.sleep" in dump(plain, trace)


def test_the_summary_is_a_table_of_tests(folder: Path, plain: Plain) -> None:
    (folder / "test_it.py").write_text(
        "import multiprocessing, time\ntries = []\n"
        "def test_flaky():\n    tries.append(1)\n    assert len(tries) > 1\n"
        "def test_slow():\n    time.sleep(0.3)\n"
        "def work(): pass\n"
        "def test_child():\n    child = multiprocessing.get_context('fork').Process(target=work)\n"
        "    child.start(); child.join()\n"
    )
    pytest_run(plain, "--codetracer", "--reruns", "1", "-p", "no:asyncio")
    done = plain("-m", "codetracer_python_recorder", "trace", "summary", "trace-out")
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["steps", "calls", "bytes", "seconds", "outcome", "health", "test", "trace"]
    rows = {line[head.index("  test") :].rpartition("  ")[0].strip(): line.split() for line in lines}
    assert {"test_it.py::test_flaky", "test_it.py::test_flaky #2", "test_it.py::test_slow"} < rows.keys()
    assert "failed" in rows["test_it.py::test_flaky"] and "passed" in rows["test_it.py::test_flaky #2"]
    of_child, of_parent = sorted((line.split() for line in lines if "::test_child" in line), key=len)
    assert "/processes/" in of_child[-1] and "passed" not in of_child and "passed" in of_parent
    steps, _calls, amount, unit, seconds, outcome, health, _id, trace = rows["test_it.py::test_slow"]
    assert int(steps) > 0 and float(amount) > 0 and unit == "B" and 0.3 <= float(seconds) < 10
    assert (outcome, health) == ("passed", "complete") and (folder / "trace-out" / trace).is_dir()


def test_secrets_in_the_names_of_tests(folder: Path, plain: Plain) -> None:
    (folder / "test_it.py").write_text("""
import pytest
@pytest.mark.parametrize("value", ["a password=hunter2hunter2"])
def test_it(value):
    pass
""")
    pytest_run(plain, "--codetracer")
    (file,) = (folder / "trace-out").rglob("trace_metadata.json")
    assert "hunter2" not in file.read_text() and "<redacted: name password>" in file.read_text()


def test_reruns(folder: Path, plain: Plain) -> None:
    text = "tries = []\ndef test_flaky():\n    tries.append(1)\n    assert len(tries) > 2\n"
    (folder / "test_flaky.py").write_text(text)
    done = pytest_run(plain, "--codetracer=failed", "--reruns", "2")
    assert done.returncode == 0 and "1 passed, 2 rerun" in done.stdout
    assert set(traces(folder)) == {"test_flaky.py::test_flaky", "test_flaky.py::test_flaky #2"}
    (folder / "test_flaky.py").write_text("def test_flaky():\n    pass\n")
    pytest_run(plain, "--codetracer=failed")
    assert not traces(folder)


def test_ini_key_fixture_and_markers(folder: Path, plain: Plain) -> None:
    (folder / "pytest.ini").write_text("[pytest]\ncodetracer = all\naddopts = --strict-markers\n")
    (folder / "pyproject.toml").write_text('[tool.codetracer]\ntrace-dir = "out"\nlimits.items = 7\n')
    (folder / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.codetracer(items=2)\n"
        "class TestClass:\n"
        "    @pytest.mark.codetracer(limits={'depth': 6})\n"
        "    def test_nested(self, codetracer_trace):\n"
        "        assert codetracer_trace.parent.name == 'out'\n"
        "def test_plain(): pass\n"
        "@pytest.mark.no_codetracer\n"
        "def test_off(codetracer_trace): assert codetracer_trace is None\n"
    )
    done = pytest_run(plain)
    assert done.returncode == 0, done.stdout
    limits = {}
    for file in (folder / "out").glob("*/trace_metadata.json"):
        metadata = json.loads(file.read_bytes())
        limits[metadata["test"]["id"].rpartition("::")[2]] = metadata["policy"]["resolved"]["limits"]
    assert (limits["test_nested"]["depth"], limits["test_nested"]["items"]) == (6, 2)
    assert (limits["test_plain"]["depth"], limits["test_plain"]["items"]) == (1, 7)
    assert limits.keys() == {"test_nested", "test_plain"}


def test_without_the_option_nothing_is_loaded(folder: Path, plain: Plain) -> None:
    text = (
        "import sys\ndef test_it(codetracer_trace):\n    assert codetracer_trace is None\n"
        "    ours = [name for name in sys.modules if name.startswith('codetracer_python_recorder.')]\n"
        "    assert not [name for name in ours if 'policy' in name or 'session' in name or 'traces' in name]\n"
    )
    (folder / "test_it.py").write_text(text)
    assert pytest_run(plain).returncode == 0
    assert not (folder / "trace-out").exists()


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        ("[tool.codetracer]\ndepth = 1\n", "pyproject.toml:2: depth: unknown key (did you mean limits.depth?)"),
        ('[tool.pytest.ini_options]\ncodetracer = "some"\n', "'some' is unknown (expected all or failed)"),
    ],
)
def test_mistakes_are_usage_errors(folder: Path, plain: Plain, toml: str, line: str) -> None:
    (folder / "pyproject.toml").write_text(toml)
    (folder / "test_it.py").write_text("def test_it(): pass\n")
    done = pytest_run(plain, *([] if "some" in toml else ["--codetracer"]))
    assert done.returncode == 4 and line in done.stderr


def test_another_value_of_the_option(folder: Path, plain: Plain) -> None:
    (folder / "test_it.py").write_text("def test_it(): pass\n")
    done = pytest_run(plain, "--codetracer=fail", "test_it.py")
    assert done.returncode == 4
    assert "--codetracer: 'fail' is unknown (expected all or failed)" in done.stderr
    assert "argument" not in done.stderr
    assert pytest_run(plain, "--codetracer=all", "test_it.py").returncode == 0


def test_pdb_and_breaking_off(folder: Path, plain: Plain) -> None:
    (folder / "test_it.py").write_text(
        "def test_it():\n    value = 41\n    assert value == 42\ndef test_more(): pass\n"
    )
    without = pytest_run(plain, "--pdb", stdin="p value\nq\n")
    recorded = pytest_run(plain, "--pdb", "--codetracer=failed", stdin="p value\nq\n")
    said, expected = (without_section(done.stdout).split() for done in (recorded, without))
    assert said == expected and recorded.returncode == without.returncode
    assert {test["outcome"] for test in traces(folder).values()} <= {"failed", "interrupted"}
    assert len(traces(folder)) == 1


def test_coverage_beside_it(suite: Path, plain: Plain) -> None:
    reports = []
    for option in ("--codetracer=failed", "-q"):
        plain("-m", "coverage", "run", "-m", "pytest", "-p", "no:cacheprovider", option)
        reports.append(plain("-m", "coverage", "report", "--include=test_suite.py").stdout)
    assert reports[0] == reports[1] and "test_suite.py" in reports[0]


def test_pytest_as_a_recorded_module(suite: Path, plain: Plain) -> None:
    """One trace of all; a second recording in the process is none."""
    options = ["-m", "codetracer_python_recorder", "--format", "json", "-m", "pytest", "-p", "no:cacheprovider"]
    done = plain(*options, "-k", "test_unit or test_passes")
    assert done.returncode == 1 and "1 failed, 1 passed" in done.stdout and "Warning" not in done.stdout
    names = [function.name for function in checked(suite / "trace-out").functions]
    assert "TestUnit.test_unit" in names and "test_passes" in names
    done = plain(*options, "--codetracer", "-k", "test_unit or test_passes")
    assert done.returncode == 1 and "not recorded" in done.stdout
    assert checked(suite / "trace-out")


def test_child_processes_and_tool_ids_of_a_test(folder: Path, plain: Plain) -> None:
    (folder / "test_it.py").write_text(
        "import multiprocessing, sys, os\n"
        "def work(): return 1\n"
        "def test_fork():\n"
        "    child = multiprocessing.get_context('fork').Process(target=work)\n"
        "    child.start(); child.join()\n"
        "    assert child.exitcode == 0\n"
        "def test_ids():\n"
        "    for number in range(6):\n"
        "        sys.monitoring.use_tool_id(number, 'mine')\n"
        "    for number in range(6):\n"
        "        sys.monitoring.free_tool_id(number)\n"
        "def test_after(): assert work() == 2\n"
    )
    # These have threads of their own, and a process with threads that forks is warned.
    without = ["-p", "no:asyncio", "-p", "no:rerunfailures"]
    done = pytest_run(plain, "--codetracer=all", "-W", "error", *without)
    assert "1 failed, 2 passed" in done.stdout, done.stdout
    (trace,) = (folder / "trace-out").glob("*test_fork*")
    (child,) = (trace / "processes").iterdir()
    assert "work" in [function.name for function in checked(child).functions]
    (after,) = (folder / "trace-out").glob("*test_after*")
    assert "call work()" in dump(plain, after)


def test_what_it_costs(folder: Path, plain: Plain) -> None:
    """Side by side, the best of a few runs each. The bound of a release is 1.5; tests are run on busy machines, with a
    build that was quick to make.
    """
    count = 1000 if "STRESS" in os.environ else 300
    text = f"import pytest\n@pytest.mark.parametrize('n', range({count}))\ndef test_it(n): assert n >= 0\n"
    (folder / "test_it.py").write_text(text)
    best = {"-q": float("inf"), "--codetracer=failed": float("inf")}
    for _ in range(4):
        for option in best:
            begin = time.perf_counter()
            assert f"{count} passed" in pytest_run(plain, "-p", "no:asyncio", option).stdout
            best[option] = min(best[option], time.perf_counter() - begin)
    assert best["--codetracer=failed"] <= 2 * best["-q"], best


def test_a_subtest_that_fails(folder: Path, plain: Plain) -> None:
    """It reports before its test, which may pass for all that."""
    (folder / "test_parts.py").write_text("""
import unittest
class TestParts(unittest.TestCase):
    def test_some(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(number, 1)
def test_fixture(subtests):
    for number in range(2):
        with subtests.test(number=number):
            assert number
def test_good(subtests):
    with subtests.test():
        pass
""")
    pytest_run(plain, "--codetracer=failed")
    files = (folder / "trace-out").glob("*/trace_metadata.json")
    tests = [json.loads(file.read_bytes())["test"] for file in files]
    found = {test["id"].rpartition("::")[2]: (test["outcome"], test["phases"]["call"]) for test in tests}
    assert found == dict.fromkeys(("test_some", "test_fixture"), ("failed", "failed"))
