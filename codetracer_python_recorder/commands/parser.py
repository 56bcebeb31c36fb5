"""The parser of a group of commands, and of each command in it.

Owns: how its help looks, and how a mistake is told. Must not: know a command.
"""

from __future__ import annotations

from argparse import ArgumentParser, HelpFormatter

from codetracer_python_recorder.errors import RecorderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class Parser(ArgumentParser):
    """Reports a mistake as everything else of ours does, with the `way_out` behind it."""

    way_out = "--help shows what is expected"

    def __init__(self, **given: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_formatter, **given)

    def error(self, message: str) -> NoReturn:
        raise RecorderError(f"{self.prog.partition(' ')[2]}: {message} ({self.way_out})")


def _formatter(prog: str) -> HelpFormatter:
    return HelpFormatter(prog, width=80)
