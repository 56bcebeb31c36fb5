"""The commands for a trace that is there: `trace dump`, `trace recover`.

Owns: their options and exit statuses. Must not: read or write a trace; the native module does.
"""

from __future__ import annotations

from argparse import ArgumentParser, HelpFormatter

from codetracer_python_recorder import _native
from codetracer_python_recorder.errors import RecorderError
from codetracer_python_recorder.session import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace, _SubParsersAction
    from collections.abc import Callable, Sequence
    from typing import NoReturn

PROGRAM = "codetracer-python-recorder trace"


class _Parser(ArgumentParser):
    """Reports a mistake as everything else of ours does."""

    def error(self, message: str) -> NoReturn:
        raise RecorderError(f"trace: {message} (--help shows what is expected)")


def run(arguments: Sequence[str]) -> int:
    """Run a `trace` command; the exit status."""
    options = _parser().parse_args(arguments)
    command: Callable[[Namespace], int] = options.run
    return command(options)


def _dump(options: Namespace) -> int:
    whole = _native.dump(options.trace_dir, options.json)
    if not whole:
        say(f"{options.trace_dir}: a partial trace (what of it is whole was printed)")
    return 0


def _recover(options: Namespace) -> int:
    done = _native.recover(options.trace_dir)
    if done is None:
        say(f"{options.trace_dir}: whole already, nothing was changed")
        return 0
    parts = f"{done['parts']} {'part file' if done['parts'] == 1 else 'part files'} joined"
    calls = f"{done['open_calls']} open {'call' if done['open_calls'] == 1 else 'calls'} ended"
    say(f"{options.trace_dir}: recovered: {done['records']} records, {parts}, {calls}")
    return 0


def _parser() -> ArgumentParser:
    parser = _Parser(prog=PROGRAM, description="Looks after a trace.", allow_abbrev=False, formatter_class=_formatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    dump = _command(
        commands,
        "dump",
        _dump,
        "print every record, one a line",
        "Prints every record of a trace, one a line, indented by the depth of its call.",
    )
    dump.add_argument("--json", action="store_true", help="print JSON objects, for machines")
    _command(
        commands,
        "recover",
        _recover,
        "make the trace of a killed process whole",
        "Takes what is whole of a trace that its process did not finish, joins the files of other threads to it and "
        "ends the calls that were open. Readers load such a trace without this, but see its main thread only.",
    )
    return parser


def _command(
    commands: _SubParsersAction[_Parser], name: str, run: Callable[[Namespace], int], help: str, description: str
) -> ArgumentParser:
    parser = commands.add_parser(
        name,
        help=help,
        description=description,
        epilog=f"example: {PROGRAM} {name} trace-out",
        allow_abbrev=False,
        formatter_class=_formatter,
    )
    parser.add_argument("trace_dir", metavar="TRACE_DIR", help="the folder of the trace")
    parser.set_defaults(run=run)
    return parser


def _formatter(prog: str) -> HelpFormatter:
    return HelpFormatter(prog, width=80)
