"""Owns: every kind of trace, read by the crates that CodeTracer reads with. Must not: know how traces are written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Plain, Record
from tests.traces import read

READERS = Path(__file__).parent / "readers"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", READERS.parents[1] / "target")) / "readers"

pytestmark = pytest.mark.skipif(
    shutil.which("capnp") is None or shutil.which("cargo") is None,
    reason="the readers' crates need capnp (Debian: capnproto) and cargo",
)


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that reads; cargo lets one process build, and the others wait."""
    command = ["cargo", "build", "--quiet", "--locked", "--manifest-path", str(READERS / "Cargo.toml")]
    subprocess.run([*command, "--target-dir", str(TARGET)], check=True)
    return TARGET / "debug/readers"


PROGRAMS = {
    "script": "x = [1, 2.5, 'a', {'k': (1, None)}, 10**40, {1}, b'x', object()]\nprint(x)\ninput()\n",
    "failing": "def f(a):\n    return a / 0\ntry:\n    f(1)\nexcept ZeroDivisionError:\n    pass\nf(2)\n",
    "threads": "import threading\ndef f(n):\n    return n\n"
    "ts = [threading.Thread(target=f, args=(i,)) for i in range(5)]\n[t.start() for t in ts]\n[t.join() for t in ts]\n",
    "processes": "import os\ndef f():\n    return 1\npid = os.fork()\nf()\nif pid:\n    os.waitpid(pid, 0)\n",
    "asynchronous": "import asyncio\nasync def f(n):\n    await asyncio.sleep(0)\n    return n\n"
    "async def g():\n    return await asyncio.gather(f(1), f(2))\ndef h():\n    yield from range(2)\n"
    "print(asyncio.run(g()), list(h()))\n",
    "empty": "",
    "wrong": "def f(:\n",
}


def check(readers: Path, root: Path, kinds: int = 1) -> None:
    """Both readers find in each trace below the folder what lies in its file."""
    folders = [file.parent for file in root.rglob("trace_metadata.json")]
    assert len(folders) == kinds
    done = subprocess.run([readers, *folders], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for folder, line in zip(folders, done.stdout.splitlines(), strict=True):
        found: dict[str, Any] = json.loads(line)
        (stream,) = (folder / name for name in ("trace.json", "trace.bin") if (folder / name).exists())
        counts = Counter(event.name for event in read(stream))
        assert found["runtime_tracing"] == found["codetracer_trace_reader"] == counts
        assert counts["Step"] > 0 and counts["Call"] > 0


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(readers: Path, record: Record, folder: Path, form: str, name: str) -> None:
    (folder / "program.py").write_text(PROGRAMS[name])
    record("program.py", options=["--format", form], stdin="text\n")
    check(readers, folder, 2 if name == "processes" else 1)


@pytest.mark.parametrize("form_of_program", [["-m", "program"], ["-c", "x = 1; print(x)"], ["-"]], ids=lambda f: f[0])
def test_modules_and_texts(readers: Path, record: Record, folder: Path, form: str, form_of_program: list[str]) -> None:
    (folder / "program.py").write_text("x = 1\n")
    record(*form_of_program, options=["--format", form], stdin="y = 2\n")
    check(readers, folder)


def test_tests(readers: Path, plain: Plain, folder: Path, form: str) -> None:
    (folder / "pyproject.toml").write_text(f'[tool.codetracer]\nformat = "{form}"\n')
    (folder / "test_it.py").write_text("def test_passes(): pass\ndef test_fails(tmp_path): assert tmp_path == 1\n")
    plain("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:asyncio", "--codetracer")
    check(readers, folder, 2)


def test_partial_and_recovered(readers: Path, plain: Plain, folder: Path, form: str) -> None:
    loop = "import threading, time\ndef f():\n    while True:\n        time.sleep(0.01)\n"
    program = loop + "threading.Thread(target=f).start()\nf()\n"
    (folder / "program.py").write_text(program)
    command = ["codetracer_python_recorder", "--format", form, "--trace-dir", "out", "program.py"]
    with subprocess.Popen([sys.executable, "-m", *command], cwd=folder) as process:
        await_true(lambda: (folder / f"out/trace.part-1.{'json' if form == 'json' else 'bin'}").exists())
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
    check(readers, folder)
    assert plain("-m", "codetracer_python_recorder", "trace", "recover", "out").returncode == 0
    check(readers, folder)


def await_true(condition: Callable[[], bool]) -> None:
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < 30
        time.sleep(0.02)
