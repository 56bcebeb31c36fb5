"""What a trace tells of its recording: what was recorded and skipped and why, and what to change.

Owns: the words of `trace summary`. Must not: read an event; the native module counts them.
"""

from __future__ import annotations

import json
import os

from codetracer_python_recorder import _native
from codetracer_python_recorder.errors import TraceError
from codetracer_python_recorder.session import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    type Section = tuple[str, Sequence[Sequence[object]], int]
    """A heading, its rows, and how many of their columns are numbers."""

METADATA = "trace_metadata.json"
CHILDREN = "processes"
EVENTS = ("trace.json", "trace.bin")
TOP = 10
"""Rows of each list at the most."""
HUGE = 100_000_000
"""Bytes of events of which one asks whether they are all wanted."""
UNREADABLE = "unreadable"
"""The health of a trace of which nothing else is known."""
MISSING = {
    "limits.trace-bytes": "was reached: from there on values are left out, at twice as many bytes lines, too",
    "limits.output-bytes": "was reached: what was written or read later in that stream is not in the trace",
    "secrets that are followed": "are too many: later ones are hidden by their name and shape only",
}
"""By what was reached: what is not in the trace."""
FOREIGN = {"installed": 1, "standard library": 2, "generated": 3, "recorder": 4}
"""Kinds of code that are seldom why nothing was recorded, the more seldom the later: the program's own comes first."""


def metadata(trace_dir: str) -> dict[str, Any]:
    """The metadata of a trace; `TraceError` if there are none."""
    path = os.path.join(trace_dir, METADATA)
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        raise TraceError(f"{trace_dir}: no {METADATA} here (give the folder that --trace-dir named)") from None
    except OSError as error:
        raise TraceError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise TraceError(f"{path}: not the metadata of a trace")
    return found


def is_trace(folder: str) -> bool:
    """Whether a recorder has written a trace into the folder."""
    return any(os.path.isfile(os.path.join(folder, name)) for name in (METADATA, *EVENTS))


def traces(folder: str) -> list[str]:
    """The traces in a folder, and those of their child processes; folders that cannot be looked into are among them."""
    found: list[str] = []

    def closed(error: OSError) -> None:
        if isinstance(error, PermissionError):
            found.append(error.filename)

    for at, folders, _ in os.walk(folder, onerror=closed):
        folders.sort()
        if is_trace(at):
            found.append(at)
            folders[:] = [name for name in folders if name == CHILDREN]
    return found


def _traces_below(trace_dir: str) -> int:
    """How many traces lie in folders of this one that are not its child processes': those of tests, say."""
    folders = [one for one in os.scandir(trace_dir) if one.is_dir() and one.name != CHILDREN]
    return sum(len(traces(one.path)) for one in folders)


def summaries(trace_dirs: Iterable[str]) -> list[dict[str, Any]]:
    """What is told of each; of one that cannot be read that it is so, and why."""
    return [_summary_or_fault(one) for one in trace_dirs]


def _summary_or_fault(trace_dir: str) -> dict[str, Any]:
    try:
        return summary(trace_dir)
    except TraceError as error:
        return {"trace_dir": trace_dir, "health": UNREADABLE, "test": None, "faults": [str(error)]}


def summary(trace_dir: str) -> dict[str, Any]:
    """All that is told of a trace, for machines; `TraceError` if there is none."""
    counts: dict[str, Any] = json.loads(_native.summarize(trace_dir))
    try:
        known = metadata(trace_dir)
    except TraceError as error:
        known = {}
        counts["faults"].append(str(error))
    counters = _part(known, "counters", {})
    cut: dict[str, int] = _part(counters, "truncations", {})
    decisions = _part(known, "decisions", [])
    return {
        "trace_dir": trace_dir,
        "program": known.get("program"),
        "args": [str(one) for one in _part(known, "args", [])],
        "test": _part(known, "test", {}) or None,
        "exit_status": known.get("exit_status"),
        "seconds": _seconds(known),
        "python": _part(known, "python", {}).get("version"),
        "recorder": _part(known, "recorder", {}).get("version"),
        "threads": _part(known, "threads", []),
        "processes": len(traces(os.path.join(trace_dir, CHILDREN))),
        "traces_below": _traces_below(trace_dir),
        "stored_bytes": sum(_size(os.path.join(trace_dir, name)) for name in EVENTS),
        "activated": known.get("activated", True),
        "activation_path": _part(_part(known, "policy", {}), "resolved", {}).get("activation-path"),
        **counts,
        "skipped_code_objects": counters.get("skipped_code_objects", 0),
        "skipped": [one for one in decisions if one["record"] == "none"],
        "recorded": [one for one in decisions if one["record"] != "none"],
        "patterns": _part(known, "patterns", []),
        "rules": _part(known, "rules", []),
        "truncations": {limit: count for limit, count in cut.items() if count},
        "limits_reached": _part(known, "limits_reached", []),
    }


def workdir(trace_dir: str) -> str:
    """The working directory of the program; empty where nothing tells."""
    try:
        return str(_part(metadata(trace_dir), "workdir", ""))
    except TraceError:
        return ""


def _part(known: dict[str, Any], name: str, otherwise: Any) -> Any:
    """A part of the metadata, if it is there and of this type: another recorder may have written them."""
    part = known.get(name)
    return part if isinstance(part, type(otherwise)) else otherwise


def _seconds(known: dict[str, Any]) -> float | None:
    from datetime import datetime

    try:
        begun, ended = (datetime.fromisoformat(known[name]) for name in ("started", "ended"))
    except (KeyError, TypeError, ValueError):
        return None
    return (ended - begun).total_seconds()


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def heading(told: dict[str, Any]) -> list[tuple[str, str]]:
    """The first lines: names and what they are."""
    status = "unknown" if told["exit_status"] is None else told["exit_status"]
    program = " ".join([str(told["program"]), *told["args"]])
    functions = sum(file["functions"] for file in told["files"])
    events = f"{counted(told['steps'], 'step')}, {counted(told['calls'], 'call')}"
    counts = f"{events} of {counted(functions, 'function')} in {counted(len(told['files']), 'file')}"
    rows = [
        ("program", program),
        ("exit status", str(status)),
        ("duration", "unknown" if told["seconds"] is None else f"{told['seconds']:.3f} s"),
        ("recorded", counts),
        ("size", f"{size(told['bytes'])} of events, {size(told['stored_bytes'])} on disk"),
    ]
    rows += [(name, str(count)) for name, count in told["events"].items()]
    rows += [("threads", f"{len(told['threads'])}: {', '.join(_cut(told['threads']))}")] if told["threads"] else []
    rows += [("processes", f"{told['processes']} recorded beside it, in {CHILDREN}/")] if told["processes"] else []
    rows += [("skipped", counted(told["skipped_code_objects"], "code object"))] if told["skipped_code_objects"] else []
    rows += [("not whole", fault) for fault in told["faults"]]
    return rows


def sections(told: dict[str, Any]) -> list[Section]:
    """The lists, each by what counts most, and none that is empty."""
    files = [
        (one["steps"], one["calls"], one["functions"], size(one["bytes"]), _shown(one["path"])) for one in told["files"]
    ]
    functions = [
        (one["steps"], one["calls"], f"{one['name']}  {_shown(one['path'])}:{one['line']}") for one in told["functions"]
    ]
    patterns = [(one["matches"], f"{one['text']}  {one['origin']}") for one in told["patterns"] if one["matches"]]
    rules = [(one["code_objects"], one["rule"]) for one in told["rules"] if one["code_objects"]]
    found: list[Section] = [
        ("files", [("steps", "calls", "functions", "bytes", ""), *_top(files)], 4),
        ("functions", [("steps", "calls", ""), *_top(functions)], 2),
        ("code objects recorded, and why", _top((one["code_objects"], one["reason"]) for one in told["recorded"]), 1),
        ("code objects skipped, and why", _top((one["code_objects"], one["reason"]) for one in told["skipped"]), 1),
        ("patterns by files and modules matched", _top(patterns), 1),
        ("rules by code objects matched", _top(rules), 1),
        ("never matched", [(one,) for one in never(told)], 0),
        ("values redacted", _top((count, why) for why, count in told["redacted"].items()), 1),
        ("values cut", _top((count, f"limits.{limit}") for limit, count in told["truncations"].items()), 1),
        ("limits reached", [(one,) for one in told["limits_reached"]], 0),
    ]
    return [section for section in found if any(isinstance(row[0], int) or not section[2] for row in section[1])]


def _top(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Those with the largest first column, and how many more there are."""
    ranked = sorted(rows, key=lambda row: -row[0])
    blank = ("",) * (len(ranked[0]) - 1 if ranked else 0)
    return [*ranked[:TOP], *((*blank, more) for more in _more(ranked))]


def _cut(names: Sequence[str]) -> list[str]:
    return [*names[:TOP], *_more(names)]


def _more(found: Sequence[object]) -> list[str]:
    return [f"… {len(found) - TOP} more"] if len(found) > TOP else []


def never(told: dict[str, Any]) -> list[str]:
    """The patterns and rules that matched nothing."""
    patterns = [f"{one['text']}  {one['origin']}" for one in told["patterns"] if not one["matches"]]
    return patterns + [one["rule"] for one in told["rules"] if not one["code_objects"]]


def advice(told: dict[str, Any]) -> list[str]:
    """What to change, where the trace is empty, huge, cut or torn."""
    lines = []
    if not told["activated"]:
        lines.append(f"nothing was recorded: {told['activation_path']} never ran (activation-path names another file?)")
    elif not told["calls"]:
        lines.append(_why_nothing(told))
    if told["bytes"] >= HUGE and told["files"]:
        largest = told["files"][0]
        share = 100 * largest["bytes"] // told["bytes"]
        path = _shown(largest["path"])
        lines.append(f'{path} makes {share} % of the trace: exclude it, or record = "calls" for it in a rule')
    if told["truncations"]:
        limit, count = max(told["truncations"].items(), key=lambda one: one[1])
        cut = f"limits.{limit} has cut {counted(count, 'value')}"
        lines.append(f"{cut}: a larger one, for all or in a rule, shows more")
    lines += [f"{one} {MISSING[one]}" for one in told["limits_reached"] if one in MISSING]
    if never(told):
        lines.append("patterns or rules matched nothing: policy check says which never can")
    if told["traces_below"]:
        others = counted(told["traces_below"], "other trace")
        lines.append(f"{others} in its folders: give one of these (a folder with no trace of its own gives a table)")
    if told["faults"]:
        lines.append(f"not whole: codetracer-python-recorder trace recover {told['trace_dir']} saves what there is")
    return lines


def _why_nothing(told: dict[str, Any]) -> str:
    """Why a trace holds no call. What has nothing to do with the program may be most of what was skipped."""
    if told["faults"]:
        return "nothing was recorded: the process ended before anything was written, or still runs"
    nearest = min(told["skipped"], key=lambda one: FOREIGN.get(one["kind"], 0), default=None)
    if nearest is None or nearest["kind"] == "recorder":
        return "nothing was recorded: no code of the program ran"
    return f"nothing was recorded, mostly for: {nearest['reason']} (policy explain FILE says what would change it)"


def table(all_told: Sequence[dict[str, Any]], folder: str) -> list[tuple[object, ...]]:
    """The traces in a folder, a line each, the first `NUMBERS` columns numbers; where tests are among them, by test."""
    if any(told["test"] for told in all_told):
        return [OF_TESTS, *(_row_of_test(told, folder) for told in all_told)]
    return [OF_TRACES, *(_row(told, folder) for told in all_told)]


OF_TRACES = ("steps", "calls", "bytes", "seconds", "exit", "health", "trace")
OF_TESTS = ("steps", "calls", "bytes", "seconds", "outcome", "health", "test", "trace")
NUMBERS = 4


def _row(told: dict[str, Any], folder: str) -> tuple[object, ...]:
    if told["health"] == UNREADABLE:
        return (*("",) * OF_TRACES.index("health"), UNREADABLE, os.path.relpath(told["trace_dir"], folder))
    seconds = "" if told["seconds"] is None else f"{told['seconds']:.3f}"
    status = "" if told["exit_status"] is None else told["exit_status"]
    name = os.path.relpath(told["trace_dir"], folder)
    return (told["steps"], told["calls"], size(told["bytes"]), seconds, status, told["health"], name)


def _row_of_test(told: dict[str, Any], folder: str) -> tuple[object, ...]:
    """A process that a test started has the test's name and no outcome."""
    *counts, seconds, _status, health, name = _row(told, folder)
    test = told["test"] or {}
    duration = test.get("duration")
    attempt = f" #{test['attempt']}" if test.get("attempt", 1) != 1 else ""
    seconds = f"{duration:.3f}" if isinstance(duration, float) else seconds
    return (*counts, seconds, test.get("outcome", ""), health, f"{test.get('id', '')}{attempt}", name)


def size(count: int) -> str:
    """Bytes as people read them."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def _shown(path: str) -> str:
    """The path from the working directory on, if it lies there."""
    try:
        return path.removeprefix(os.path.join(os.getcwd(), ""))
    except OSError:
        return path
