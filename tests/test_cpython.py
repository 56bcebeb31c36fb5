"""Owns: that CPython's own tests come out recorded, the standard library included, as they do plain.

With STRESS in the environment the tests that take minutes are among them. Must not: look at what is recorded.
"""

from __future__ import annotations

import importlib.util
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import Plain, Record

OUTCOMES = Path(__file__).parent / "outcomes.py"
MODULES = (
    "test_contextlib",
    "test_coroutines",
    "test_dataclasses",
    "test_exceptions",
    "test_functools",
    "test_generators",
    "test_monitoring",
    "test_scope",
    "test_sys_setprofile",
    "test_sys_settrace",
    "test_threading",
    "test_weakref",
    "test_with",
)
# Threads that collect garbage without end beside one that loops 200,000 times.
SLOW = {} if "STRESS" in os.environ else {"test_weakref": ["test_threaded_weak_"]}
EVERYTHING = ["--isolated", "--include", "/**", "--packages", "**", "--config", "limits = {depth = 1, items = 5}"]

Outcome = dict[str, list[str]]

# Tests that end otherwise under the recorder, and why. They end so beside any tool that arms these events.
LOST = "LINE armed for a code object that has INSTRUCTION silences INSTRUCTION (CPython 3.12 to 3.15)"
EXCEPTIONS = {
    "TestInstallIncrementally.test_instruction_then_line": LOST,
    "TestInstallIncrementally.test_line_then_instruction": LOST,
    "TestLineAndInstructionEvents.test_c_call": LOST,
    "TestLineAndInstructionEvents.test_simple": LOST,
    "TestLineAndInstructionEvents.test_try_except": LOST,
    "TestLineAndInstructionEvents.test_with_restart": LOST,
    "ExceptionMonitoringTest.test_implicit_stop_iteration": "PY_RETURN armed for a generator silences STOP_ITERATION",
}


def outcomes(folder: Path, name: str) -> Outcome:
    found: Outcome = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return found


def differences(wanted: Outcome, found: Outcome) -> dict[str, tuple[list[str] | None, list[str] | None]]:
    names = sorted({*wanted, *found})
    return {name: (wanted.get(name), found.get(name)) for name in names if wanted.get(name) != found.get(name)}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_comes_out_as_plain(module: str, folder: Path, plain: Plain, record: Record) -> None:
    name = f"test.{module}"
    assert importlib.util.find_spec(name), "this interpreter came without its tests"
    more = [name, *SLOW.get(module, [])]
    with ThreadPoolExecutor() as pool:
        alone = pool.submit(plain, OUTCOMES, "plain.json", *more)
        recorded = pool.submit(record, OUTCOMES, "recorded.json", *more, options=EVERYTHING)
    assert alone.result().returncode == recorded.result().done.returncode == 0
    assert recorded.result().metadata()["status"] == "complete"
    different = differences(outcomes(folder, "plain"), outcomes(folder, "recorded"))
    excepted = {f"{name}.{exception}" for exception in EXCEPTIONS}
    unexpected = {test: ends for test, ends in different.items() if test not in excepted}
    assert not unexpected, f"{unexpected}\n{recorded.result().done.stderr}"


def test_the_exceptions_are_the_interpreters(folder: Path, plain: Plain) -> None:
    plain(OUTCOMES, "plain.json", "test.test_monitoring").check_returncode()
    plain(OUTCOMES, "--beside", "beside.json", "test.test_monitoring").check_returncode()
    different = differences(outcomes(folder, "plain"), outcomes(folder, "beside"))
    assert {test.removeprefix("test.test_monitoring.") for test in different} == {*EXCEPTIONS}
