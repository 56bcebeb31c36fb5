"""The parser of a group of commands, and of each command in it.

Owns: how its help looks, how a mistake is told, and that a command is run. Must not: know a command.
"""

from __future__ import annotations

from argparse import ArgumentParser, HelpFormatter

from codetracer_python_recorder.commands.terminal import answered
from codetracer_python_recorder.errors import RecorderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import _SubParsersAction
    from collections.abc import Sequence
    from typing import Any, NoReturn

    from _typeshed import SupportsWrite


class Parser(ArgumentParser):
    """Reports a mistake as everything else of ours does, with the `way_out` behind it."""

    way_out = "--help shows what is expected"

    def __init__(self, **given: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_formatter, **given)

    def commands(self) -> _SubParsersAction[Parser]:
        """Where the commands of this group are added, each with its function as `run`."""
        return self.add_subparsers(required=True, metavar="COMMAND", dest="command", parser_class=Parser)

    def run(self, arguments: Sequence[str]) -> int:
        """Run the command that the arguments name; its exit status. `RecorderError` if it cannot be."""
        return answered(lambda: self._run(arguments))

    def _run(self, arguments: Sequence[str]) -> int:
        try:
            options, unknown = self.parse_known_args(arguments)
        except SystemExit:  # argparse's way to end behind its help
            return 0
        if unknown:
            raise RecorderError(f"{self._group} {options.command}: unknown: {' '.join(unknown)} ({Parser.way_out})")
        status: int = options.run(options)
        return status

    @property
    def _group(self) -> str:
        """The words behind the program's name."""
        return self.prog.partition(" ")[2]

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Without argparse's own, which keeps to itself that there was no place for it."""
        print(self.format_help(), end="", file=file)

    def error(self, message: str) -> NoReturn:
        raise RecorderError(f"{self._group}: {message} ({self.way_out})")


def _formatter(prog: str) -> HelpFormatter:
    return HelpFormatter(prog, width=80)
