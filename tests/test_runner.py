"""Owns: that a recorded program finds what plain Python would have made for it. Must not: look into a trace."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import Plain

STATE = r"""
import sys
main = sys.modules["__main__"]
def shown(value):
    return value.__name__ + " itself" if isinstance(value, type) else repr(value).split(" object at")[0]
print([(name, shown(value)) for name, value in vars(main).items() if name.startswith("__") and name != "__builtins__"])
print("builtins", __builtins__ is sys.modules["builtins"], vars(main) is globals(), __name__)
print("argv", sys.argv)
print("path", sys.path)
print("cache", sorted(path for path, importer in sys.path_importer_cache.items() if importer is None))
print("flags", sys.flags.safe_path, sys.flags.isolated)
print("hooks", sys.excepthook is sys.__excepthook__, sys.gettrace(), sys.getprofile())
depth, frame = 0, sys._getframe()
while frame:
    print("frame", frame.f_code.co_filename, frame.f_code.co_name)
    frame = frame.f_back
"""

MODULES = """
import sys
files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
print(sorted(name for name in files if files[name].endswith(".py") and not name.startswith(("codetracer_", "_"))))
"""


AGES = """
import gc, sys
def age(wanted):
    return [number for number in range(3) if any(one is wanted for one in gc.get_objects(generation=number))]
main = sys.modules["__main__"]
print(age(main), age(vars(main)), age(sys.modules), len(gc.get_objects(generation=2)), gc.isenabled())
"""


@pytest.fixture(params=["-m", "script"])
def recorder(request: pytest.FixtureRequest, folder: Path) -> list[str]:
    """Both ways to start the recorder: `python -m`, and the console script."""
    trace = ["--trace-dir", str(folder / "trace-out"), "--quiet"]
    if request.param == "-m":
        return [sys.executable, "-m", "codetracer_python_recorder", *trace]
    script = shutil.which("codetracer-python-recorder", path=Path(sys.executable).parent)
    assert script, "the package is not installed with its console script"
    return [script, *trace]


def without_places(shown: bytes) -> str:
    """Text without what differs from process to process: where objects lie."""
    return re.sub("0x[0-9a-f]{6,}", "0x…", shown.decode())


class Same:
    """Runs a program plain and recorded, and holds the two against each other."""

    def __init__(self, recorder: list[str]) -> None:
        self.recorder = recorder

    def __call__(
        self,
        *arguments: str | Path,
        plain: Sequence[str | Path] | None = None,
        stdin: bytes = b"",
        cwd: Path | None = None,
        status: int | None = None,
    ) -> str:
        def run(command: list[str], arguments: Sequence[str | Path]) -> subprocess.CompletedProcess[bytes]:
            return subprocess.run([*command, *arguments], input=stdin, cwd=cwd, capture_output=True, timeout=120)

        usual = run([sys.executable], arguments if plain is None else plain)
        recorded = run(self.recorder, arguments)
        assert without_places(recorded.stdout) == without_places(usual.stdout)
        assert without_places(recorded.stderr) == without_places(usual.stderr)
        assert recorded.returncode == usual.returncode
        if status is not None:
            assert usual.returncode == status
        return str((usual.stdout + usual.stderr).decode())


@pytest.fixture
def same(recorder: list[str]) -> Same:
    return Same(recorder)


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


NAMES = ["app.py", "./app.py", "sub/../app.py", "sub//deep/state.py", "links/state.py", "link/state.py", "dash -x.py"]


@pytest.mark.parametrize("name", NAMES)
def test_a_script(folder: Path, same: Same, name: str) -> None:
    for place in ("app.py", "sub/deep/state.py", "dash -x.py"):
        write(folder / place, STATE)
    (folder / "links").mkdir()
    (folder / "links" / "state.py").symlink_to("../sub/deep/state.py")
    (folder / "link").symlink_to("sub/deep")
    assert "argv" in same(name, "--format", "x", "-h", "--trace-dir", "y", "--", "-m", status=0)
    same(folder / name)


def test_a_script_from_another_folder(folder: Path, same: Same) -> None:
    write(folder / "app" / "main.py", "import beside; print(beside.__file__)")
    write(folder / "app" / "beside.py", "")
    (folder / "elsewhere").mkdir()
    assert "beside.py" in same("../app/main.py", cwd=folder / "elsewhere", status=0)


def test_a_name_that_is_not_utf8(folder: Path, same: Same) -> None:
    name = b"caf\xe9.py".decode("utf-8", "surrogateescape")
    write(folder / name, "print(ascii(__file__)); 1 / 0")
    same(name, status=1)


def test_a_module(folder: Path, same: Same) -> None:
    write(folder / "top.py", STATE)
    parent = "import sys; print('parent', sys.argv, sys.modules['__main__'].__dict__.keys())"
    write(folder / "pkg" / "__init__.py", parent)
    write(folder / "pkg" / "inner.py", STATE)
    write(folder / "pkg" / "__main__.py", STATE)
    write(folder / "space" / "inner.py", STATE)
    for module in ("top", "pkg", "pkg.inner", "pkg.__main__", "space.inner"):
        assert "runpy" in same("-m", module, "-m", "--format", "x", status=0)
    same("-mtop", "1", status=0)


def test_modules_that_fail(folder: Path, same: Same) -> None:
    write(folder / "pkg" / "__init__.py", "")
    write(folder / "pkg" / "bad.py", "x = (\n")
    write(folder / "broken" / "__init__.py", "1 / 0")
    write(folder / "broken" / "inner.py", "")
    write(folder / "raises.py", "def f():\n    raise KeyError('x')\nf()\n")
    for module in ("pkg", "pkg.gone", "pkg.bad", "broken.inner", "raises"):
        same("-m", module, status=1)


def test_code(same: Same) -> None:
    same("-c", STATE, "a", "-c", status=0)
    same("-cimport sys; sys.exit(4)", status=4)
    same("-c", "def f():\n    1 / 0\nf()", status=1)
    same("-c", "x = (", status=1)
    same("-c", "print('é', __name__)", status=0)


def test_standard_input(same: Same) -> None:
    same("-", "a", "-", stdin=STATE.encode(), status=0)
    same("-", stdin=b"import sys\nprint(repr(sys.stdin.read()))\n1 / 0\n", status=1)
    same("-", stdin=b"\xef\xbb\xbfprint(1)\n", status=0)
    same("-", stdin=b"x = (\n", status=1)
    same("-", stdin=b"", status=0)


def test_standard_input_in_another_coding(folder: Path, recorder: list[str]) -> None:
    """Plain Python reads it from a file, but runs nothing at all if it comes through a pipe."""
    source = b"# coding: latin-1\nprint(ascii('caf\xe9'))\n"
    done = subprocess.run([*recorder, "-"], input=source, capture_output=True, check=True)
    assert done.stdout == b"'caf\\xe9'\n"


def test_a_module_in_a_package_without_a_file(folder: Path, same: Same) -> None:
    write(folder / "a" / "b" / "m.py", STATE)
    write(folder / "package" / "__init__.py", "")
    write(folder / "package" / "part" / "__main__.py", STATE)
    for name in ("a.b.m", "package.part"):
        assert "runpy" in same("-m", name, "x", status=0)
    same("-m", "a.b", status=1)


def test_a_pipe(folder: Path, same: Same) -> None:
    """It cannot be read twice, nor gone back in."""
    for source, status in ((STATE.encode(), 0), (b"x = (\n", 1)):
        same("/dev/stdin", stdin=source, status=status)


def test_a_named_pipe(folder: Path, same: Same, recorder: list[str]) -> None:
    """A second reader would wait for a second writer for ever."""
    os.mkfifo(folder / "pipe")
    code = "exec(compile('def f():\\n    return 1\\nprint(f())', __file__.replace('app.py', 'pipe'), 'exec'))"
    same(write(folder / "app.py", code), status=0)
    with subprocess.Popen([*recorder, "pipe"], stdout=subprocess.PIPE) as process:
        write(folder / "pipe", "print(1)\n")
        assert process.communicate(timeout=60)[0] == b"1\n"


@pytest.mark.parametrize("redirection", ["<&-", "0> nothing"])
def test_standard_input_that_cannot_be_read(folder: Path, recorder: list[str], redirection: str) -> None:
    commands = [f"{shlex.join([*start, '-'])} {redirection}" for start in ([sys.executable], recorder)]
    plain, recorded = (subprocess.run(["sh", "-c", one], capture_output=True) for one in commands)
    assert (recorded.returncode, recorded.stdout) == (plain.returncode, plain.stdout)
    assert b"Traceback" not in recorded.stderr


def test_a_folder_and_a_zip_file(folder: Path, same: Same) -> None:
    write(folder / "app" / "__main__.py", STATE)
    write(folder / "bad" / "__main__.py", "import beside\n")
    write(folder / "bad" / "beside.py", "1 / 0\n")
    write(folder / "wrong" / "__main__.py", "def f(:\n    pass\n")
    write(folder / "warned" / "__main__.py", "x = '\\d'\nprint(x is 'a')\n")
    for name, place in (("app.zip", "app"), ("bad.pyz", "bad"), ("wrong.zip", "wrong"), ("warned.zip", "warned")):
        with zipfile.ZipFile(folder / name, "w") as archive:
            for file in sorted((folder / place).glob("*.py")):
                archive.write(file, file.name)
    for good in ("app", "./app/", "app.zip", folder / "app"):
        assert "runpy" in same(good, "x", "-h", status=0)
    for bad in ("bad", "bad.pyz", "wrong", "wrong.zip"):
        same(bad, status=1)
    assert "SyntaxWarning" in same("warned.zip", status=0)
    same(".", cwd=folder / "app", status=0)


def test_byte_code(folder: Path, same: Same) -> None:
    import py_compile

    py_compile.compile(str(write(folder / "app.py", STATE)), str(folder / "app.pyc"), doraise=True)
    same("app.pyc", status=0)
    shutil.copy(folder / "app.pyc", folder / "other")
    same("other", status=0)
    whole = (folder / "app.pyc").read_bytes()
    for damaged in (b"nothing", b"", whole[:3], whole[:10], whole[:16], whole[:40], whole[:16] + b"N"):
        write(folder / "bad.pyc", damaged)
        same("bad.pyc", status=1)


SOURCES = {
    "latin-1 with a coding line": b"# coding: latin-1\nprint(ascii('caf\xe9'))\n",
    "a byte order mark": b"\xef\xbb\xbfprint(1)\n",
    "no coding line": b"x = 1\ny = 'caf\xe9'\n",
    "an unknown coding": b"# coding: nonsense\nx = 1\n",
    "a coding that does not fit": b"# coding: ascii\nx = 'caf\xe9'\n",
    "a byte order mark against the coding": b"\xef\xbb\xbf# coding: latin-1\nx = 1\n",
    "no coding line, and a comment": b"import sys\nx = 1\n# caf\xe9\nprint(x)\n",
    "no coding line, behind a syntax error": b"import sys\nx = = 1\n# caf\xe9\n",
    "no coding line, behind an open text": b"import sys\nx = 'abc\n# caf\xe9\n",
    "no coding line, behind an indent": b"import sys\n  x = 1\n# caf\xe9\n",
    "no coding line, within a text": b"import sys\nx = 1\ny = '''\ncaf\xe9\n",
    "NUL": b"y = 2\nx = 1\0\n",
    "NUL, behind a bracket too many": b"y = 2\nx = 1)\n# \0\n",
    "no coding line, behind a warning": b"import sys\nx = '\\d'\n# caf\xe9\n",
    "no coding line, behind a warning and a bracket too many": b"x = '\\d'\ny = 1)\n# caf\xe9\n",
    "NUL, behind warnings": b"x = '\\d'\ny = 1 is 1\n# \0\n",
    "NUL, in latin-1": b"# coding: latin-1\nx = 'caf\xe9'\nx = = 1\n# \0\n",
    "a coding that is none": b"# coding: undefined\nx = 1\n",
    "all of these": b"#!/usr/bin/python\n# coding: ascii\nx = = 1\r\ny = 1)\n# caf\xe9 \0\n",
    "a coding by a name of Emacs": b"# -*- coding: latin-1-unix -*-\nprint(ascii('caf\xe9'))\n",
    "two coding lines": b"# coding: latin-1\n# coding: ascii\nprint(ascii('\xe9'))\n",
    "a coding line behind what is none": b"# \xe9\n# coding: latin-1\nprint(1)\n",
    "a coding of two bytes": b"# coding: utf-16-le\nprint(1)\n",
    "a coding of other letters": b"# coding: cp500\nprint(1)\n",
    "a coding that is no text": b"# coding: rot13\nprint(1)\n",
    "a coding that does not fit, far below": b"# coding: ascii\nx = 1)\n" + b"# more\n" * 2_000 + b"# \xe9\n",
    "said to be UTF-8": b"# coding: utf-8\ny = '\xe9'\n",
    "no coding line, and nothing but a comment": b"# caf\xe9\n",
    "no coding line, and no line of code above": b"#!/usr/bin/python\n# caf\xe9\n",
    "no coding line, behind old line ends": b"x = 1\ry = 2\r# caf\xe9\n",
    "no coding line, behind a decorator": b"class A:\n    @property\n    def caf\xe9(self): pass\n",
    "no coding line, behind what the compiler warns of": b"x = 1 is 1\n# caf\xe9\n",
    "a byte order mark and NUL": b"\xef\xbb\xbfprint(1)\0\n",
    "UTF-16": "print(1)\n".encode("utf-16"),
    "the end too soon": b"if 1:\n",
    "the end within a block": b"class A:\n    def f(self):\n        try:\n            pass\n",
    "a syntax error and warnings": b"x = '\\d'\ny = 1 is 1\nz = = 1\n",
    "tabs and blanks": b"if 1:\n\tx\n        y\n",
    "an open string": b"x = '''abc\n\n",
    "an open bracket": b"def f(:\n    pass\n",
    "a late syntax error": b"print(1)\n" * 50 + b"return\n",
    "a warning": b"import sys\nprint('\\d')\n",
    "nothing": b"",
    "a comment alone": b"# nothing\n",
    "no line end": b"print(1)",
    "line ends of Windows": b"print(1)\r\n1 / 0\r\n",
    "future of its own": b"from __future__ import annotations\ndef f(x: y): pass\nprint(f.__annotations__)\n",
    "no future": b"def f(x: int): pass\nprint(f.__annotations__)\n",
    "nested too deeply": b"x = " + b"(" * 300 + b"\n",
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_with(folder: Path, same: Same, name: str) -> None:
    write(folder / "app.py", SOURCES[name])
    same("app.py")


EXITS = {
    "sys.exit()": 0,
    "sys.exit(None)": 0,
    "sys.exit(3)": 3,
    "sys.exit(-1)": 255,
    "sys.exit(256)": 0,
    "sys.exit(True)": 1,
    "sys.exit('a text')": 1,
    "sys.exit(['a', 'list'])": 1,
    "sys.exit('')": 1,
    "raise SystemExit": 0,
    "raise SystemExit(1, 2)": 1,
    "raise KeyboardInterrupt": -signal.SIGINT,
    "raise type('Interrupt', (KeyboardInterrupt,), {})": -signal.SIGINT if sys.version_info >= (3, 14) else 1,
    "raise ValueError('wrong')": 1,
    "raise ExceptionGroup('many', [ValueError(1), KeyError(2)])": 1,
    "1 / 0": 1,
    "os.kill(os.getpid(), signal.SIGTERM)": -signal.SIGTERM,
    "os.kill(os.getpid(), signal.SIGINT); time.sleep(9)": -signal.SIGINT,
    "os._exit(7)": 7,
    "sys.excepthook = lambda *a: print('hook', a[0], a[2].tb_lineno); 1 / 0": 1,
    "sys.excepthook = None; 1 / 0": 1,
    "sys.stdout.write('out'); sys.stderr.write('err'); 1 / 0": 1,
    "atexit.register(lambda: print('late', '__file__' in globals())); 1 / 0": 1,
    "atexit.register(lambda: print('late', '__file__' in globals()))": 0,
    "atexit.register(lambda: print('late', '__file__' in globals())); sys.exit(2)": 2,
    "atexit.register(lambda: print(sys.last_traceback.tb_next.tb_lineno)); raise KeyboardInterrupt": -signal.SIGINT,
    "atexit.register(int, 'x'); print(1)": 0,
    "threading.Thread(target=lambda: (time.sleep(.1), print('thread'))).start()": 0,
    "threading.Thread(target=lambda: 1 / 0).start()": 0,
    "sys.stdout = None; sys.stderr = None": 0,
    "sys.stdout.close()": 0,
    "sys.path.clear(); sys.modules.clear()": None,
    "os.chdir('/')": 0,
}


@pytest.mark.parametrize("code", EXITS)
def test_an_end_by(folder: Path, same: Same, code: str) -> None:
    modules = "atexit, os, signal, sys, threading, time"
    write(folder / "app.py", f"import {modules}\n\ndef main():\n    {code}\n\nmain()\n")
    same("app.py", status=EXITS[code])


MORE_EXITS = {
    "class Exit(SystemExit): code = 9\nraise Exit(3)": 9,
    "class Exit(SystemExit):\n    @property\n    def code(self): print('read'); return 4\nraise Exit(3)": 4,
    "class Exit(SystemExit):\n    code = property(lambda s: 1 / 0)\n    def __str__(self): return 'x'\nraise Exit": 1,
    "sys.exit(-(2**80))": 255,
    "sys.exit(2**32 + 7)": 7,
    "sys.exit(2.5)": 1,
    "sys.exit('\\udc80')": 1,
    "sys.stderr = None; sys.exit('on the process\\'s own')": 1,
    "class Text:\n    def __str__(self): return 1 / 0\nsys.exit(Text())": 1,
    "class Int(int):\n    def called(self, *a): print('called')\n    __int__ = __index__ = __le__ = __and__ = called\n"
    "sys.exit(Int(3))": 3,
    "class Code:\n    __class__ = property(lambda self: print('read') or int)\n    def __str__(self): return 'code'\n"
    "sys.exit(Code())": 1,
    "class Error(Exception): __class__ = property(lambda self: print('read') or SystemExit)\nraise Error('x')": 1,
    "def hook(*a): sys.exit(7)\nsys.excepthook = hook; 1 / 0": 7,
    "class Out:\n    def write(self, text): pass\n    def flush(self): raise SystemExit(9)\n"
    "sys.stdout = Out(); sys.exit(3)": None,
    "r, w = os.pipe(); os.close(r); os.dup2(w, 1); print('x'); sys.exit(3)": 120,
    "r, w = os.pipe(); os.close(r); os.dup2(w, 1); print('x'); raise KeyboardInterrupt": -signal.SIGINT,
    "atexit.register(sys.exit, 4); atexit.register(lambda: print(sys.exc_info()))": 0,
    "class D:\n    def __del__(self, print=print): print('gone')\nd = D(); del sys.modules['__main__']; 1 / 0": 1,
    "sys.monitoring.use_tool_id(2, 'x'); e = sys.monitoring.events\n"
    "for event in (e.PY_START, e.PY_RETURN, e.LINE, e.CALL, e.RAISE):\n"
    "    sys.monitoring.register_callback(2, event, lambda code, *a: print(code.co_qualname))\n"
    "sys.monitoring.set_events(2, e.PY_START | e.PY_RETURN | e.LINE | e.CALL | e.RAISE)": 0,
    "sys.settrace(lambda frame, event, arg: print(frame.f_code.co_name, event))": 0,
    "def tracer(*a): raise ValueError('the tracer is wrong')\nsys.settrace(tracer); threading._register_atexit(int)": 1,
    "sys.setprofile(lambda frame, event, arg: print(frame.f_code.co_name, event))": 0,
    "def profiler(*a): raise ValueError('the profiler is wrong')\nsys.setprofile(profiler)": 1,
    "threading.setprofile_all_threads(lambda frame, event, arg: print(frame.f_code.co_name, event))": 0,
}


@pytest.mark.parametrize("code", MORE_EXITS)
def test_a_module_that_ends_by(folder: Path, same: Same, code: str) -> None:
    """Of what it ends by no method is called that the interpreter does not call; nothing that it leaves on sees us."""
    modules = [name for name in ("atexit", "os", "sys", "threading") if f"{name}." in code]
    write(folder / "app.py", f"import {', '.join(['builtins', *modules])}\n{code}\n")
    shown = same("app.py", status=MORE_EXITS[code])
    assert "codetracer" not in shown and "runner" not in shown
    same("-m", "app", status=MORE_EXITS[code])


@pytest.mark.parametrize("limit", [3, 4, 5, 6, 10])
@pytest.mark.parametrize("last", ["", "sys.exit(3)", "raise KeyboardInterrupt"])
def test_a_low_recursion_limit_that_is_left(folder: Path, same: Same, limit: int, last: str) -> None:
    write(folder / "app.py", f"import sys\nsys.setrecursionlimit({limit})\n{last}\n")
    same("app.py")
    metadata = json.loads((folder / "trace-out" / "trace_metadata.json").read_text())
    assert metadata["status"] == "complete"


LATE_SIGNALS = {
    "nobody": "",
    "the end of threads": "import threading\n",
    "atexit": "import atexit\natexit.register(lambda: print('at exit'))\n",
    "a flush": "import sys\nsys.stderr.flush = lambda: print('flush')\n",
}


@pytest.mark.parametrize("who", LATE_SIGNALS)
@pytest.mark.parametrize("last", ["last = Last()\ndel last", "raise Last(3)"])
def test_a_signal_that_waits_at_the_end(folder: Path, same: Same, who: str, last: str) -> None:
    """It is handled where it is handled in plain Python, or never."""
    text = f"import _thread\n{LATE_SIGNALS[who]}class Last(SystemExit):\n    __del__ = _thread.interrupt_main\n"
    write(folder / "app.py", f"{text}print('end')\n{last}\n")
    same("app.py")


def test_the_stack_at_the_end(folder: Path, same: Same) -> None:
    """Seen from a stream's `flush`, a signal's handler in it, `atexit` and a finalizer."""
    program = """
import atexit, signal, sys
def names(print=print, sys=sys):
    frame, found = sys._getframe(1), []
    while frame:
        found.append(frame.f_code.co_name)
        frame = frame.f_back
    sys.__stdout__.write(f"{found}\\n")
class Out:
    def write(self, text): return sys.__stdout__.write(text)
    def flush(self):
        names()
        signal.raise_signal(signal.SIGTERM)
class Last:
    def __del__(self, names=names, sys=sys): names()
signal.signal(signal.SIGTERM, lambda *a: names())
atexit.register(names)
last = Last()
sys.stdout = Out()
"""
    write(folder / "app.py", program)
    assert "flush" in same("app.py", status=0)
    write(folder / "app.py", program + "1 / 0\n")
    same("app.py", status=1)


def test_an_exception_that_ends_the_process_is_as_it_was_raised(folder: Path, same: Same) -> None:
    program = """
import atexit, sys
error = SystemExit(3)
def look():
    trace, lines = error.__traceback__, []
    while trace:
        lines.append((trace.tb_frame.f_code.co_name, trace.tb_lineno))
        trace = trace.tb_next
    print(lines, sys.getrefcount(error), sys.exc_info(), error.__context__)
atexit.register(look)
def leave():
    raise error
leave()
"""
    write(folder / "app.py", program)
    assert "[('<module>', 13), ('leave', 12)] 2 (None, None, None)" in same("app.py", status=3)


def on_terminal(command: list[str], typed: list[bytes]) -> tuple[str, int]:
    """What a program shows on a terminal, where something is typed at each prompt; and its exit status."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "PYTHON_BASIC_REPL": "1", "TERM": "dumb"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as process:
        os.close(theirs)
        shown, answered = b"", 0
        with contextlib.suppress(OSError):  # so a terminal ends
            while select.select([ours], [], [], 60)[0] and (more := os.read(ours, 4096)):
                shown += more
                if shown.count(b">>> ") > answered and answered < len(typed):
                    os.write(ours, typed[answered])
                    answered += 1
        os.close(ours)
        process.wait(60)
    return shown.decode(), process.returncode


PROMPTS: dict[str, list[list[str]]] = {
    "import sys; sys.exit(3)": [["-i"], []],
    "import os\nos.environ['PYTHONINSPECT'] = '1'\nraise SystemExit(5)": [[]],
    "import os\nos.environ['PYTHONINSPECT'] = '1'\nvalue = 42": [[]],
    "value = 42": [["-i"], []],
    "raise KeyboardInterrupt": [["-i"], []],
    "1 / 0": [["-i"], ["-E"]],
}


@pytest.mark.parametrize("code", PROMPTS)
@pytest.mark.parametrize("way", [["app.py"], ["-m", "app"]], ids=["script", "module"])
def test_the_prompt_after_a_program(folder: Path, code: str, way: list[str]) -> None:
    write(folder / "app.py", code + "\n")
    recorder = ["-m", "codetracer_python_recorder", "--trace-dir", "trace-out", "--quiet"]
    typed = [b"print('typed', 1)\n", b"\4"]
    for flags in PROMPTS[code]:
        plain = on_terminal([sys.executable, *flags, *way], typed)
        assert on_terminal([sys.executable, *flags, *recorder, *way], typed) == plain


def test_a_fork(folder: Path, same: Same) -> None:
    write(folder / "app.py", "import os, sys\nos.fork() or sys.exit(5)\nos.wait()\n")
    same("app.py", status=0)


@pytest.mark.parametrize("flag", ["-P", "-I", "-E", "-O", "-s", "-Xutf8", "-Wignore"])
def test_the_interpreters_own_flags(folder: Path, plain: Plain, flag: str) -> None:
    write(folder / "app.py", STATE + "\nassert False, sys.flags.optimize\n")
    write(folder / "inner" / "__main__.py", STATE)
    recorder = ["-m", "codetracer_python_recorder", "--quiet"]
    for program in (["app.py"], ["-c", STATE], ["inner"]):
        expected, found = plain(flag, *program), plain(flag, *recorder, *program)
        assert (found.stdout, found.stderr, found.returncode) == (expected.stdout, expected.stderr, expected.returncode)


def test_the_modules_that_are_loaded(folder: Path, same: Same) -> None:
    write(folder / "app.py", MODULES)
    write(folder / "inner" / "__main__.py", MODULES)
    for program in (["app.py"], ["-m", "app"], ["inner"], ["-c", MODULES]):
        assert "argparse" not in same(*program, status=0)


SHADOWS = ["argparse", "json", "types", "re", "enum", "tomli", "linecache", "runpy", "difflib", "signal", "textwrap"]


def test_the_ages_of_objects(folder: Path, same: Same) -> None:
    (folder / "ages.py").write_text(AGES)
    shown = same("--config", "limits.depth = 2", folder / "ages.py", plain=[folder / "ages.py"])
    assert shown == "[1] [1] [1] 0 True\n"
    assert same("-c", AGES) == shown


def test_the_ages_of_objects_where_all_were_collected_before(folder: Path, recorder: list[str]) -> None:
    (folder / "site").mkdir()
    (folder / "site/sitecustomize.py").write_text("import gc\ngc.collect()\n")
    environment = {**os.environ, "PYTHONPATH": str(folder / "site")}
    ages = [
        subprocess.run([*command, "-c", AGES], env=environment, check=True, capture_output=True).stdout.split()[:3]
        for command in ([sys.executable], recorder)
    ]
    assert ages == [[b"[2]"] * 3] * 2


@pytest.mark.parametrize("lists", [0, 300, 900])
def test_an_end_at_which_the_order_of_objects_counts(folder: Path, same: Same, lists: int) -> None:
    """gh-115874: where the types of `itertools` went before what `tee` gave, the interpreter crashed."""
    kept = f"kept = [[] for _ in range({lists})]\nimport itertools\nclass Some: pass\n"
    (folder / "program.py").write_text(f"{kept}split = {{'one': itertools.tee([1, 2])[0]}}\ndef last(): pass\n")
    same("--config", "limits.depth = 2", folder / "program.py", plain=[folder / "program.py"], status=0)


def test_modules_beside_the_script_that_are_named_like_ours(folder: Path, same: Same) -> None:
    for name in SHADOWS:
        write(folder / "app" / f"{name}.py", "print(__file__)")
    write(folder / "app" / "main.py", "import types, argparse, json, difflib, textwrap, tomli\n")
    assert "json.py" in same("app/main.py", status=0)


def test_modules_in_the_working_directory_that_are_named_like_ours(folder: Path, same: Same) -> None:
    for name in SHADOWS:
        if name not in ("types", "runpy", "linecache"):  # which the interpreter itself would take from here
            write(folder / f"{name}.py", "print(__file__)")
    same("-c", "import json, difflib", status=0)
    same("-m", "argparse", status=0)


def test_the_standard_library_still_works(folder: Path, same: Same) -> None:
    program = """
import argparse, collections, copy, dataclasses, datetime, enum, functools, importlib.util, json, pickle, re
import tomllib, types
class Colour(enum.Flag):
    RED = 1
    BLUE = 2
@dataclasses.dataclass
class Point:
    x: int
assert pickle.loads(pickle.dumps(re.compile("a", re.I))) == re.compile("a", re.I)
assert pickle.loads(pickle.dumps(Point(1))) == Point(1) and pickle.loads(pickle.dumps(Colour.RED)) is Colour.RED
print(json.loads('{"a": [1.5]}'), tomllib.loads("a = 1979-05-27"), Colour.RED | Colour.BLUE, collections.deque([1]))
print(argparse.ArgumentParser(prog="x").format_usage(), copy.deepcopy(Point(2)), types.SimpleNamespace(a=1))
print(functools.reduce(max, [1, 2]), datetime.date(2020, 1, 1), importlib.util.find_spec("json").origin)
"""
    write(folder / "app.py", program)
    same("app.py", status=0)


def test_processes_started_by_multiprocessing(folder: Path, same: Same) -> None:
    program = """
import multiprocessing, sys
def square(x):
    return x * x
class Thing:
    pass
if __name__ == "__main__":
    import pickle
    print(pickle.loads(pickle.dumps(Thing())).__class__ is Thing)
    for way in ("spawn", "fork", "forkserver"):
        with multiprocessing.get_context(way).Pool(2) as pool:
            print(way, pool.map(square, [1, 2, 3]))
"""
    write(folder / "app.py", program)
    write(folder / "pkg" / "__init__.py", "")
    write(folder / "pkg" / "app.py", program)
    same("app.py", status=0)
    same("-m", "pkg.app", status=0)


def test_the_recorder_is_importable_in_the_program(folder: Path, same: Same) -> None:
    write(folder / "app.py", "import codetracer_python_recorder as r; print(r.__version__, r.SessionError.__mro__)")
    same("app.py", status=0)
