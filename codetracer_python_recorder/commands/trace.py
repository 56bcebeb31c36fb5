"""The commands that read a trace: `trace dump`.

Owns: their options and exit statuses. Must not: read a trace; the native module does.
"""

from __future__ import annotations

from argparse import ArgumentParser, HelpFormatter

from codetracer_python_recorder import _native
from codetracer_python_recorder.errors import RecorderError
from codetracer_python_recorder.session import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

PROGRAM = "codetracer-python-recorder trace"


class _Parser(ArgumentParser):
    """Reports a mistake as everything else of ours does."""

    def error(self, message: str) -> NoReturn:
        raise RecorderError(f"trace: {message} (--help shows what is expected)")


def run(arguments: Sequence[str]) -> int:
    """Run a `trace` command; the exit status."""
    options = _parser().parse_args(arguments)
    whole = _native.dump(options.trace_dir, options.json)
    if not whole:
        say(f"{options.trace_dir}: a partial trace (what of it is whole was printed)")
    return 0


def _parser() -> ArgumentParser:
    def formatter(prog: str) -> HelpFormatter:
        return HelpFormatter(prog, width=80)

    parser = _Parser(prog=PROGRAM, description="Reads a trace.", allow_abbrev=False, formatter_class=formatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    dump = commands.add_parser(
        "dump",
        help="print every record, one a line",
        description="Prints every record of a trace, one a line, indented by the depth of its call.",
        epilog=f"example: {PROGRAM} dump trace-out",
        allow_abbrev=False,
        formatter_class=formatter,
    )
    dump.add_argument("trace_dir", metavar="TRACE_DIR", help="the folder of the trace")
    dump.add_argument("--json", action="store_true", help="print JSON objects, for machines")
    return parser
