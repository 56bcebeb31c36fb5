"""Owns: that test suites nobody here wrote come out as they do without the plugin, alone and under pytest-xdist.

Each is a pinned source archive of PyPI's. Must not: look into a trace.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from tests.conftest import Plain

CACHE = Path(os.environ.get("CARGO_TARGET_DIR", Path(__file__).parent.parent / "target")) / "suites"


class Suite(NamedTuple):
    """The tests of a package; those that take long, or ask what is installed, are left out."""

    name: str
    version: str
    tests: str
    least: int
    without: tuple[str, ...] = ()


LEFT_OUT = ("3rd_party", "dunders", "funcs", "functional", "make", "packaging", "validators")
SUITES = [
    Suite("attrs", "26.1.0", "tests", 200, tuple(f"test_{name}" for name in LEFT_OUT)),
    # What is tested, and recorded, is what calls our plugin.
    Suite("pluggy", "1.7.0", "testing", 100, ("benchmark", "test_pluginmanager", "test_hookcaller")),
]
VALUES_CUT = {"CODETRACER_LIMITS_DEPTH": "1", "CODETRACER_LIMITS_ITEMS": "1"}


@pytest.fixture(params=SUITES, ids=lambda suite: suite.name)
def suite(request: pytest.FixtureRequest, folder: Path) -> Suite:
    """Each suite in turn, in a folder of its name. pip downloads it once."""
    assert isinstance(request.param, Suite)
    name, version, *_ = request.param
    archive = CACHE / f"{name}-{version}.tar.gz"
    if not archive.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:"]
        subprocess.run([*pip, "--dest", str(CACHE), f"{name}=={version}"], check=True)
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    (folder / f"{name}-{version}").rename(folder / name)
    return request.param


Outcomes = dict[str, list[str]]


def outcomes(plain: Plain, suite: Suite, *options: str) -> Outcomes:
    """What came of each test in a run with these options."""
    ignored = [f"--ignore={suite.name}/{suite.tests}/{name}.py" for name in suite.without]
    tests = f"{suite.name}/{suite.tests}"
    run = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "--junit-xml=outcomes.xml", tests]
    done = plain(*run, *ignored, *options, env={"PYTHONPATH": f"{suite.name}/src", **VALUES_CUT})
    assert done.returncode in (0, 1) and not done.stderr, f"{done.stdout[-2000:]}{done.stderr}"
    assert "not recorded" not in done.stdout
    found: Outcomes = {}
    for case in ElementTree.parse("outcomes.xml").iter("testcase"):
        told = [part.tag for part in case if part.tag in ("failure", "error", "skipped")]
        found.setdefault(f"{case.get('classname')}::{case.get('name')}", []).extend(told or ["passed"])
    return found


def kept(folder: Path) -> int:
    """How many traces lie there."""
    return sum(1 for _ in folder.rglob("trace_metadata.json"))


def test_outcomes(suite: Suite, folder: Path, plain: Plain) -> None:
    without = outcomes(plain, suite)
    failed = sum(any(one in ("failure", "error") for one in told) for told in without.values())
    assert len(without) > suite.least and outcomes(plain, suite, "-n", "2") == without
    assert kept(folder) == 0
    assert outcomes(plain, suite, "--codetracer=failed") == without
    assert kept(folder) == failed
    for workers in ([], ["-n", "2"]):
        assert outcomes(plain, suite, "--codetracer=all", *workers) == without
        assert kept(folder) == len(without)
