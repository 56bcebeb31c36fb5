"""Owns: an independent count of a program's executed lines and calls. Must not: use the recorder.

usage: count.py SCRIPT ARGUMENT…
Prints on stderr the number of LINE events, and of PY_START events, of code whose file lies in the script's folder.
"""

from __future__ import annotations

import os
import runpy
import sys
from types import CodeType

MONITORING = sys.monitoring
EVENTS = MONITORING.events
TOOL = MONITORING.PROFILER_ID


def main() -> None:
    script = os.path.abspath(sys.argv[1])
    folder = os.path.dirname(script)
    lines = calls = 0

    def on_start(code: CodeType, _offset: int) -> object:
        nonlocal calls
        if not code.co_filename.startswith(folder):
            return MONITORING.DISABLE
        calls += 1
        MONITORING.set_local_events(TOOL, code, EVENTS.LINE)
        return None

    def on_line(_code: CodeType, _line: int) -> None:
        nonlocal lines
        lines += 1

    MONITORING.use_tool_id(TOOL, "count")
    MONITORING.register_callback(TOOL, EVENTS.PY_START, on_start)
    MONITORING.register_callback(TOOL, EVENTS.LINE, on_line)
    MONITORING.set_events(TOOL, EVENTS.PY_START)
    sys.argv = [script, *sys.argv[2:]]
    sys.path[0] = folder
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit:
        pass
    MONITORING.free_tool_id(TOOL)
    print(lines, calls, file=sys.stderr)


main()
