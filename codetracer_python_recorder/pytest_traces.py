"""A trace of each test that pytest runs.

Owns: when the recording of a test begins and ends, the names of the traces' folders, which traces are kept, and what is
said of them at the end. Must not: change what pytest does or says otherwise: what goes wrong here is told at the end.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from codetracer_python_recorder import _native
from codetracer_python_recorder.errors import PolicyError, RecorderError
from codetracer_python_recorder.policy.resolve import resolve
from codetracer_python_recorder.policy.schema import BY_NAME, KEYS, TABLES
from codetracer_python_recorder.session import handed_over
from codetracer_python_recorder.subject import Subject, as_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from codetracer_python_recorder.policy.resolve import Policy

MARKER = "@pytest.mark.codetracer"
LONGEST_NAME = 120
"""Characters of a folder's name before its number; file systems take 255 bytes."""
UNSAFE = re.compile(r"[^A-Za-z0-9.\-]+")
"""What no folder's name has in it."""
CRASHED = "???"
"""The phase that pytest-xdist gives to a test whose worker died."""
KNOWN = "codetracer_folder"
"""What a worker of pytest-xdist is told the folder of its traces by, and a report the folder of its trace."""
SHORT = {key.name.rpartition(".")[2]: key.name for key in KEYS if "." in key.name}
"""Keys of tables by their last part: `depth` is `limits.depth`."""


class Run:
    """One run of one test, which is being recorded."""

    __slots__ = ("attempt", "durations", "folder", "item", "phases")

    def __init__(self, item: pytest.Item, folder: Path, attempt: int) -> None:
        self.item = item
        self.folder = folder
        self.attempt = attempt
        self.phases: dict[str, str] = {}
        self.durations: dict[str, float] = {}

    @property
    def outcome(self) -> str:
        """The worst that its phases came to; a run that was broken off is `interrupted`."""
        if "teardown" not in self.phases:
            return "interrupted"
        outcomes = list(self.phases.values())
        unusual = [outcome for outcome in outcomes if outcome != "passed"]
        return "failed" if "failed" in outcomes else "".join(unusual[:1]) or "passed"


class Traces:
    """The plugin that records, registered where it is asked for. `keeps` is `all` or `failed`."""

    def __init__(self, config: pytest.Config, keeps: str) -> None:
        self.keeps = keeps
        self.config = config
        self.cwd = str(config.invocation_params.dir)
        self.worker: dict[str, Any] = getattr(config, "workerinput", {})
        self.run: Run | None = None
        self.handed: dict[str, tuple[str, dict[str, Any]]] = {}
        self.attempts: dict[str, int] = {}
        self.kept: dict[str, str] = {}
        self.problems: dict[str, str] = {}
        self.has_begun = False
        try:
            folder = self.policy({}).trace_dir
        except PolicyError as error:
            raise pytest.UsageError(*error.lines) from None
        self.folder = Path(self.worker.get(KNOWN, folder))

    @property
    def running_folder(self) -> Path | None:
        return self.run.folder if self.run else None

    # What is recorded

    def policy(self, given: Mapping[str, object]) -> Policy:
        """The project's policy, under what a test's markers say."""
        root = str(self.config.rootpath)
        return resolve(
            cwd=self.cwd,
            start=root,
            environ=os.environ,
            mapping=given,
            mapping_name=MARKER,
            mapping_folder=root,
        )

    def handed_over(self, item: pytest.Item) -> tuple[str, dict[str, Any]]:
        """The policy and the metadata for a test, as the native module takes them; made once for equal markers."""
        given: dict[str, Any] = {}
        for marker in reversed(list(item.iter_markers("codetracer"))):  # the nearest comes last, and wins
            add_keys(given, marker.kwargs)
        if "trace-dir" in given:
            raise PolicyError(f"{MARKER}: trace-dir: one test cannot set it (expected in the project's policy)")
        key = repr(given)
        if key not in self.handed:
            arguments = [str(argument) for argument in self.config.invocation_params.args]
            self.handed[key] = handed_over(self.policy(given), Subject("pytest", arguments, ()))
        return self.handed[key]

    # The course of a test

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.begin(item)
        return (yield from self.phase(item, "<setup>"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        return (yield from self.phase(item, "<call>"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        return (yield from self.phase(item, "<teardown>"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        report = yield
        run = self.run
        if run is not None and run.item is item:
            unexpected = {"skipped": "xfailed", "passed": "xpassed"} if hasattr(report, "wasxfail") else {}
            if run.phases.get(report.when) != "failed":  # as it is if a subtest has failed, which reports before
                run.phases[report.when] = unexpected.get(report.outcome, report.outcome)
            run.durations[report.when] = report.duration
            if report.when == "teardown" and self.end():
                setattr(report, KNOWN, [run.outcome, str(run.folder)])
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        run = self.run
        if run is not None and self.end():  # broken off: by a key, by pytest.exit
            self.kept[str(run.folder)] = f"{run.outcome} {run.item.nodeid}"
        if self.has_begun:
            _native.stop(None)

    def phase(self, item: pytest.Item, name: str) -> Generator[None, Any, Any]:
        if self.run is None:
            return (yield)
        _native.open_part(name, str(item.path), (item.location[1] or 0) + 1)
        try:
            return (yield)
        finally:
            _native.close_part()

    def begin(self, item: pytest.Item) -> None:
        if item.get_closest_marker("no_codetracer"):
            return
        if _native.is_tracing():
            self.problems["all tests"] = "this process is recorded as a whole already"
            return
        attempt = self.attempts[item.nodeid] = self.attempts.get(item.nodeid, 0) + 1
        run = Run(item, self.folder / folder_name(item.nodeid, attempt), attempt)
        try:
            spec, metadata = self.handed_over(item)
            metadata["recorder"]["target_script"] = str(item.path)
            metadata["test"] = self.facts(run)
            if attempt == 1:
                remove_later_attempts(run.folder)
            _native.start_in_series(run.folder, spec, as_json(metadata), str(item.path))
        except (RecorderError, OSError) as error:
            self.problems[item.nodeid] = str(error)
            return
        if not self.has_begun:
            self.has_begun = True
            _native.at_exit(stop)
        self.run = run

    def end(self) -> bool:
        """End the recording of the running test; whether its trace is kept."""
        run, self.run = self.run, None
        if run is None:
            return False
        facts = {
            **self.facts(run),
            "outcome": run.outcome,
            "phases": run.phases,
            "duration": sum(run.durations.values()),
        }
        keep = self.keeps == "all" or run.outcome in ("failed", "interrupted")
        try:
            report = _native.stop_in_series(keep, as_json({"test": facts}))
        except RecorderError as error:
            self.problems[run.item.nodeid] = str(error)
            return False
        if report and report["reason"]:
            self.problems[run.item.nodeid] = report["reason"]
        return keep and report is not None

    def facts(self, run: Run) -> dict[str, object]:
        """What the metadata say of a test before it runs."""
        return {"id": run.item.nodeid, "attempt": run.attempt, "worker": self.worker.get("workerid")}

    # What is said at the end

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """A worker of pytest-xdist starts; with `--dist each` several run the same tests."""
        each = self.config.getoption("dist", "") == "each"
        node.workerinput[KNOWN] = str(self.folder / node.gateway.id if each else self.folder)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A report of this process, or of a worker of pytest-xdist."""
        outcome, folder = getattr(report, KNOWN, ("", ""))
        if report.when == CRASHED:
            outcome, folder = "crashed", str(self.folder / folder_name(report.nodeid, 1))
        if folder and os.path.isdir(folder):
            self.kept[folder] = f"{outcome} {report.nodeid}"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        lines = [f"{os.path.relpath(folder, self.cwd)}: {test}" for folder, test in self.kept.items()]
        lines += [f"not recorded: {test}: {problem}" for test, problem in self.problems.items()]
        if lines:
            terminalreporter.section("CodeTracer traces")
            for line in lines:
                terminalreporter.line(line)


def stop() -> None:
    """End the recording with the process, in a forked child too."""
    _native.stop(None)


def add_keys(table: dict[str, Any], keys: Mapping[str, object]) -> None:
    """Add a marker's keys to a policy's table; what is wrong with them is found where the table is checked."""
    for written, value in keys.items():
        name = written.replace("_", "-")
        inside, dot, last = SHORT.get(name, "").partition(".")
        if name in TABLES and isinstance(value, dict):
            add_keys(table, value)
        elif dot and name not in BY_NAME:
            table.setdefault(inside, {})[last] = value
        else:
            table[name] = value


def folder_name(nodeid: str, attempt: int) -> str:
    """A node id as a folder's name, for every file system; two ids differ in the number at its end, if not before."""
    readable = UNSAFE.sub("_", nodeid.replace("::", "-")).strip("._-")
    number = sha256(nodeid.encode(errors="surrogatepass")).hexdigest()[:8]
    again = f"-run{attempt}" if attempt > 1 else ""
    return f"{readable[:LONGEST_NAME]}-{number}{again}"


def remove_later_attempts(folder: Path) -> None:
    """Remove what further attempts at a test left in an earlier session."""
    attempt = 2
    while os.path.exists(again := f"{folder}-run{attempt}"):
        shutil.rmtree(again)
        attempt += 1
