"""Records how a Python program runs into a trace for CodeTracer, as a TOML policy says.

    import codetracer_python_recorder as recorder

    with recorder.trace("trace-out"):
        work()

Owns: the names that library users import. Must not: do anything when imported; what costs time to load is loaded when
it is first asked for.

PYTEST_DONT_REWRITE: pytest would warn where a recorded program starts it, for then this is loaded already.
"""

from __future__ import annotations

try:
    from codetracer_python_recorder._native import __version__
except ImportError as error:
    from codetracer_python_recorder.misfit import refuse

    refuse(error)
    raise
from codetracer_python_recorder.errors import PolicyError, RecorderError, SessionError, TraceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codetracer_python_recorder.session import TraceSession, flush, is_tracing, start, stop, trace

__all__ = [
    "PolicyError",
    "RecorderError",
    "SessionError",
    "TraceError",
    "TraceSession",
    "__version__",
    "flush",
    "is_tracing",
    "start",
    "stop",
    "trace",
]


def load_ipython_extension(shell: object) -> None:
    """What `%load_ext codetracer_python_recorder` calls: makes `%%codetracer` known."""
    from codetracer_python_recorder.notebook import load

    load(shell)


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from codetracer_python_recorder import session

    value: object = getattr(session, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
