"""The commands for a trace that is there: `trace dump`, `summary`, `policy`, `recover`.

Owns: their options and exit statuses. Must not: read or write a trace; the native module does.
"""

from __future__ import annotations

import os

from codetracer_python_recorder import _native, summary
from codetracer_python_recorder.commands.parser import Parser
from codetracer_python_recorder.commands.terminal import columns, painted, print_document, print_json
from codetracer_python_recorder.errors import PolicyError, RecorderError
from codetracer_python_recorder.policy.resolve import resolve
from codetracer_python_recorder.session import counted, say, working_directory
from codetracer_python_recorder.subject import as_json, clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace, _SubParsersAction
    from collections.abc import Callable, Sequence
    from typing import Any

PROGRAM = "codetracer-python-recorder trace"


def run(arguments: Sequence[str]) -> int:
    """Run a `trace` command; the exit status."""
    return _parser().run(arguments)


def _dump(options: Namespace) -> int:
    functions = _functions(options)
    whole, found = _native.dump(options.trace_dir, options.json, functions, options.variables)
    if not whole:
        say(f"{options.trace_dir}: a partial trace (what of it is whole was printed)")
    if found or not (functions or options.variables):
        return 0
    say(f"{options.trace_dir}: nothing of that in it (trace summary names its files and functions)")
    return 1


def _functions(options: Namespace) -> str | None:
    """What chooses the functions whose calls are printed: a policy with nothing but rules; none where all are.

    Paths are relative to the working directory of the program, as the dump shows them.
    """
    if not (options.paths or options.functions):
        return None
    paths: list[dict[str, str]] = [{"path": path} for path in options.paths] or [{}]
    functions: list[dict[str, str]] = [{"function": function} for function in options.functions] or [{}]
    rules = [{**path, **function, "record": "lines"} for path in paths for function in functions]
    folder = working_directory()
    policy = resolve(
        cwd=folder,
        start=folder,
        environ={},
        mapping={"include": [], "rules": rules},
        mapping_name="trace dump",
        mapping_folder=summary.workdir(options.trace_dir) or folder,
        isolated=True,
    )
    return as_json(policy.spec(()))


def _summary(options: Namespace) -> int:
    folder = options.trace_dir
    is_one = summary.is_trace(folder) or not (os.path.isdir(folder) and os.access(folder, os.R_OK | os.X_OK))
    if not is_one:
        return _table(folder, options.json)
    told = summary.summary(folder)
    if options.json:
        print_json(told)
    else:
        _print_summary(told)
    return 0


def _table(folder: str, as_json: bool) -> int:
    """Of a folder of traces; why one of them cannot be read is said, and is no reason not to show the others."""
    told = summary.summaries(summary.traces(folder))
    if not told:
        say(f"{folder}: no trace here, nor in its folders")
        return 1
    if as_json:
        print_json(told)
    else:
        print("\n".join(columns(summary.table(told, folder), indent="", numbers=summary.NUMBERS)))
    say(*(fault for one in told if one["health"] == summary.UNREADABLE for fault in one["faults"]))
    return 0


def _print_summary(told: dict[str, Any]) -> None:
    print(painted(f"{told['trace_dir']}: {told['health']}", "bad" if told["faults"] else "good"))
    print("\n".join(columns(summary.heading(told))))
    for title, rows, numbers in summary.sections(told):
        print(f"\n{painted(title, 'strong')}")
        print("\n".join(columns(rows, numbers=numbers)))
    advice = summary.advice(told)
    if advice:
        print("\n" + "\n".join(advice))


def _policy(options: Namespace) -> int:
    policy = summary.metadata(options.trace_dir).get("policy")
    if not isinstance(policy, dict) or not isinstance(policy.get("resolved"), dict):
        raise RecorderError(f"{options.trace_dir}: its metadata hold no policy (another recorder wrote it?)")
    if options.json:
        print_json(policy)
    else:
        print_document(policy)
    return 0


def _recover(options: Namespace) -> int:
    done = _native.recover(options.trace_dir)
    if options.json:
        print_json({"recovered": done is not None, **(done or {})})
        return 0
    if done is None:
        say(f"{options.trace_dir}: whole already, nothing was changed")
        return 0
    parts = f"{counted(done['parts'], 'part file')} joined"
    calls = f"{counted(done['open_calls'], 'open call')} ended"
    say(f"{options.trace_dir}: recovered: {counted(done['records'], 'record')}, {parts}, {calls}")
    return 0


def _parser() -> Parser:
    parser = Parser(prog=PROGRAM, description="Looks after a trace.", epilog=f"example: {PROGRAM} summary trace-out")
    commands = parser.commands()
    dump = _command(
        commands,
        "dump",
        _dump,
        "print every record, one a line",
        "Prints every record of a trace, one a line, indented by the depth of its call; or a part of it, without "
        "definitions.",
    )
    dump.add_argument("--json", action="store_true", help="print JSON objects, for machines")
    part = dump.add_argument_group("a part of it (each may be repeated)")
    for flag, metavar, read, help in (
        ("--path", "GLOB", _glob("path"), "calls of functions in these files, as in a rule of a policy"),
        ("--function", "QUALNAME", _glob("function"), "calls of these functions, as in a rule of a policy"),
        ("--variable", "NAME", str, "lines at which these variables stand, and these alone"),
    ):
        part.add_argument(flag, dest=f"{flag[2:]}s", action="append", default=[], metavar=metavar, type=read, help=help)
    told = _command(
        commands,
        "summary",
        _summary,
        "say what was recorded and skipped, and why",
        "Says what was recorded and what was skipped and why, the functions with most steps, which patterns matched "
        "nothing, what was cut, and what to change. Of a folder of traces: a table.",
    )
    told.add_argument("--json", action="store_true", help="print JSON, for machines")
    policy = _command(
        commands,
        "policy",
        _policy,
        "print the policy that made the trace",
        "Prints the policy that made a trace as a TOML file, which --isolated --config takes again.",
    )
    policy.add_argument("--json", action="store_true", help="print JSON, for machines")
    whole = _command(
        commands,
        "recover",
        _recover,
        "make the trace of a killed process whole",
        "Takes what is whole of a trace that its process did not finish, joins the files of other threads to it and "
        "ends the calls that were open. Readers load such a trace without this, but see its main thread only.",
    )
    whole.add_argument("--json", action="store_true", help="print JSON, for machines")
    return parser


def _glob(selector: str) -> Callable[[str], str]:
    """What reads the argument of the flag that is called as this selector of a rule; `PolicyError` if it is none."""

    def read(text: str) -> str:
        wrong = _native.check_glob(selector, clean(text))
        if wrong:
            raise PolicyError(f"trace dump: --{selector}: {wrong}")
        return text

    return read


def _command(
    commands: _SubParsersAction[Parser], name: str, run: Callable[[Namespace], int], help: str, description: str
) -> Parser:
    example = f"example: {PROGRAM} {name} trace-out"
    parser = commands.add_parser(name, help=help, description=description, epilog=example)
    parser.add_argument("trace_dir", metavar="TRACE_DIR", help="the folder of the trace")
    parser.set_defaults(run=run)
    return parser
