"""Runs a program as `__main__`, so that it finds what plain Python would have made for it.

Owns: finding the program, `__main__`, `sys.argv`, `sys.path[0]`.
Must not: know of policies or traces, nor import anything of ours from `run` on: then `sys.path` and `sys.modules` are
the program's.

What is made follows CPython's Modules/main.c (`pymain_run_python`), Python/pythonrun.c (`_PyRun_SimpleFile`,
`_PyRun_SimpleStringFlagsWithName`) and Lib/runpy.py.
"""

from __future__ import annotations

import _frozen_importlib_external as loaders
import builtins
import gc
import os
import sys

from codetracer_python_recorder import _native
from codetracer_python_recorder.errors import RecorderError
from codetracer_python_recorder.own import BUILTINS

__builtins__ = BUILTINS

BINARY = getattr(os, "O_BINARY", 0)  # of Windows alone, which would change the ends of lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType
    from typing import Any


class Program:
    """A program that was found.

    `name` is what a reader of the trace calls it. `names` are the absolute names of its file, `start` is the path that
    the search of the project begins at; `None`: the working directory. `path0` is its `sys.path[0]`, if it gets one.
    `file` and `loader` are its `__file__` and the class of its `__loader__`, where it has these. `text` is the source
    of a program without a file.

    One of four is how it runs. With `module` runpy is called; `opened` is the file that the interpreter reads itself
    (its descriptor, its name, whether its first line is left out); `code` is of `-c` or byte code, and `error` is why
    there is none.
    """

    __slots__ = (
        "argv",
        "code",
        "command",
        "error",
        "file",
        "loader",
        "module",
        "name",
        "names",
        "opened",
        "path0",
        "start",
        "text",
    )

    def __init__(self, name: str, argv: list[str], path0: str | None) -> None:
        self.name = name
        self.argv = argv
        self.path0 = path0
        self.names: list[str] = []
        self.start: str | None = None
        self.file: str | None = None
        self.text: str | None = None
        self.code: CodeType | None = None
        self.error: BaseException | None = None
        self.command: list[str] = argv
        self.module: tuple[str, bool] | None = None
        self.opened: tuple[int, bytes, bool] | None = None
        self.loader: type[loaders.FileLoader] | None = None

    @property
    def import_name(self) -> str | None:
        """The name that `-m` imports it by."""
        if self.module is None or not self.module[1]:
            return None
        name, main = self.module[0], "__main__"
        is_package = bool(self.names) and os.path.basename(self.names[0]).partition(".")[0] == main
        return f"{name}.{main}" if is_package and name.rpartition(".")[2] != main else name

    def found_at(self, *paths: str) -> None:
        """Take note of the names that its file goes by."""
        every = (name for path in paths for name in (path, os.path.normpath(path), os.path.realpath(path)))
        self.names = list(dict.fromkeys(every))

    def compile(self, text: str) -> None:
        """The text of `-c`, as `__main__` is compiled: without the `from __future__` of this module."""
        try:
            self.code = compile(text, "<string>", "exec", dont_inherit=True)
        except Exception as error:  # whatever it is, plain Python shows it as the program's own
            self.error = error.with_traceback(None)


def script(path: str, arguments: Sequence[str]) -> Program:
    """A file with Python source or byte code, or a folder or zip file with a `__main__.py`."""
    absolute = os.getcwd() if path == "." else os.path.join(os.getcwd(), path)
    program = Program(path, [path, *arguments], absolute)
    program.start = absolute
    if importer := _importer(absolute):
        origin = _main_in(importer)
        if not origin:
            raise RecorderError(f"{path}: no __main__.py in it (a folder or zip file runs by that)")
        program.found_at(origin)
        program.module = ("__main__", False)
        return program
    skips = _skips_first_line()
    try:
        descriptor = os.open(absolute, os.O_RDONLY | BINARY)
        is_compiled = path.endswith(".pyc") or (not skips and _begins_as_byte_code(descriptor))
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise RecorderError(f"{path}: no such file ({_way_out(path)})") from None
        raise RecorderError(f"{path}: cannot be read: {error.strerror}") from None
    program.path0 = None if sys.flags.safe_path else _folder_of(path)
    program.found_at(absolute)
    program.file = absolute
    if is_compiled:
        _load(program, descriptor)
    else:
        program.loader = loaders.SourceFileLoader
        program.opened = (descriptor, os.fsencode(absolute), skips)
    return program


def _folder_of(path: str) -> str:
    """Where a script lies, as `_PyPathConfig_ComputeSysPathArg0` tells it (`Python/pathconfig.c`): with all its links
    followed, or else the first one.
    """
    try:
        link = os.readlink(path)
    except OSError:
        link = ""
    if os.sep in link:
        path = os.path.join(os.path.dirname(path), link)
    try:
        path = os.path.realpath(path, strict=True)
    except OSError:
        pass  # a pipe, which has no other name
    return os.path.dirname(path)


def _begins_as_byte_code(descriptor: int) -> bool:
    """Whether the interpreter takes an open file for byte code; of what cannot be read twice it takes none for that."""
    try:
        os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError:
        return False
    beginning = os.read(descriptor, 2)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return beginning == loaders.MAGIC_NUMBER[:2]


def _way_out(path: str) -> str:
    """What may have been meant by a script that is not there."""
    if path.rstrip("0123456789.") == "python":
        return f"the script comes first: leave {path} out"
    if path.isidentifier() and _origin(path, os.getcwd()):
        return f"did you mean -m {path}?"
    return "expected a script, a folder or zip file, -m MODULE, -c CODE or -"


def module(name: str, arguments: Sequence[str]) -> Program:
    """`-m`: its parents are imported by the run itself; only what needs no import is looked up here."""
    program = Program(name, ["-m", *arguments], None if sys.flags.safe_path else os.getcwd())
    program.module = (name, True)
    program.command = ["-m", name, *arguments]
    top = name.partition(".")[0]
    if top and _origin(top, program.path0) is None:
        raise RecorderError(f"-m: no module named {top} (looked in the working directory and on sys.path)")
    origin = _origin(name, program.path0)
    if origin:
        program.found_at(origin)
    return program


def command(text: str, arguments: Sequence[str]) -> Program:
    """`-c`."""
    program = Program("-c", ["-c", *arguments], None if sys.flags.safe_path else "")
    program.text = text
    program.command = ["-c", text, *arguments]
    program.compile(text)
    return program


def standard_input(arguments: Sequence[str]) -> Program:
    """`-`: read to its end before it runs, as plain Python does."""
    program = Program("-", ["-", *arguments], None if sys.flags.safe_path else "")
    program.file = "<stdin>"
    try:
        source = _read(0)
        program.opened = (_open_file(source), b"<stdin>", False)
        program.text = _decoded(source)
    except KeyboardInterrupt as error:
        program.error = error.with_traceback(None)
    except OSError as error:
        raise RecorderError(f"-: standard input cannot be kept until it runs: {error.strerror}") from None
    return program


def _read(descriptor: int) -> bytes:
    """All that is to be read there; nothing where it is closed, or not for reading."""
    try:
        with open(descriptor, "rb", closefd=False) as file:
            return file.read() or b""
    except OSError:
        return b""


def _open_file(content: bytes) -> int:
    """The descriptor of a file without a name, to be read from its beginning."""
    try:
        descriptor = os.memfd_create("program")
    except (AttributeError, OSError):  # not on this system
        from tempfile import TemporaryFile

        with TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _importer(path: str) -> Any:
    """What can import from this path, as the interpreter asks of a script: a folder's or zip file's finder."""
    for hook in sys.path_hooks:
        try:
            importer = hook(path)
        except ImportError:
            continue
        sys.path_importer_cache[path] = importer
        return importer
    sys.path_importer_cache[path] = None
    return None


def _main_in(importer: Any) -> str | None:
    """The file by which a folder or zip file runs. The finder of a zip file would compile it."""
    if type(importer).__name__ == "zipimporter":
        for name in ("__main__.pyc", "__main__.py"):
            origin = os.path.join(importer.archive, importer.prefix, name)
            try:
                importer.get_data(origin)
            except OSError:
                continue
            return origin
        return None
    spec = importer.find_spec("__main__")
    return spec.origin if spec else None


def _origin(name: str, path0: str | None) -> str | None:
    """The file that `-m name` runs, as far as it can be told without importing its parents.

    A package without a file of its own gives an empty text, a module that is not there `None`.
    """
    from codetracer_python_recorder import lookup  # a script needs none

    spec = lookup.spec_of(name, sys.path if path0 is None else [path0, *sys.path])
    if spec is None:
        return None
    if spec.submodule_search_locations is not None:
        spec = lookup.inside(spec, "__main__")
    return (spec.origin or "") if spec and spec.has_location else ""


def _load(program: Program, descriptor: int) -> None:
    """Byte code given as a script."""
    import marshal

    program.loader = loaders.SourcelessFileLoader
    try:
        with open(descriptor, "rb") as file:
            data = file.read()
        magic, header = loaders.MAGIC_NUMBER, 16
        if len(data) >= len(magic) or sys.version_info < (3, 13):
            if not data.startswith(magic):
                raise RuntimeError("Bad magic number in .pyc file")
        if len(data) < header:
            raise EOFError("EOF read where not expected")
        try:
            code = marshal.loads(memoryview(data)[header:])
        except Exception:
            code = None
        if not isinstance(code, type(_load.__code__)):
            raise RuntimeError("Bad code object in .pyc file")
        program.code = code
    except Exception as error:  # damaged data: shown as plain Python shows it (`run_pyc_file`)
        program.error = error.with_traceback(None)


def _decoded(source: bytes) -> str:
    """The source as text, to be kept beside the trace."""
    try:
        return source.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        from importlib.util import decode_source

        try:
            return decode_source(source)
        except (SyntaxError, UnicodeError):
            return source.decode(errors="replace")


def run(program: Program, baseline: Sequence[str], collects: bool, status: Callable[[], int] | None) -> int:
    """Run the program to the end of the process, which has its exit status, or the one that `status` gives.

    Where the interpreter's prompt is to follow, that status is returned. `baseline` names the modules that plain Python
    would have loaded by now, `collects` tells whether it would collect garbage, as nobody has done since.

    Plain Python makes `__main__` before all that the program loads, and at the end takes it apart first: the collector
    goes from the oldest generation to the youngest. So the program begins with `__main__` as old as `sys.modules`, and
    nothing young. In the other order types may go before their instances, which some do not survive (gh-115874).
    """
    _restore_modules(baseline)
    sys.orig_argv = _original_arguments(program)
    sys.argv = list(program.argv)
    if program.path0 is not None:
        sys.path.insert(0, program.path0)
    _make_main(program)
    if collects:
        has_collected_more = any(generation["collections"] for generation in gc.get_stats()[1:])
        gc.collect(1 if has_collected_more else 0)  # into the generation in which `sys.modules` is by now
        gc.enable()
    if program.module:
        import runpy  # the interpreter's own way for these; here, so that it is loaded as late as plain Python does

        run_module = runpy._run_module_as_main  # type: ignore[attr-defined]  # what the interpreter itself calls
        return _native.run_function(status, run_module, *program.module)
    if program.opened:
        return _native.run_source(status, *program.opened)
    if program.file is None:
        _register(program)
    found = program.error or program.code
    assert found is not None  # `compile` and `_load` leave one of the two
    return _native.run_code(status, found, program.file is not None)


def _restore_modules(baseline: Sequence[str]) -> None:
    """Take the modules that only the recorder needed out of `sys.modules` again, and their folders out of the import
    system's cache; our own package stays.

    A program may have a `types.py` or `json.py` of its own beside it.
    """
    kept = set(baseline)
    ours = __name__.partition(".")[0]
    for name, found in list(sys.modules.items()):
        if name in kept:
            continue
        for folder in getattr(found, "__dict__", {}).get("__path__", ()):
            sys.path_importer_cache.pop(folder, None)
        if name.partition(".")[0] != ours:
            del sys.modules[name]


def _original_arguments(program: Program) -> list[str]:
    """The command line with which plain Python would have been started: a program may start itself again."""
    return [*_interpreter(), *program.command]


def _interpreter() -> list[str]:
    """The command line's beginning: the interpreter and its own options."""
    started = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]  # without our own options and the program
    ours = 2 if started[-2:-1] == ["-m"] else 1
    return started[:-ours]


def _skips_first_line() -> bool:
    """Whether the interpreter was told `-x`, which stands nowhere but on its command line.

    `W` and `X` take what follows them in the same argument, or the next one, which begins with no dash.
    """
    short = (option[1:] for option in _interpreter()[1:] if option[:1] == "-" != option[1:2])
    return any("x" in letters.partition("W")[0].partition("X")[0] for letters in short)


def _make_main(program: Program) -> None:
    """Make `__main__`, its names in the interpreter's order."""
    main = type(sys)("__main__")
    names = vars(main)
    if sys.version_info < (3, 14):
        names["__annotations__"] = {}
    names["__builtins__"] = builtins
    names["__loader__"] = sys.__spec__.loader  # BuiltinImporter
    if program.file:
        names["__file__"] = program.file
        if sys.version_info < (3, 15):
            names["__cached__"] = None
        if program.loader:
            names["__loader__"] = program.loader("__main__", program.file)
    sys.modules["__main__"] = main


def _register(program: Program) -> None:
    """From 3.13 on tracebacks show the lines of `-c`."""
    if sys.version_info >= (3, 13) and program.code:
        try:
            import linecache

            by_code = hasattr(linecache, "_interactive_cache")
            linecache._register_code(program.code if by_code else "<string>", program.text, "<string>")
        except Exception as error:  # a linecache.py of the program's own: plain Python stops there too
            program.error = error.with_traceback(None)
