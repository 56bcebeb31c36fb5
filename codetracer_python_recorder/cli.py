"""The command line: where options end and the program begins, dispatch, exit statuses.

Owns: the parser and the form of a usage error. Must not: import anything at its top that plain Python has not loaded:
`main` notes what is loaded, and leaves the folder of the console script off `sys.path`, before it loads the rest.
"""

from __future__ import annotations

import sys

from codetracer_python_recorder import __version__
from codetracer_python_recorder.errors import RecorderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Action, ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping, Sequence

NAME = "codetracer-python-recorder"
WIDTH = 80

USAGE = f"""{NAME} [OPTIONS] SCRIPT [ARGS...]
       {NAME} [OPTIONS] -m MODULE | -c CODE | - [ARGS...]
       {NAME} trace dump TRACE_DIR [--json]"""

DESCRIPTION = """Runs a Python program as plain Python would, and records how it ran into a
trace for CodeTracer, as a policy says. SCRIPT may be a folder or zip file with
a __main__.py. Options end at it: everything after it is the script's own."""

EXAMPLE = f"""example:
  {NAME} --include 'app/**' app/main.py --arg=value"""


class UsageError(RecorderError):
    """The command line cannot be understood."""


def main() -> int:
    """Run the command line; the exit status."""
    baseline = _step_aside()
    from codetracer_python_recorder.session import say

    arguments = sys.argv[1:]
    try:
        if arguments[:1] == ["trace"]:
            from codetracer_python_recorder.commands import trace

            return trace.run(arguments[1:])
        if arguments[:1] == ["policy"]:
            raise UsageError("policy: unknown command (a script of that name is written ./policy)")
        from codetracer_python_recorder.commands import record

        return record.run(parse(arguments), baseline)
    except RecorderError as error:
        say(str(error))
        return 2


def _step_aside() -> list[str]:
    """Leave what was put on `sys.path` for the recorder's own sake; the names of the modules loaded at start-up.

    `sys.path[0]` is the console script's folder, or with `python -m` the working directory, whose modules must not be
    taken for those that the recorder itself imports. `site` ends the interpreter's start-up: what was loaded after it
    was loaded for `python -m` or by the console script.
    """
    if not sys.flags.safe_path and sys.path:
        sys.path_importer_cache.pop(sys.path.pop(0), None)
    sys.path_importer_cache.pop(getattr(sys.modules["__main__"], "__file__", None) or "", None)
    names = list(sys.modules)
    return names[: names.index("site") + 1] if "site" in names else names


def parse(arguments: Sequence[str]) -> Namespace:
    """The options, and what to run: `mode` (`script`, `-m`, `-c` or `-`), `target` and `arguments`.

    Raises `UsageError`. `-h` and `--version` print and raise `SystemExit`, as argparse does.
    """
    known, actions = parser()
    options: list[str] = []
    at = 0
    while at < len(arguments) and arguments[at].startswith("-") and arguments[at] not in ("-", "--"):
        if arguments[at][:2] in ("-m", "-c"):
            break
        option, taken = _option(arguments[at:], actions)
        options.append(option)
        at += taken
    parsed = known.parse_args(options)
    parsed.mode, parsed.target, parsed.arguments = _program(arguments[at:])
    return parsed


def _option(arguments: Sequence[str], actions: Mapping[str, Action]) -> tuple[str, int]:
    """The option that comes first, in a form that argparse cannot misread, and how many arguments it is."""
    written = arguments[0]
    name, equals, value = written.partition("=")
    if not written.startswith("--"):
        name, equals, value = written[:2], written[2:], written[2:]
    action = actions.get(name)
    if action is None:
        from difflib import get_close_matches

        meant = "".join(get_close_matches(name, [flag for flag in actions if flag.startswith("--")], n=1))
        raise UsageError(f"{name}: unknown option" + (f" (did you mean {meant}?)" if meant else " (--help shows all)"))
    if action.nargs == 0:
        if equals:
            raise UsageError(f"{name}: takes no value (here {value!r})")
        return name, 1
    long = next(flag for flag in action.option_strings if flag.startswith("--"))
    if equals:
        return f"{long}={value}", 1
    if len(arguments) < 2:
        raise UsageError(f"{name}: a value is missing (expected {action.metavar})")
    return f"{long}={arguments[1]}", 2


def _program(arguments: Sequence[str]) -> tuple[str, str, list[str]]:
    """What is to run: the way, the thing itself, and its arguments."""
    if not arguments or list(arguments) == ["--"]:
        raise UsageError("no script (expected SCRIPT, -m MODULE, -c CODE or -; --help shows all)")
    first, *rest = arguments
    if first == "--":
        first, *rest = rest
    elif first[:2] in ("-m", "-c"):
        if first[2:]:
            return first[:2], first[2:], rest
        if not rest:
            raise UsageError(f"{first}: {'a module name' if first == '-m' else 'code'} is missing")
        return first, rest[0], rest[1:]
    return ("-", "", rest) if first == "-" else ("script", first, rest)


def parser() -> tuple[ArgumentParser, dict[str, Action]]:
    """The parser of a recording's options, and which option each flag is."""
    from argparse import SUPPRESS, ArgumentParser, RawDescriptionHelpFormatter

    known = ArgumentParser(
        prog=NAME,
        usage=USAGE,
        description=DESCRIPTION,
        epilog=_epilog(),
        add_help=False,
        allow_abbrev=False,
        argument_default=SUPPRESS,
        formatter_class=lambda prog: RawDescriptionHelpFormatter(prog, max_help_position=28, width=WIDTH),
    )
    actions = [*_policy_options(known), *_other_options(known)]
    return known, {flag: action for action in actions for flag in action.option_strings}


def _policy_options(known: ArgumentParser) -> Iterator[Action]:
    """The policy's flags, from the schema, and what names other sources of it."""
    from argparse import BooleanOptionalAction

    from codetracer_python_recorder.policy.schema import KEYS

    group = known.add_argument_group("policy (beats files and variables; lists and --config may be repeated)")
    for key in KEYS:
        if key.flags and key.kind == "boolean":
            yield group.add_argument(*key.flags, dest=key.name, action=BooleanOptionalAction, help=key.help)
        elif key.flags:
            action = "append" if key.kind == "strings" else "store"
            yield group.add_argument(*key.flags, dest=key.name, action=action, metavar=key.metavar, help=key.help)
    text = "a policy file, or 'key = value'"
    yield group.add_argument("--config", action="append", default=[], metavar="FILE|TOML", help=text)
    text = "leave out pyproject.toml and the environment"
    yield group.add_argument("--isolated", action="store_true", default=False, help=text)


def _other_options(known: ArgumentParser) -> Iterator[Action]:
    from argparse import BooleanOptionalAction

    group = known.add_argument_group("other options")
    text = "exit as the script did (default, but not under CodeTracer)"
    yield group.add_argument("--propagate-script-exit", action=BooleanOptionalAction, default=None, help=text)
    text = "say on stderr what is recorded, and where"
    yield group.add_argument("--verbose", action="store_true", default=False, help=text)
    text = "say nothing on stderr but errors"
    yield group.add_argument("--quiet", action="store_true", default=False, help=text)
    version = f"{NAME} {__version__}"
    yield group.add_argument("--version", action="version", version=version, help="print the version")
    yield group.add_argument("-h", "--help", action="help", help="print this help")


def _epilog() -> str:
    """The keys that have no flag of their own, and an example."""
    from codetracer_python_recorder.policy.schema import KEYS, toml

    lines = ["keys without a flag, for --config 'KEY = VALUE' and policy files:"]
    for key in KEYS:
        if not key.flags:
            lines += _wrapped(f"  {key.name} = {toml(key.default)}", key.help)
    return "\n".join([*lines, "", EXAMPLE])


def _wrapped(left: str, right: str) -> list[str]:
    """Two columns, as argparse sets options and their help."""
    from textwrap import wrap

    first, *rest = wrap(right, WIDTH - 36)
    return [f"{left:<34}  {first}", *(f"{'':<36}{line}" for line in rest)]
