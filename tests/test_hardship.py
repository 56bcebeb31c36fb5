"""Owns: what becomes of program and trace where the system gives no more: disk, file size, descriptors, the folder.

Must not: make a fault in the recorder (test_faults does).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Plain, Record, Recorded
from tests.traces import Trace, checked

LONG = """
import os, sys, time
def work(number):
    texts = [os.urandom(20).hex() for _ in range(10)]
    return texts[number % 10]
def long(seconds):
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end or count < 2_000:
        work(count)
        count += 1
"""

# Has the system refuse membarrier(2) to all threads from now on: seccomp(2) with a filter of four steps, which lets
# pass what has another number.
FORBID = """
import ctypes, errno, os, struct
MEMBARRIER, SECCOMP = {"x86_64": (324, 317), "aarch64": (283, 277)}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
def forbid():
    load, compare, answer = 0x20, 0x15, 0x06  # BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K
    refused, allowed = 0x00050000 | errno.EPERM, 0x7FFF0000  # SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW
    steps = [(load, 0, 0, 0), (compare, 0, 1, MEMBARRIER), (answer, 0, 0, refused), (answer, 0, 0, allowed)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(code)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    assert libc.syscall(SECCOMP, 1, 1, program) == 0  # SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC
    assert (libc.syscall(MEMBARRIER, 0, 0, 0), ctypes.get_errno()) == (-1, errno.EPERM)
"""
WORKERS = """
import time
from concurrent.futures import ThreadPoolExecutor
def work(number):
    return number + 1
def works(seconds):
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        for _ in range(20):
            number = work(number)
        time.sleep(0.001)
    return number
pool = ThreadPoolExecutor(2)
def at_once():
    others = [pool.submit(works, 0.2) for _ in range(2)]
    return works(0.2) + sum(other.result() for other in others)
"""


def check_ended(recorded: Recorded) -> None:
    """The program ended as it should, and one line said why the recording did not."""
    assert (recorded.done.returncode, recorded.done.stdout) == (0, "done\n"), recorded.done.stderr
    lines = recorded.done.stderr.splitlines()
    assert len([line for line in lines if "recording stopped: " in line]) == 1, lines
    assert all(line.startswith("codetracer-python-recorder: ") for line in lines), lines


def check_partial(recorded: Recorded) -> Trace:
    """And what was written loads."""
    check_ended(recorded)
    return checked(recorded.trace, whole=False)


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    disk = folder / "trace-out"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk(small_disk: Path, folder: Path, record: Record, form: str) -> None:
    (folder / "program.py").write_text(LONG + "long(0.3)\nprint('done')\n")
    trace = check_partial(record("program.py", options=["--format", form]))
    assert small_disk.is_mount()
    assert trace.metadata["status"] == "partial"
    assert trace.metadata["reason"].endswith(": No space left on device")
    assert any(event.name == "Step" for event in trace.events)
    if form == "json":
        assert (small_disk / "trace.json").stat().st_size > 200_000, "room was left"


def test_a_limit_of_file_size(folder: Path, record: Record, form: str) -> None:
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    (folder / "program.py").write_text(limit + LONG + "long(0.3)\nprint('done')\n")
    trace = check_partial(record("program.py", options=["--format", form]))
    assert trace.metadata["reason"].endswith(": File too large")
    if form == "json":
        assert (folder / "trace-out" / "trace.json").stat().st_size > 50_000, "room was left"


def test_standard_error_is_full_and_its_reader_waits_for_us(folder: Path, record: Record, form: str) -> None:
    """The reader is a thread of the program, which the recorder's line must not wait for."""
    (folder / "program.py").write_text(
        LONG
        + """
import fcntl, resource, threading
keep = os.dup(2)
reader, writer = os.pipe()
os.set_blocking(writer, False)
try:
    while True:
        os.write(writer, b"x" * 4096)
except BlockingIOError:
    pass
os.set_blocking(writer, True)
os.dup2(writer, 2)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
long(0.5)
os.dup2(keep, 2)
print("done")
"""
    )
    done = record("program.py", options=["--format", form])
    assert (done.done.returncode, done.done.stdout) == (0, "done\n")
    assert "File too large" in checked(done.trace, whole=False).metadata["reason"]


@pytest.mark.skipif(os.getuid() != 0, reason="gives up the rights of root")
def test_rights_that_are_given_up(folder: Path, record: Record, form: str) -> None:
    """What was recorded before is in the trace."""
    (folder / "p.py").write_text("""
import os
def work(number):
    return number
for number in range(100):
    work(number)
os.setgid(65534)
os.setuid(65534)
import this_is_not_there
""")
    recorded = record("p.py", options=["--format", form])
    assert "Permission denied; the program goes on" in recorded.done.stderr
    calls = [line for line in recorded.partial_dump() if line.strip().startswith("call work(")]
    assert len(calls) == 100


def test_too_few_descriptors(folder: Path, record: Record, plain: Plain, form: str) -> None:
    (folder / "program.py").write_text(
        LONG
        + """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))
held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    count = len(held)
long(0.3)
for descriptor in held:
    os.close(descriptor)
print(count)
"""
    )
    expected, recorded = plain("program.py"), record("program.py", options=["--format", form])
    assert (recorded.done.returncode, recorded.done.stdout) == (0, expected.stdout)
    checked(recorded.trace, whole=recorded.metadata()["status"] == "complete")


def test_all_descriptors_are_closed_again_and_again(folder: Path, record: Record, form: str) -> None:
    """Whatever the recorder is at in that moment, in the file of either thread or one that it is making."""
    (folder / "program.py").write_text(
        """
import os, threading
def work(count):
    total = 0
    for number in range(count):
        total += number
    return total
def close():
    for _ in range(8_000):
        work(2)
        os.closerange(3, 10_000)
thread = threading.Thread(target=work, args=(20_000,))
thread.start()
close()
thread.join()
print("done")
"""
    )
    recorded = record("program.py", options=["--format", form])
    assert (recorded.done.returncode, recorded.done.stdout, recorded.done.stderr) == (0, "done\n", "")
    steps = sum(event.name == "Step" for event in checked(recorded.trace).events)
    assert steps > 8_000 * 6 + 40_000


@pytest.mark.parametrize("what", ["removed", "renamed"])
def test_the_folder_is_gone(what: str, folder: Path, record: Record, form: str) -> None:
    change = {"removed": "shutil.rmtree('trace-out')", "renamed": "os.rename('trace-out', 'kept')"}[what]
    (folder / "program.py").write_text(LONG + f"import shutil\nlong(0.3)\n{change}\nlong(0.3)\nprint('done')\n")
    check_ended(record("program.py", options=["--format", form]))
    assert not (folder / "trace-out").exists()
    if what == "renamed":
        checked(folder / "kept", whole=False)


REPLACED = """
import os, threading, time
def before():
    here = 1
def after():
    there = 2
def work():
    before()
    go.wait()
    for _ in range(20):
        after()
        time.sleep(0.05)
go = threading.Event()
thread = threading.Thread(target=work)
thread.start()
time.sleep(0.7)
os.rename("trace-out", "kept")
replace()
go.set()
thread.join()
print("done")
"""
FORK = """
import os, warnings
def replace():
    exec(SUBSTITUTE)
    warnings.simplefilter("ignore")  # of a fork with threads
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
"""
# What takes the folder's place, and its own files.
SUBSTITUTES = {
    "a folder": "os.rename('theirs', 'trace-out')",
    "a link": "os.symlink('theirs', 'trace-out')",
    "a file": "os.rename('theirs/trace.json', 'trace-out')",
}
THEIRS = ["trace_metadata.json", "trace_paths.json", "trace.json", "trace.bin", "trace.part-1.json", "trace.part-1.bin"]


@pytest.mark.parametrize("substitute", SUBSTITUTES)
def test_another_folder_in_its_place_is_not_touched(substitute: str, folder: Path, record: Record, form: str) -> None:
    (folder / "theirs").mkdir()
    for name in THEIRS:
        (folder / "theirs" / name).write_text(f"their {name}")
    (folder / "program.py").write_text(f"SUBSTITUTE = {SUBSTITUTES[substitute]!r}\n{FORK}{REPLACED}")
    recorded = record("program.py", options=["--format", form])
    check_ended(recorded)
    place = folder / "trace-out"
    if substitute == "a file":
        assert place.read_text() == "their trace.json"
    else:
        assert {path.name: path.read_text() for path in place.iterdir()} == {name: f"their {name}" for name in THEIRS}
    trace = checked(folder / "kept", whole=False)
    assert "before" in {function.name for function in trace.functions}
    assert not (folder / "kept" / "processes").exists()


def test_another_recording_in_its_place_goes_its_own_way(folder: Path, record: Record, plain: Plain, form: str) -> None:
    (folder / "other.py").write_text(REPLACED.replace('os.rename("trace-out", "kept")', "").replace("replace()", ""))
    start = f"""
import subprocess, sys
recorder = [sys.executable, "-m", "codetracer_python_recorder", "--trace-dir", "trace-out", "--format", "{form}"]
def replace():
    global other
    other = subprocess.Popen([*recorder, "other.py"])
    while not os.path.exists("trace-out/trace_metadata.json"):
        time.sleep(0.01)
"""
    end = "print(other.wait(), flush=True)\n"
    (folder / "program.py").write_text(start + REPLACED.replace('print("done")', end))
    recorded = record("program.py", options=["--format", form])
    assert (recorded.done.returncode, recorded.done.stdout) == (0, "done\n0\n"), recorded.done.stderr
    assert recorded.done.stderr.count("recording stopped: ") == 1
    other = checked(folder / "trace-out")
    assert other.metadata["status"] == "complete" and other.metadata["program"].endswith("other.py")
    done = plain("-m", "codetracer_python_recorder", "trace", "recover", "kept")
    assert done.returncode == 0, done.stderr
    names = [function.name for function in checked(folder / "kept").functions]
    assert {"<thread Thread-1 (work)>", "before"} <= set(names)


def test_a_folder_whose_lock_the_program_closes_stays_ours(folder: Path, record: Record, form: str) -> None:
    (folder / "program.py").write_text(
        LONG
        + f"""
import os
import subprocess
os.closerange(3, 10_000)
long(0.6)
recorder = [sys.executable, "-m", "codetracer_python_recorder", "--trace-dir", "trace-out", "--format", "{form}"]
done = subprocess.run([*recorder, "-c", ""], capture_output=True, text=True)
print(done.returncode, "another recorder" in done.stderr)
long(0.3)
"""
    )
    recorded = record("program.py", options=["--format", form])
    assert (recorded.done.returncode, recorded.done.stdout, recorded.done.stderr) == (0, "2 True\n", "")
    checked(recorded.trace)


def test_a_limit_of_memory(folder: Path, record: Record, form: str) -> None:
    (folder / "program.py").write_text(
        LONG
        + """
import resource
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + (40 << 20)
resource.setrlimit(resource.RLIMIT_AS, (size, size))
kept = []
try:
    while True:
        kept.append(bytes(200_000))
except MemoryError:
    del kept
long(0.3)
print('done')
"""
    )
    recorded = record("program.py", options=["--format", form])
    assert (recorded.done.returncode, recorded.done.stdout) == (0, "done\n"), recorded.done.stderr
    checked(recorded.trace, whole=recorded.metadata()["status"] == "complete")


def check_works(recorded: Recorded) -> None:
    """The call of each work is there, of which the program tells the number."""
    assert recorded.done.returncode == 0, recorded.done.stderr
    trace = checked(recorded.trace)
    called = [trace.functions[event.body["function_id"]].name for event in trace.events if event.name == "Call"]
    assert called.count("work") == int(recorded.done.stdout) > 1000


def test_barriers_that_the_program_forbids_itself(folder: Path, record: Record, form: str) -> None:
    """The lock of what is being recorded rests on them by then."""
    (folder / "program.py").write_text(WORKERS + FORBID + "before = at_once()\nforbid()\nprint(before + at_once())\n")
    check_works(record("program.py", options=["--format", form]))


def test_barriers_that_are_forbidden_from_the_start(folder: Path, record: Record, plain: Plain, form: str) -> None:
    (folder / "program.py").write_text(WORKERS + "print(at_once())\n")
    start = "import os, sys\nforbid()\nos.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
    (folder / "start.py").write_text(FORBID + start)
    trace = folder / "trace-out"
    recorder = ["-m", "codetracer_python_recorder", "--trace-dir", str(trace), "--format", form, "program.py"]
    check_works(Recorded(plain("start.py", *recorder), trace, plain))
