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
# What another tool arms changes what a tool is told: LINE silences INSTRUCTION in the same code object (3.12 to 3.15),
# PY_RETURN of a generator its STOP_ITERATION. So these are held against themselves beside a tool that arms the same.
BESIDE = {"test_monitoring": ["--beside"]}


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
        alone = pool.submit(plain, OUTCOMES, *BESIDE.get(module, []), "plain.json", *more)
        recorded = pool.submit(record, OUTCOMES, "recorded.json", *more, options=EVERYTHING)
    assert alone.result().returncode == recorded.result().done.returncode == 0
    assert recorded.result().metadata()["status"] == "complete"
    different = differences(outcomes(folder, "plain"), outcomes(folder, "recorded"))
    assert not different, f"{different}\n{recorded.result().done.stderr}"
