"""A recording in this process: begun, flushed and ended; for library users and for the command line.

Owns: the call of the native module that begins a recording, and what is said about a recording on stderr.
Must not: decide what is recorded (the policy does), nor know of argv.
"""

from __future__ import annotations

import atexit  # noqa: F401 - `at_exit` uses what is loaded
import os
import sys
from os import getpid

from codetracer_python_recorder import _native
from codetracer_python_recorder.errors import SessionError, TraceError
from codetracer_python_recorder.own import BUILTINS
from codetracer_python_recorder.policy.project import start_folder
from codetracer_python_recorder.policy.resolve import resolve
from codetracer_python_recorder.subject import Subject, as_json, clean, facts

__builtins__ = BUILTINS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
    from typing import Any, Self

    from codetracer_python_recorder.policy.resolve import Policy
    from codetracer_python_recorder.policy.schema import Setting

    type StrPath = str | os.PathLike[str]

PREFIX = "codetracer-python-recorder: "
"""What every line of ours on stderr starts with."""


def say(*lines: str) -> None:
    """Lines on the process's own stderr, whatever the program has put in its place; never an exception."""
    stream = sys.__stderr__
    if stream is None:
        return
    try:
        stream.write("".join(f"{PREFIX}{line}\n" for text in lines for line in text.split("\n")))
        stream.flush()
    except (OSError, ValueError):
        pass  # closed, or a pipe that nobody reads: there is nowhere left to say so


def counted(number: int, thing: str) -> str:
    """How many things there are, as every message tells it."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def working_directory() -> str:
    """Where the process is; `SessionError` if that folder is gone."""
    try:
        return os.getcwd()
    except OSError as error:
        message = f"working directory: {error.strerror} (it may have been removed: change to another folder)"
        raise SessionError(message) from None


def handed_over(policy: Policy, subject: Subject) -> tuple[str, dict[str, Any]]:
    """What a recording begins with: the policy as JSON, and the metadata."""
    metadata = facts(subject, policy.cwd)
    metadata["recorder"] = {**metadata["recorder"], "with_diff": policy.value("with-diff")}
    metadata["policy"] = policy.metadata()
    return as_json(policy.spec(subject.names, subject.module, subject.surroundings)), metadata


def begin(policy: Policy, subject: Subject) -> None:
    """Start recording; `SessionError`, `TraceError` or `PolicyError` if it cannot be."""
    spec, metadata = handed_over(policy, subject)
    text = None if subject.text is None else clean(subject.text)
    try:
        _native.start(policy.trace_dir, spec, as_json(metadata), text, subject.code, subject.comes_as)
    except TraceError:
        if not os.path.isdir(policy.trace_dir) or os.access(policy.trace_dir, os.W_OK | os.X_OK):
            raise
        why = "cannot be written (choose another folder with --trace-dir)"
        raise TraceError(f"{policy.trace_dir}: {why}") from None


def complaint(policy: Policy, report: _native.Report) -> str:
    """One line about a recording that holds nothing, and why; empty if it holds something."""
    if not report["activated"]:
        origin = policy.entries["activation-path"].origin
        return f"nothing was recorded: {policy.activation_path} never ran ({origin})"
    if report["steps"] > 0:
        return ""
    include = policy.lists.get("include")
    root = f"the project root {policy.project_root}"
    of = f"nothing that ran matches include (from {root})" if include else f"no code below {root} ran"
    lists = ("include", "extend-include", "exclude", "extend-exclude", "packages", "extend-packages")
    origins = [str(pattern.origin) for name in lists for pattern in policy.patterns(name)]
    more = f", {len(origins) - 3} more" if len(origins) > 3 else ""
    given = f" ({', '.join(origins[:3])}{more})" if origins else ""
    return f"nothing was recorded: {of}, or it is excluded{given}"


def in_short(report: _native.Report, trace_dir: str) -> list[str]:
    """Two or three lines about a recording that has ended: what was skipped, what was cut, what there is."""
    lines = []
    if report["skipped"]:
        reason, count = report["skipped"]
        lines.append(f"skipped: {counted(report['skipped_code_objects'], 'code object')}, {count} of them: {reason}")
    cut = ", ".join(f"{count} by limits.{limit}" for limit, count in report["truncations"] if count)
    if cut:
        lines.append(f"cut values: {cut}")
    reason = f" ({report['reason']})" if report["reason"] else ""
    counts = f"{counted(report['steps'], 'step')}, {counted(report['calls'], 'call')}"
    return [*lines, f"{report['status']}{reason}: {counts} in {trace_dir} (trace summary tells more)"]


class TraceSession:
    """A recording that `start` began. As a context manager it ends with the block."""

    __slots__ = ("_pid", "_policy")

    def __init__(self, policy: Policy) -> None:
        self._pid = getpid()
        self._policy = policy

    @property
    def trace_dir(self) -> str:
        """The trace folder's absolute path."""
        return self._policy.trace_dir

    def flush(self) -> None:
        """Return when everything recorded so far is in the files. Raises `TraceError` if writing failed."""
        if _current is self:
            _native.flush()

    def stop(self) -> None:
        """End the recording; nothing happens if it has ended.

        Nothing is raised where the trace cannot be completed: it is said on stderr, and in the metadata.
        """
        global _current  # one recording in a process, as in the native module
        if _current is not self:
            return
        _current = None
        report = _native.stop(None)
        line = complaint(self._policy, report) if report else ""
        if line and getpid() == self._pid:
            say(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_outcome: object) -> None:
        self.stop()


_current: TraceSession | None = None


def start(
    trace_dir: StrPath | None = None,
    *,
    format: str | None = None,
    activation_path: StrPath | None = None,
    config: StrPath | Sequence[StrPath] | None = None,
    policy: Mapping[str, object] | None = None,
    isolated: bool = False,
) -> TraceSession:
    """Record this process from here on.

    `trace_dir`, `format` (`"binary"` or `"json"`) and `activation_path` beat the policy's values. `config` is what
    `--config` takes: a policy file or inline TOML (`"limits.depth = 5"`), or several. `policy` is a mapping with the
    keys of a policy file, checked the same way; it beats `config`. `isolated` leaves out the project's
    pyproject.toml and the environment. Frames that are already running appear as open calls. Without `activation_path`
    recording begins at once. The recording ends with `stop`, at the latest with the process.

    Raises `PolicyError` (every mistake, a line each), `SessionError` (a recording is running, or one of another
    process writes to the folder, or the working directory is gone) or `TraceError` (the folder cannot be written).
    """
    global _current  # one recording in a process, as in the native module
    cwd = working_directory()
    subject, script = _running()
    configs = [config] if isinstance(config, (str, os.PathLike)) else config or ()
    found = resolve(
        cwd=cwd,
        start=start_folder(script, cwd),
        environ=os.environ,
        config=[os.fspath(one) for one in configs],
        config_name="start(config)",
        mapping=policy,
        mapping_name="start(policy)",
        settings=_settings(trace_dir=trace_dir, format=format, activation_path=activation_path),
        isolated=isolated,
    )
    begin(found, subject)
    say(*found.notices)
    _current = TraceSession(found)
    _native.at_exit(_current.stop)
    return _current


def stop() -> None:
    """End the recording that `start` began; nothing happens if none is running."""
    if _current is not None:
        _current.stop()


def flush() -> None:
    """Return when everything recorded so far is in the files; nothing happens if nothing is recorded."""
    if _native.is_tracing():
        _native.flush()


def is_tracing() -> bool:
    """Whether this process is being recorded."""
    return _native.is_tracing()


def _settings(**given: StrPath | None) -> list[tuple[str, str, Setting]]:
    """Place, key and value of each argument of `start` that is a key's."""
    return [
        (f"start({name})", name.replace("_", "-"), os.fspath(value))
        for name, value in given.items()
        if value is not None
    ]


def _running() -> tuple[Subject, str | None]:
    """What runs as `__main__`, and its file if it has one."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    arguments = [str(argument) for argument in getattr(sys, "argv", ())]
    name = arguments[0] if arguments and arguments[0] else sys.executable or "python"
    if not isinstance(file, str) or not os.path.isfile(file):
        return Subject(name, arguments[1:], ()), None
    names = [os.path.abspath(file), os.path.realpath(file)]
    return Subject(name, arguments[1:], list(dict.fromkeys(names))), file


_COROUTINE = 0x80  # inspect's CO_COROUTINE, CO_GENERATOR, CO_ASYNC_GENERATOR; inspect takes ten milliseconds to load
_GENERATOR = 0x20
_ASYNC_GENERATOR = 0x200


class trace:  # noqa: N801 - reads as the verb it is, `with trace("out"):`
    """Record a block or a function; takes what `start` takes.

    As a decorator it records each call: of a coroutine function while it is awaited, of a generator or asynchronous
    generator from its first item to its end. Each recording replaces the one before it in the same folder. A call that
    is made while this decorator records already (recursion, a second task) is part of that recording.
    """

    __slots__ = ("_options", "_session", "_trace_dir")

    def __init__(self, trace_dir: StrPath | None = None, **options: Any) -> None:
        self._trace_dir = trace_dir
        self._options = options
        self._session: TraceSession | None = None

    def __enter__(self) -> TraceSession:
        self._session = start(self._trace_dir, **self._options)
        return self._session

    def __exit__(self, *_outcome: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.stop()

    def __call__[F: Callable[..., Any]](self, function: F) -> F:
        """The function, each call of which is recorded."""
        from functools import update_wrapper

        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        if flags & _ASYNC_GENERATOR:
            wrapper: Callable[..., Any] = self._async_generator(function)
        elif flags & _COROUTINE:
            wrapper = self._coroutine(function)
        elif flags & _GENERATOR:
            wrapper = self._generator(function)
        else:
            wrapper = self._function(function)
        return update_wrapper(wrapper, function)  # type: ignore[return-value]  # it takes and gives what `function` does

    def _function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _Call(self):
                return function(*args, **kwargs)

        return wrapper

    def _coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _Call(self):
                return await function(*args, **kwargs)

        return wrapper

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with _Call(self):
                return (yield from function(*args, **kwargs))

        return wrapper

    def _async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            with _Call(self):
                inner = function(*args, **kwargs)
                try:
                    item = await anext(inner)
                    while True:  # what `yield from` does, which asynchronous generators do not have
                        try:
                            sent = yield item
                        except GeneratorExit:
                            raise
                        except BaseException as error:
                            item = await inner.athrow(error)
                        else:
                            item = await inner.asend(sent)
                except StopAsyncIteration:
                    return
                finally:
                    await inner.aclose()

        return wrapper


class _Call:
    """One call of a decorated function: a recording, or part of the one that its decorator has begun."""

    __slots__ = ("_outer", "_tracer")

    def __init__(self, tracer: trace) -> None:
        self._tracer = tracer
        self._outer = False

    def __enter__(self) -> None:
        if self._tracer._session is None:
            self._tracer.__enter__()
            self._outer = True

    def __exit__(self, *outcome: object) -> None:
        if self._outer:
            self._tracer.__exit__(*outcome)
