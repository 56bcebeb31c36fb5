"""Owns: what shows only after many rounds: kills at random moments, hangs, leaks. Must not: look into a trace's story.

The rounds are few here; with STRESS in the environment (`make stress`) there are as many as below it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Plain
from tests.traces import checked

STRESS = "STRESS" in os.environ
KILLS = 70 if STRESS else 1  # of each program, in each form
RUNS = 1_000 if STRESS else 8
CALLS = 1_000_000 if STRESS else 30_000
LATE = 1.0  # seconds: twice what is promised, for a machine that is busy with other tests

MOMENTS = """
import threading, time
def note(work):
    while True:
        moment = time.monotonic()
        work()
"""
PROGRAMS = {
    "threads": """
def spin():
    count = 0
    while True:
        count += 1
for _ in range(3):
    threading.Thread(target=spin, daemon=True).start()
note(lambda: time.sleep(0.01))
""",
    "allocations": """
def fill():
    kept = [[number, str(number), {number: None}] for number in range(300)]
    return len(kept)
note(fill)
""",
    "idle": """
moment = time.monotonic()
time.sleep(100)
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_kills_at_random_moments(name: str, form: str, folder: Path, plain: Plain) -> None:
    (folder / "program.py").write_text(MOMENTS + PROGRAMS[name])
    for number in range(KILLS):
        trace = folder / f"trace-{number}"
        recorder = [sys.executable, "-m", "codetracer_python_recorder", "--format", form, "--trace-dir", str(trace)]
        process = subprocess.Popen([*recorder, "program.py"])
        while not (trace / "trace_metadata.json").exists():
            time.sleep(0.01)
        time.sleep(random.uniform(0.0, 0.5))
        process.kill()
        killed = time.monotonic()
        assert process.wait() == -signal.SIGKILL
        events = checked(trace, whole=False)
        assert events.metadata["status"] == "recording"
        moments = [
            float(event.body["value"]["r"])
            for event in events.events
            if event.name == "Value" and events.names[event.body["variable_id"]] == "moment"
        ]
        if name != "idle" and moments:
            assert killed - moments[-1] < LATE
        done = plain("-m", "codetracer_python_recorder", "trace", "dump", trace)
        assert done.returncode == 0 and "partial trace" in done.stderr, done.stderr
        last = done.stdout.splitlines()[-1]
        assert last.startswith("partial: ") and "torn" not in last


def test_many_threads_end(folder: Path, plain: Plain) -> None:
    (folder / "threads.py").write_text("""
import threading
def work(number):
    total = 0
    for item in range(200):
        total += item * number
    return total
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("ended")
""")
    for _ in range(RUNS):
        done = plain("-m", "codetracer_python_recorder", "--trace-dir", "trace-out", "threads.py")
        assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr
    checked(folder / "trace-out")


def test_the_process_does_not_grow(folder: Path, plain: Plain) -> None:
    (folder / "rounds.py").write_text(f"""
import resource, sys
import codetracer_python_recorder as recorder
def call(number):
    return number + 1
def size():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
def round(calls):
    with recorder.trace("trace-out", isolated=True):
        for number in range(calls):
            call(number)
def growth(rounds, calls):
    before = size()
    for _ in range(rounds):
        round(calls)
    return size() - before
growth(5, 1_000)
# The allocator may take an arena for another thread at any time, but not each time.
rounds = min(growth(30, 1_000) for _ in range(3))
print(rounds, growth(1, {CALLS}))
""")
    done = plain("rounds.py")
    assert done.returncode == 0, done.stderr
    after_rounds, after_calls = map(int, done.stdout.split())
    assert after_rounds < 1 << 19 and after_calls < 8 << 20, done.stdout
