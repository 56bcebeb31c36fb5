"""The native module: it compiles the policy, records, writes and reads traces.

Owns: the contract between Python and Rust, kept by hand and held against the built module by a test. Must not: offer a
choice: policies are judged, and every choice is made, on the Python side, which compiles no pattern and sees no event.
"""

import os
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Literal, TypedDict, type_check_only

__version__: str
"""The version, from Cargo.toml."""

@type_check_only
class Report(TypedDict):
    """How a recording ended."""

    status: Literal["complete", "partial"]
    reason: str | None
    """Why the trace is partial."""
    steps: int
    calls: int
    activated: bool
    """Whether the activation file ever ran."""
    skipped_code_objects: int
    skipped: tuple[str, int] | None
    """Why most of the skipped code objects were skipped, and how many of them."""
    truncations: list[tuple[str, int]]
    """How often each limit has cut a value."""
    unmatched_patterns: list[str]
    """Origins (`recorder.toml:7: include[0]`) of the patterns and rules that matched nothing."""

def check_glob(kind: Literal["path", "module", "function", "name"] | str, text: str) -> str | None:
    """What is wrong with a pattern, in words (`unclosed '[' in "src/["`); `None` if it is sound.

    `ValueError` for a kind that is none.
    """

def explain(spec: str, questions: str) -> str:
    """What a policy decides on code objects, of which none needs to have run.

    `spec` is the JSON of `Policy.spec()`. `questions` is a JSON list of `{path, module, qualname, is_main}`. The answer
    is JSON, too: the `decisions`, in order, and of the `patterns` how many of these files and modules each matches.
    `PolicyError`: a glob does not compile.
    """

def explain_name(names: Sequence[str], allow: Sequence[str], name: str) -> tuple[int | None, int | None]:
    """Which of the patterns `names` tells that the name is one of a secret, and which of `allow` that it is none.

    The first of each, by its place; `None` if none does. `PolicyError`: a pattern is malformed.
    """

def start(
    trace_dir: str | os.PathLike[str],
    spec: str,
    metadata: str,
    main_source: str | None,
    main: CodeType | None,
    main_comes_as: str | None,
) -> None:
    """Begin to record this process into the folder, which is made if it is not there.

    `spec` is the JSON of `Policy.spec()`. `metadata` is a JSON object with what Python knows; it is kept in
    `trace_metadata.json` beside what the recorder adds. `main_source` is the text of a program without a file (`-c`,
    standard input), which is kept in the trace folder, and `main` its code object; or, where the interpreter has yet to
    compile that, `main_comes_as` its file's name.
    `SessionError`: a recording is running, or one of another process writes to the folder. `TraceError`: the folder
    cannot be written. `PolicyError`: a glob does not compile.
    """

def start_in_series(trace_dir: str | os.PathLike[str], spec: str, metadata: str, root: str) -> None:
    """Begin one of several recordings, as `start` does; `root` is the file that its root call stands at.

    Recordings of one policy are cheap to begin and to end: what is armed in the interpreter stays so until `stop`, and
    files are made for what is kept or older than a quarter of a second. Raises what `start` raises.
    """

def stop_in_series(keep: bool, metadata: str) -> Report | None:
    """End a recording that `start_in_series` began; `None` if this process is not being recorded.

    `keep`: whether its trace stays. `metadata`: a JSON object that is added to it. `stop` ends the series.
    """

def open_part(name: str, path: str, line: int) -> None:
    """Open a call that stands for a part of the program rather than for a function; nothing if none is recorded."""

def close_part() -> None:
    """Close the part that is open, and what is open in it."""

def follow(plan: str, metadata: str, script: list[str], main_source: str | None) -> None:
    """Begin to record a process that a recorded one has started, as its plan says, into a folder in that one's.

    `metadata`: as for `start`, without the policy. `script`: the absolute names of the file that will run as
    `__main__`. `main_source`: the text of a program without a file. Raises what `start` raises.
    """

def stop(exit_status: int | None) -> Report | None:
    """End the recording and complete the trace; `None` if this process is not being recorded.

    `exit_status`: the program's, where it is known. The report says whether the trace could be completed.
    `SessionError`: the recorder is at work.
    """

def at_exit(end: Callable[[], object], /) -> None:
    """Register what ends the recording with `atexit`, and again where the program clears that."""

def flush() -> None:
    """Return when everything recorded so far is in the files. `TraceError`: writing has failed."""

def is_tracing() -> bool:
    """Whether this process is being recorded."""

def run_source(status: Callable[[], int] | None, descriptor: int, name: bytes, skips_line: bool, /) -> int:
    """Have the interpreter read and run an open file as `__main__`, with no frame beneath it, and end the process.

    It ends as the interpreter would end it, with the program's exit status, or the one that `status` gives. Where the
    interpreter's prompt is to follow (`-i`), that status is returned. The file is closed when it was read.
    `skips_line`: without its first line, whose end stays. `OSError`: the descriptor is no open file's.
    """

def run_code(status: Callable[[], int] | None, code: CodeType | BaseException, is_file: bool, /) -> int:
    """Run code, or show why there is none, as `run_source` does it with a file. `is_file`: whether it is a file's."""

def run_function(status: Callable[[], int] | None, function: Callable[..., object], /, *arguments: object) -> int:
    """Call a function that runs a module as `__main__`, as `run_source` does it with a file."""

def never_began() -> bool:
    """Whether the program has ended before any code of it could run."""

def exit_status() -> int | None:
    """The program's exit status, once what runs it has seen its end."""

@type_check_only
class Recovery(TypedDict):
    """What was done to make a trace whole."""

    parts: int
    """Files of other threads that were joined to the event stream."""
    open_calls: int
    """Calls that were open when the process ended."""
    records: int
    """Records that are in the trace now."""

def recover(trace_dir: str | os.PathLike[str]) -> Recovery | None:
    """Make the trace in the folder whole; `None` if it is.

    `TraceError`: there is no trace, or it cannot be read or written. `SessionError`: a live recorder writes it.
    """

def summarize(trace_dir: str | os.PathLike[str]) -> str:
    """What the trace holds, as JSON: see `Summary` in src/trace/summary.rs.

    `TraceError`: there is no trace that can be read.
    """

def dump(
    trace_dir: str | os.PathLike[str], as_json: bool, functions: str | None, variables: Sequence[str]
) -> tuple[bool, bool]:
    """Print the trace on file descriptor 1, a record a line; whether it is whole, and whether anything was printed.

    `functions`: a policy as for `start`, of what it records the calls are printed, or `None`: of all; `variables`: of
    lines those at which one of these stands, or all. A closed pipe ends it quietly. `TraceError`: there is no trace
    that can be read. `PolicyError`: a policy that does not compile.
    """
