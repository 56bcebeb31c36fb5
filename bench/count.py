"""Owns: an independent count of a program's executed lines. Must not: use the recorder.

usage: count.py SCRIPT
Prints on stderr the number of LINE events of code whose file lies in the script's folder.
"""

from __future__ import annotations

import os
import runpy
import sys
from types import CodeType

MONITORING = sys.monitoring
TOOL = MONITORING.PROFILER_ID


def main() -> None:
    script = os.path.abspath(sys.argv[1])
    folder = os.path.dirname(script)
    lines = 0

    def on_start(code: CodeType, _offset: int) -> object:
        if code.co_filename.startswith(folder):
            MONITORING.set_local_events(TOOL, code, MONITORING.events.LINE)
        return MONITORING.DISABLE

    def on_line(_code: CodeType, _line: int) -> None:
        nonlocal lines
        lines += 1

    MONITORING.use_tool_id(TOOL, "count")
    MONITORING.register_callback(TOOL, MONITORING.events.PY_START, on_start)
    MONITORING.register_callback(TOOL, MONITORING.events.LINE, on_line)
    MONITORING.set_events(TOOL, MONITORING.events.PY_START)
    sys.argv = [script]
    sys.path[0] = folder
    runpy.run_path(script, run_name="__main__")
    MONITORING.free_tool_id(TOOL)
    print(lines, file=sys.stderr)


main()
