"""Record a program: what the command line does when it is given one.

Owns: the order of things around a run, and what is said about it. Must not: import anything once the program runs.
"""

from __future__ import annotations

import atexit  # noqa: F401 - `at_exit` uses what is loaded
import os
import sys
from os import getpid

from codetracer_python_recorder import _native, runner
from codetracer_python_recorder.errors import RecorderError
from codetracer_python_recorder.own import BUILTINS
from codetracer_python_recorder.policy.project import start_folder
from codetracer_python_recorder.policy.resolve import resolve
from codetracer_python_recorder.policy.schema import BY_NAME
from codetracer_python_recorder.session import begin, complaint, in_short, say, working_directory
from codetracer_python_recorder.subject import Subject

__builtins__ = BUILTINS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codetracer_python_recorder.policy.resolve import Policy
    from codetracer_python_recorder.runner import Program


class Options:
    """What the command line says.

    `mode` is how the program is given (`script`, `-m`, `-c` or `-`), `target` what it is, `arguments` are its own.
    `settings` are the policy's flags, by key: the flag as it was written, and its value.
    """

    __slots__ = (
        "arguments",
        "config",
        "isolated",
        "mode",
        "propagate_script_exit",
        "quiet",
        "settings",
        "target",
        "verbose",
    )

    def __init__(self) -> None:
        self.mode = ""
        self.target = ""
        self.arguments: list[str] = []
        self.settings: dict[str, tuple[str, str | bool | list[str]]] = {}
        self.config: list[str] = []
        self.isolated = False
        self.propagate_script_exit: bool | None = None
        self.verbose = False
        self.quiet = False

    def set(self, name: str, flag: str, value: str | bool) -> None:
        """Note an option with one value; the last one counts."""
        if name in BY_NAME:
            self.settings[name] = (flag, value)
        else:
            setattr(self, name, value)

    def add(self, name: str, flag: str, value: str) -> None:
        """Note one more element of a list."""
        if name not in BY_NAME:
            self.config.append(value)
            return
        first, values = self.settings.setdefault(name, (flag, []))
        self.settings[name] = (first, [*values, value]) if isinstance(values, list) else (flag, [value])


def run(options: Options, baseline: Sequence[str], collects: bool) -> int:
    """Record the program that the options name, to the end of the process; the exit status where a prompt follows.

    `baseline` names the modules that plain Python would have loaded, `collects` tells whether it would collect garbage.
    Raises `RecorderError` before the program starts.
    """
    cwd = working_directory()
    program = _find(options)
    policy = resolve(
        cwd=cwd,
        start=start_folder(program.start, cwd),
        environ=os.environ,
        config=options.config,
        settings=[(flag, key, value) for key, (flag, value) in options.settings.items()],
        isolated=options.isolated,
    )
    subject = Subject(
        program.name,
        options.arguments,
        program.names,
        code=None if program.text is None else program.code,
        text=program.text,
        module=program.import_name,
        comes_as=None if program.text is None else program.file,
    )
    begin(policy, subject)
    ending = _Ending(policy, options, program)
    ending.say_what_begins()
    propagates = _propagates(options, os.environ)
    _native.at_exit(ending.end)  # before the program can register anything: so it runs after all that it registers
    return runner.run(program, baseline, collects, None if propagates else _status_of_recording)


def _find(options: Options) -> Program:
    if options.mode == "-m":
        return runner.module(options.target, options.arguments)
    if options.mode == "-c":
        return runner.command(options.target, options.arguments)
    if options.mode == "-":
        return runner.standard_input(options.arguments)
    return runner.script(options.target, options.arguments)


def _propagates(options: Options, environ: Mapping[str, str]) -> bool:
    """Whether the exit status is the script's; CodeTracer wants 0 from a recording that worked."""
    if options.propagate_script_exit is not None:
        return bool(options.propagate_script_exit)
    return not (environ.get("CODETRACER_WRAPPER_PID") or environ.get("CODETRACER_RECORDING"))


class _Ending:
    """The end of the recording, after the program's threads and its own `atexit` functions."""

    __slots__ = ("pid", "policy", "program", "quiet", "tells", "verbose")

    def __init__(self, policy: Policy, options: Options, program: Program) -> None:
        self.policy = policy
        self.program = program
        self.quiet: bool = options.quiet
        self.verbose: bool = options.verbose and not options.quiet
        self.tells = self.verbose or (not options.quiet and sys.__stderr__ is not None and sys.__stderr__.isatty())
        self.pid = getpid()

    def say_what_begins(self) -> None:
        if not self.quiet:
            say(*self.policy.notices)
        if self.verbose:
            say(f"recording to {self.policy.trace_dir}", f"project root: {self.policy.project_root}")
            say(*(f"policy: {layer.name}" for layer in self.policy.layers))

    def end(self) -> None:
        try:
            report = _native.stop(_native.exit_status())
        except RecorderError as error:
            say(str(error))
            return
        if report is None or self.quiet or getpid() != self.pid:
            return
        line = complaint(self.policy, report)
        if line:
            say(f"nothing was recorded: {self.program.name} could not be run" if _native.never_began() else line)
        if self.verbose:
            say(*(f"{origin}: matched nothing" for origin in report["unmatched_patterns"]))
        if self.tells:
            say(*in_short(report, self.policy.trace_dir))


def _status_of_recording() -> int:
    """0 if everything recorded so far could be written."""
    try:
        if _native.is_tracing():
            _native.flush()
    except RecorderError as error:
        say(str(error))
        return 2
    return 0
