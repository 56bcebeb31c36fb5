"""What pytest loads at every start: the options, the markers and the fixture.

Owns: how a trace of each test is asked for. Must not: import anything of ours, or cost anything, unless it
is asked for.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

MARKERS = (
    "codetracer(**policy): keys of a recording policy for the test's trace, as `depth=6, include=['app/**']`",
    "no_codetracer: no trace of the test",
)
WANTED = ("all", "failed")
"""Of which tests traces stay."""
TRACES = "codetracer-traces"
"""The name under which the plugin that records is registered, when it is."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Each form is an option of its own: one with an optional value would take the path that follows for it.

    Of another value argparse would say that it is ignored, and end.
    """
    config: pytest.Config | None = pluginmanager.get_plugin("pytestconfig")
    for given in map(str, config.invocation_params.args if config else ()):
        value = given.removeprefix("--codetracer=")
        if value != given and value not in WANTED:
            raise pytest.UsageError(f"--codetracer: {value!r} is unknown (expected all or failed)")
    group = parser.getgroup("codetracer", "traces for CodeTracer")
    group.addoption(
        "--codetracer",
        "--codetracer=all",
        action="store_const",
        const="all",
        dest="codetracer",
        help="record each test into a trace of its own, below the policy's trace-dir",
    )
    group.addoption(
        "--codetracer=failed",
        action="store_const",
        const="failed",
        dest="codetracer",
        help="the same, but keep the traces of failed tests only",
    )
    parser.addini("codetracer", 'what --codetracer is without the option: "all" or "failed"', default="")


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    wanted = config.getoption("codetracer") or config.getini("codetracer")
    if not wanted:
        return
    if wanted not in WANTED:
        raise pytest.UsageError(f"{config.inipath}: codetracer: {wanted!r} is unknown (expected all or failed)")
    from codetracer_python_recorder.pytest_traces import Traces

    config.pluginmanager.register(Traces(config, wanted), TRACES)


@pytest.fixture
def codetracer_trace(request: pytest.FixtureRequest) -> Path | None:
    """The folder of the running test's trace, which is whole when the test is over; None if it has none."""
    traces = request.config.pluginmanager.get_plugin(TRACES)
    folder: Path | None = traces.running_folder if traces else None
    return folder
