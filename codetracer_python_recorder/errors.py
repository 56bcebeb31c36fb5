"""What this package raises, and nothing else of it.

Owns: the exception classes. Must not: import anything; the native module imports these.
"""

from __future__ import annotations

__all__ = ["PolicyError", "RecorderError", "SessionError", "TraceError"]


class RecorderError(Exception):
    """The parent of all exceptions of this package.

    Its text is complete as the user reads it: place, problem, way out. Each argument is one line of it.
    """

    @property
    def lines(self) -> tuple[str, ...]:
        """The message, a line each."""
        return tuple(str(line) for line in self.args)

    def __str__(self) -> str:
        return "\n".join(self.lines)


class PolicyError(RecorderError):
    """A policy cannot be obeyed; one line for each mistake, of all sources together."""


class SessionError(RecorderError):
    """A recording cannot be started or ended as asked, for instance because another one is running."""


class TraceError(RecorderError):
    """A trace cannot be written or read."""
