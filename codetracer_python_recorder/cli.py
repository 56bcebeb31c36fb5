"""The command line: where options end and the program begins, dispatch, exit statuses.

Owns: the options and the form of a usage error. Must not: import anything at its top that plain Python has not loaded:
`main` notes what is loaded, and leaves the folder of the console script off `sys.path`, before it loads the rest.
Options are read here and not by argparse, which lays out the help: it takes as long to load as everything else.
"""

from __future__ import annotations

import sys

from codetracer_python_recorder import __version__
from codetracer_python_recorder.errors import RecorderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence
    from typing import Literal

    from codetracer_python_recorder.commands.record import Options

    type Kind = Literal["value", "list", "yes or no", "switch", "help", "version"]

NAME = "codetracer-python-recorder"
WIDTH = 80

COMMANDS = {
    "policy": ("show", "explain", "check", "init", "schema", "list"),
    "trace": ("dump", "summary", "policy", "recover"),
}
"""What may stand in the script's place, and the words behind it."""

USAGE = f"""{NAME} [OPTIONS] SCRIPT [ARGS...]
       {NAME} [OPTIONS] -m MODULE | -c CODE | - [ARGS...]
       {NAME} [OPTIONS] --pytest NODE_ID [ARGS...]
       {NAME} [OPTIONS] --unittest TARGET [ARGS...]
       {NAME} policy {"|".join(COMMANDS["policy"])} …
       {NAME} trace {"|".join(COMMANDS["trace"])} TRACE_DIR"""

DESCRIPTION = """Runs a Python program as plain Python would, and records how it ran into a
trace for CodeTracer, as a policy says. SCRIPT may be a folder or zip file with
a __main__.py. Options end at it: everything after it is the script's own.
--pytest and --unittest are short for -m pytest and -m unittest."""

EXAMPLE = f"""example:
  {NAME} --include 'app/**' app/main.py --arg=value"""


class Option:
    """One option of a recording. `name` is the policy's key, or what `Options` calls it."""

    __slots__ = ("flags", "help", "kind", "metavar", "name")

    def __init__(self, name: str, kind: Kind, flags: tuple[str, ...], metavar: str, help: str) -> None:
        self.name = name
        self.kind = kind
        self.flags = flags
        self.metavar = metavar
        self.help = help


def policy_options() -> list[Option]:
    """The options that are policy: the flags of the schema, and what names other sources."""
    from codetracer_python_recorder.policy.schema import KEYS

    kinds: dict[str, Kind] = {"boolean": "yes or no", "strings": "list"}
    flags = [
        Option(key.name, kinds.get(key.kind, "value"), key.flags, key.metavar, key.help) for key in KEYS if key.flags
    ]
    return [
        *flags,
        Option("config", "list", ("--config",), "FILE|TOML", "a policy file, or 'key = value'"),
        Option("isolated", "switch", ("--isolated",), "", "leave out pyproject.toml and the environment"),
    ]


OTHER_OPTIONS = [
    Option(
        "propagate_script_exit",
        "yes or no",
        ("--propagate-script-exit",),
        "",
        "exit as the script did (default, but not under CodeTracer)",
    ),
    Option("verbose", "switch", ("--verbose",), "", "say on stderr what is recorded, and where"),
    Option("quiet", "switch", ("--quiet",), "", "say nothing on stderr but errors"),
    Option("version", "version", ("--version",), "", "print the version"),
    Option("help", "help", ("-h", "--help"), "", "print this help"),
]


RUNNERS = {"--pytest": "a node id", "--unittest": "a target"}
"""The options that stand in place of the script, each the name of a module that runs tests, and what follows them."""


INTERPRETER_LETTERS = "bBEIOPsSuWxX"
"""The letters of the interpreter's own options that may be meant for the program."""


class UsageError(RecorderError):
    """The command line cannot be understood."""


def main() -> int:
    """Run the command line; the exit status."""
    baseline = _step_aside()
    import gc

    collects = gc.isenabled()
    gc.disable()  # `runner.run` tells why; nothing else here lasts
    from codetracer_python_recorder.session import say

    arguments = sys.argv[1:]
    try:
        if arguments[:1] == ["trace"]:
            from codetracer_python_recorder.commands import trace

            return trace.run(arguments[1:])
        if arguments[:1] == ["policy"]:
            from codetracer_python_recorder.commands import policy

            return policy.run(arguments[1:])
        from codetracer_python_recorder.commands import record

        options = parse(arguments)
        return _print(options) if isinstance(options, str) else record.run(options, baseline, collects)
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


def _print(answer: str) -> int:
    """Print what was asked for instead of a recording; the exit status."""
    from codetracer_python_recorder.commands.terminal import answered

    return answered(lambda: print(answer) or 0)


def parse(arguments: Sequence[str]) -> Options | str:
    """What the command line of a recording says; the help or the version if it asks for these.

    Raises `UsageError`.
    """
    from codetracer_python_recorder.commands.record import Options

    known = {flag: option for option in (*policy_options(), *OTHER_OPTIONS) for flag in _spellings(option)}
    parsed = Options()
    at = 0
    while at < len(arguments) and arguments[at].startswith("-") and arguments[at] not in ("-", "--"):
        if arguments[at][:2] in ("-m", "-c") or arguments[at] in RUNNERS:
            break
        flag, value, taken = _option(arguments[at:], known)
        option = known[flag]
        if option.kind == "help":
            return _parser().format_help().rstrip("\n")
        if option.kind == "version":
            return f"{NAME} {__version__}"
        if option.kind == "list":
            parsed.add(option.name, flag, value)
        else:
            parsed.set(option.name, flag, value if option.metavar else not flag.startswith("--no-"))
        at += taken
    parsed.mode, parsed.target, parsed.arguments = _program(arguments[at:])
    return parsed


def _spellings(option: Option) -> tuple[str, ...]:
    """An option's flags, with the `--no-` form that it may have."""
    negated = [f"--no-{flag.removeprefix('--')}" for flag in option.flags if option.kind == "yes or no"]
    return (*option.flags, *negated)


def _option(arguments: Sequence[str], known: dict[str, Option]) -> tuple[str, str, int]:
    """The flag that comes first, its value, and how many arguments these are."""
    written = arguments[0]
    flag, equals, value = written.partition("=")
    if not written.startswith("--"):
        flag, equals, value = written[:2], written[2:], written[2:]
    if flag not in known:
        raise UsageError(f"{flag}: unknown option ({_way_out(flag, value, arguments, known)})")
    metavar = known[flag].metavar
    if not metavar and equals:
        raise UsageError(f"{flag}: takes no value (here {value!r})")
    if metavar and not equals:
        if len(arguments) < 2:
            raise UsageError(f"{flag}: a value is missing (expected {metavar})")
        return flag, arguments[1], 2
    return flag, value, 1


def _way_out(flag: str, value: str, arguments: Sequence[str], known: dict[str, Option]) -> str:
    """What may have been meant by a flag that is none."""
    if flag[1] in INTERPRETER_LETTERS:
        given = " ".join(arguments[:2] if arguments[0] in ("-X", "-W") else arguments[:1])
        return f"one of the interpreter's? python {given} -m codetracer_python_recorder …"
    from difflib import get_close_matches

    meant = _keys_as_flags(value or "".join(arguments[1:2]))
    meant |= {long: long for long in (*known, *RUNNERS) if long.startswith("--")}
    near = get_close_matches(flag, meant, n=1, cutoff=0.7)
    return f"did you mean {meant[near[0]]}?" if near else "--help shows all"


def _keys_as_flags(value: str) -> dict[str, str]:
    """By what a key without a flag could be called if it had one, how it is set to the value."""
    from codetracer_python_recorder.policy.schema import KEYS

    found: dict[str, str] = {}
    for key in KEYS:
        if not key.flags:
            setting = value if key.kind == "integer" and value.isdecimal() else key.example
            names = (key.name, key.name.replace(".", "-"), key.name.rpartition(".")[2])
            found |= {f"--{name}": f"--config '{key.name} = {setting}'" for name in names}
    return found


def _program(arguments: Sequence[str]) -> tuple[str, str, list[str]]:
    """What is to run: the way (`script`, `-m`, `-c` or `-`), the thing itself, and its arguments."""
    if not arguments or list(arguments) == ["--"]:
        raise UsageError("no script (expected SCRIPT, -m MODULE, -c CODE or -; --help shows all)")
    first, *rest = arguments
    if first == "--":
        first, *rest = rest
    elif first in RUNNERS:
        if not rest:
            raise UsageError(f"{first}: {RUNNERS[first]} is missing (all tests: -m {first.removeprefix('--')})")
        return "-m", first.removeprefix("--"), rest
    elif first[:2] in ("-m", "-c"):
        if first[2:]:
            return first[:2], first[2:], rest
        if not rest:
            raise UsageError(f"{first}: {'a module name' if first == '-m' else 'code'} is missing")
        return first, rest[0], rest[1:]
    if first == "-":
        return "-", "", rest
    _refuse_no_script(first)
    return "script", first, rest


def _refuse_no_script(name: str) -> None:
    """Raises `UsageError` where what stands in the script's place cannot be one, or is a command without its group."""
    from os.path import exists

    if not name:
        raise UsageError("empty script name (expected SCRIPT, -m MODULE, -c CODE or -; --help shows all)")
    meant = " or ".join(
        f"{group} {name}" for group, names in COMMANDS.items() if name in names and name not in COMMANDS
    )
    if meant and not exists(name):
        raise UsageError(f"{name}: no such file (did you mean {meant}?)")


def _parser() -> ArgumentParser:
    """The options as argparse lays them out."""
    from argparse import ArgumentParser, BooleanOptionalAction, RawDescriptionHelpFormatter

    parser = ArgumentParser(
        prog=NAME,
        usage=USAGE,
        description=DESCRIPTION,
        epilog=_epilog(),
        add_help=False,
        formatter_class=lambda prog: RawDescriptionHelpFormatter(prog, max_help_position=28, width=WIDTH),
    )
    groups = {
        "policy (beats files and variables; lists and --config may be repeated)": policy_options(),
        "other options": OTHER_OPTIONS,
    }
    for title, options in groups.items():
        group = parser.add_argument_group(title)
        for option in options:
            if option.metavar:
                group.add_argument(*option.flags, metavar=option.metavar, help=option.help)
            elif option.kind == "yes or no":
                group.add_argument(*option.flags, action=BooleanOptionalAction, help=option.help)
            else:
                group.add_argument(*option.flags, action="store_true", help=option.help)
    return parser


def _epilog() -> str:
    """The keys that have no flag of their own, and an example."""
    from codetracer_python_recorder.policy.schema import KEYS, toml

    lines = ["keys without a flag, for --config 'KEY = VALUE' and policy files:"]
    for key in KEYS:
        if not key.flags:
            default = toml(key.default)
            lines += _wrapped(f"  {key.name} = {default if len(default) < WIDTH / 2 else '[…]'}", key.help)
    return "\n".join([*lines, "", EXAMPLE])


def _wrapped(left: str, right: str) -> list[str]:
    """Two columns, as argparse sets options and their help."""
    from textwrap import wrap

    first, *rest = wrap(right, WIDTH - 36)
    return [f"{left:<34}  {first}", *(f"{'':<36}{line}" for line in rest)]
