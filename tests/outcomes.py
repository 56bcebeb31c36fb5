"""Owns: what comes of each test of unittest modules, run in this process. Must not: use the recorder.

usage: outcomes.py [--beside] RESULT MODULE [PATTERN…]

Writes to RESULT as JSON {"test's id": ["ok" | "failure" | "error" | …, …]}, without the tests whose names begin with a
PATTERN. With `--beside` another tool watches the code, as the recorder would.
"""

from __future__ import annotations

import importlib
import json
import sys
import unittest
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any

MONITORING: Any = sys.monitoring
EVENTS = MONITORING.events
TOOL = 3
EXCEPTIONS = ("PY_UNWIND", "RAISE")
LOCAL: tuple[str, ...] = ("PY_START", "PY_RESUME", "PY_RETURN", "PY_YIELD", "LINE")
GLOBAL: tuple[str, ...] = ("PY_START", "PY_RESUME", "PY_THROW")
GLOBAL_WITH_FIRST = GLOBAL
if sys.version_info >= (3, 15):
    LOCAL += EXCEPTIONS
else:
    GLOBAL_WITH_FIRST += EXCEPTIONS


class Outcomes(unittest.TextTestResult):
    """Notes what came of each test, and of each part of it that did not succeed."""

    def __init__(self, *details: Any, **named: Any) -> None:
        super().__init__(*details, **named)
        self.found: dict[str, list[str]] = {}

    def note(self, test: unittest.TestCase, what: str) -> None:
        self.found.setdefault(test.id(), []).append(what)

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().addSuccess(test)
        self.note(test, "ok")

    def addFailure(self, test: unittest.TestCase, error: Any) -> None:  # noqa: N802
        super().addFailure(test, error)
        self.note(test, "failure")

    def addError(self, test: unittest.TestCase, error: Any) -> None:  # noqa: N802
        super().addError(test, error)
        self.note(test, "error")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        super().addSkip(test, reason)
        self.note(test, f"skipped: {reason}")

    def addExpectedFailure(self, test: unittest.TestCase, error: Any) -> None:  # noqa: N802
        super().addExpectedFailure(test, error)
        self.note(test, "expected failure")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().addUnexpectedSuccess(test)
        self.note(test, "unexpected success")

    def addSubTest(self, test: unittest.TestCase, part: unittest.TestCase, error: Any) -> None:  # noqa: N802
        super().addSubTest(test, part, error)
        if error is not None:
            self.note(part, "failed")


def mask(names: Iterable[str]) -> int:
    return sum(getattr(EVENTS, name) for name in names)


def arm(code: object, _offset: int) -> None:
    if isinstance(code, CodeType):  # what extension modules fire events for may be something else
        MONITORING.set_events(TOOL, mask(GLOBAL_WITH_FIRST))
        MONITORING.set_local_events(TOOL, code, mask(LOCAL))


def stand_beside() -> None:
    """Another tool, which arms the events that the recorder arms, when it does."""
    MONITORING.use_tool_id(TOOL, "stand-in")
    for name in {*LOCAL, *GLOBAL, *EXCEPTIONS}:
        MONITORING.register_callback(TOOL, getattr(EVENTS, name), arm if name == "PY_START" else lambda *_: None)
    MONITORING.set_events(TOOL, mask(GLOBAL))


def make_room(module: Any) -> None:
    """Lets `test_monitoring` run beside another tool: it refuses to. A tool that is not to be seen has no name."""
    events, all_events, name_of = MONITORING.get_events, MONITORING._all_events, MONITORING.get_tool
    watching = [tool for tool in range(6) if events(tool)]
    free = [tool for tool in range(2, 6) if tool not in watching]
    module.TEST_TOOL, module.TEST_TOOL2, module.TEST_TOOL3 = free[:3]

    def of_others() -> dict[str, int]:
        others = sum(1 << tool for tool in range(6) if tool not in watching and name_of(tool))
        return {name: tools & others for name, tools in all_events().items() if tools & others}

    MONITORING.get_events = lambda tool: 0 if tool in watching else events(tool)
    MONITORING._all_events = of_others


def cases(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for test in suite:
        yield from cases(test) if isinstance(test, unittest.TestSuite) else [test]


def main() -> None:
    if sys.argv[1] == "--beside":
        del sys.argv[1]
        stand_beside()
    result, name, *patterns = sys.argv[1:]
    module = importlib.import_module(name)
    if name.endswith("test_monitoring"):
        make_room(module)
    whole = unittest.defaultTestLoader.loadTestsFromModule(module)
    left_out = tuple(patterns)
    left = [case for case in cases(whole) if not (left_out and case.id().rpartition(".")[2].startswith(left_out))]
    # Without patterns the suite goes on as it is: it may have fixtures of its own.
    suite = unittest.TestSuite(left) if left_out else whole
    outcomes = unittest.TextTestRunner(verbosity=2, resultclass=Outcomes).run(suite)
    assert isinstance(outcomes, Outcomes)
    with open(result, "w", encoding="utf-8") as opened:
        json.dump(outcomes.found, opened)


if __name__ == "__main__":
    main()
