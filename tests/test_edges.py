"""Owns: programs that meet our hooks where these are easily wrong: in forks, at the very end, in other interpreters.

Must not: repeat the corpus; each program here names the recorder, or needs a look into the trace.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Plain, Record
from tests.test_processes import calls, traces
from tests.traces import checked

FACADE = {
    "flush in a hook of a fork": """
import os, codetracer_python_recorder as recorder
recorder.start("trace-out")
os.register_at_fork(after_in_parent=recorder.flush)
if os.fork() == 0:
    os._exit(0)
os.wait()
print("done")
""",
    "start at the very end": """
import atexit, sys, codetracer_python_recorder as recorder
class Dropped:
    def __del__(self):
        sys.__stdout__.write("done\\n")
sys.kept = Dropped()
atexit.register(lambda: recorder.start("trace-out"))
""",
}

ALONE = {
    "tool ids": """
import sys
def work(number):
    return number + 1
work(1)
monitoring = sys.monitoring
for tool in range(6):
    monitoring.free_tool_id(tool)
    print(monitoring.get_tool(tool), monitoring.get_events(tool), end=" ")
    try:
        print(monitoring.get_local_events(tool, work.__code__))
    except ValueError as error:
        print(error)
    print(monitoring.register_callback(tool, monitoring.events.PY_START, None))
print(work(2))
""",
    "other interpreters": """
import sys, threading
try:
    import _interpreters as interpreters
    run = interpreters.exec
except ImportError:
    import _xxsubinterpreters as interpreters
    run = interpreters.run_string
def work():
    interpreter = interpreters.create()
    run(interpreter, "import sys\\nfor number in range(2000): print('x')\\nsys.monitoring.use_tool_id(3, 'own')")
    interpreters.destroy(interpreter)
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for number in range(2000):
    print("x")
for thread in threads:
    thread.join()
""",
}


@pytest.mark.parametrize("text", FACADE.values(), ids=FACADE)
def test_a_recording_of_its_own(text: str, folder: Path, plain: Plain) -> None:
    (folder / "program.py").write_text(text)
    done = plain("program.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout in ("done\n", "")  # at the very end nobody may be there to flush it


@pytest.mark.parametrize("text", ALONE.values(), ids=ALONE)
def test_a_recorded_program(text: str, folder: Path, plain: Plain, record: Record) -> None:
    (folder / "program.py").write_text(text)
    expected, recorded = plain("program.py"), record("program.py")
    assert (recorded.done.returncode, recorded.done.stdout) == (0, expected.stdout)
    assert recorded.done.stderr == expected.stderr
    checked(recorded.trace)


@pytest.mark.parametrize("status", ["True", "status=3"])
def test_an_exit_at_once_in_another_form(status: str, folder: Path, record: Record) -> None:
    (folder / "program.py").write_text(f"import os\ndef last():\n    return 1\nlast()\nos._exit({status})\n")
    recorded = record("program.py")
    assert recorded.done.returncode == (3 if "3" in status else 1)
    assert "last" in calls(checked(recorded.trace, whole=False))


def test_a_child_that_clears_atexit(folder: Path, record: Record) -> None:
    (folder / "program.py").write_text("""
import atexit, os, sys
def work():
    return 1
if os.fork() == 0:
    atexit._clear()
    work()
    sys.exit(0)
os.wait()
""")
    recorded = record("program.py")
    assert {trace.metadata["status"] for trace in traces(recorded).values()} == {"complete"}
    assert any("work" in calls(trace) for trace in traces(recorded).values())


@pytest.mark.parametrize("way", ["_run_exitfuncs", "_clear"])
def test_what_is_registered_taken_away(way: str, folder: Path, record: Record) -> None:
    """The recording ends with the process all the same, and not before."""
    (folder / "p.py").write_text(f"import atexit\natexit.{way}()\nafter = 1\natexit.register(lambda: after)\n")
    assert calls(checked(record("p.py").trace)) == ["<toplevel>", "<module>", "<lambda>"]
