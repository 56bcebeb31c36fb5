"""Owns: the built wheel in each of the ways that people install it. Must not: use the checkout, but to build from."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import codetracer_python_recorder
from codetracer_python_recorder import misfit
from tests.conftest import Done, Plain

ROOT = Path(__file__).parent.parent
COMMAND = "codetracer-python-recorder"
MODULE = ["-m", "codetracer_python_recorder"]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
TARGET = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))


def run(*command: str | Path, env: dict[str, str] | None = None) -> Done:
    """A command that must succeed."""
    done = subprocess.run([*command], env={**os.environ, **(env or {})}, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The wheel for this interpreter: WHEEL, or the one that `make` has filled the environment from."""
    if "WHEEL" in os.environ:
        return ROOT / os.environ["WHEEL"]
    (built,) = (Path(sys.prefix) / "wheel").iterdir()
    return built


@pytest.fixture
def bare(folder: Path) -> Path:
    """An interpreter with nothing installed."""
    run(sys.executable, "-m", "venv", "--without-pip", folder / "bare")
    return folder / "bare" / SCRIPTS / "python"


@pytest.fixture
def unpacked(folder: Path, wheel: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


@pytest.fixture
def example(folder: Path) -> Path:
    """A folder with the example, and nothing of the checkout besides."""
    place = folder / "project"
    shutil.copytree(ROOT / "examples", place / "examples")
    (place / "pyproject.toml").touch()
    return place


Check = Callable[..., None]


@pytest.fixture
def check(example: Path, monkeypatch: pytest.MonkeyPatch, plain: Plain) -> Check:
    """Records the example by a command, and sees that the trace is the one that the tests' own interpreter makes."""
    monkeypatch.chdir(example)

    def dump(*command: str | Path) -> str:
        return run(*command, "trace", "dump", "trace-out").stdout

    def check(*command: str | Path) -> None:
        recorder = [sys.executable, "-P", *MODULE]
        options = ["--config", "examples/recorder.toml", "examples/shop"]
        expected = run(*recorder, *options).stdout, dump(*recorder)
        shutil.rmtree("trace-out")
        found = run(*command, *options).stdout, dump(*command)
        assert found == expected and "Stock.take" in found[1]
        metadata = json.loads(Path("trace-out/trace_metadata.json").read_bytes())
        assert metadata["python"]["version"] == sys.version.partition(" ")[0]
        assert metadata["recorder"]["version"] == codetracer_python_recorder.__version__

    return check


@pytest.mark.parametrize("options", [[], ["--system-site-packages"]], ids=["fresh", "with system's"])
def test_venv(folder: Path, wheel: Path, check: Check, options: list[str]) -> None:
    run(sys.executable, "-m", "venv", *options, folder / "venv")
    scripts = folder / "venv" / SCRIPTS
    run(scripts / "python", "-m", "pip", "install", "-q", "--ignore-installed", wheel)
    check(scripts / COMMAND)
    for flag in ("-I", "-P", "-E", "-s"):
        check(scripts / "python", flag, *MODULE)


def test_source_archive(folder: Path, check: Check) -> None:
    """It builds by itself: nothing of the checkout is there, and nothing is installed."""
    run(sys.executable, "-m", "uv", "build", "--quiet", "--sdist", "--out-dir", folder / "archive", ROOT)
    (archive,) = (folder / "archive").glob("*.tar.gz")
    assert f"-{codetracer_python_recorder.__version__}." in archive.name
    run(sys.executable, "-m", "venv", folder / "venv")
    scripts = folder / "venv" / SCRIPTS
    quickly = {"CARGO_TARGET_DIR": TARGET, "MATURIN_PEP517_ARGS": "--profile quick"}
    run(scripts / "python", "-m", "pip", "install", "-q", archive, env=quickly)
    check(scripts / COMMAND)


def test_uv(folder: Path, wheel: Path, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_TOOL_DIR", str(folder / "tools"))
    monkeypatch.setenv("UV_TOOL_BIN_DIR", str(folder / "tools/bin"))
    uv = [sys.executable, "-m", "uv"]
    interpreter = ["--python", sys.executable]
    check(*uv, "run", "--quiet", "--no-project", *interpreter, "--with", wheel, COMMAND)
    check(*uv, "tool", "run", "--quiet", *interpreter, "--from", wheel, COMMAND)
    run(*uv, "tool", "install", "--quiet", *interpreter, wheel)
    check(folder / "tools/bin" / COMMAND)


def test_pipx(folder: Path, wheel: Path, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPX_HOME", str(folder / "pipx"))
    pipx = [sys.executable, "-m", "pipx", "run", "--quiet", "--python", sys.executable]
    check(*pipx, "--spec", wheel, COMMAND)


def test_folder_on_the_path(bare: Path, unpacked: Path, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is there, no tomli; and with -S not even site."""
    monkeypatch.setenv("PYTHONPATH", str(unpacked))
    check(bare, *MODULE)
    check(bare, "-P", *MODULE)
    check(bare, "-S", *MODULE)


def test_target(folder: Path, bare: Path, wheel: Path, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    run(sys.executable, "-m", "pip", "install", "-q", "--target", folder / "lib", wheel)
    monkeypatch.setenv("PYTHONPATH", str(folder / "lib"))
    check(bare, *MODULE)


def refusal(interpreter: str | Path, folder: Path) -> str:
    """The one line that is said instead of recording; an import says it, too."""
    env = {**os.environ, "PYTHONPATH": str(folder)}
    ran = subprocess.run([interpreter, *MODULE, "x.py"], env=env, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (2, "")
    program = [interpreter, "-c", "import codetracer_python_recorder"]
    imported = subprocess.run(program, env=env, capture_output=True, text=True)
    (line,) = ran.stderr.splitlines()
    assert imported.returncode == 1 and imported.stderr.splitlines()[-1] == f"ImportError: {line}"
    return line


def test_another_version(bare: Path, unpacked: Path) -> None:
    (native,) = (unpacked / "codetracer_python_recorder").glob("_native.*[!i]")
    version = "{}.{}".format(*sys.version_info)
    native.rename(native.with_name(native.name.replace(version.replace(".", ""), "399")))
    line = refusal(bare, unpacked)
    assert line.startswith(f"{COMMAND}: built for CPython 3.99, this is CPython {version} (install it")
    native.with_name(native.name.replace(version.replace(".", ""), "399")).unlink()
    assert "the native module is missing in" in refusal(bare, unpacked)


def test_interpreters_that_it_cannot_run_in(unpacked: Path) -> None:
    """Those that are here."""
    names = ["/usr/bin/python3", *(f"python3.{minor}" for minor in range(8, 12)), "pypy3", "graalpy"]
    probe = "import sys; print(sys.implementation.name == 'cpython' and sys.version_info >= (3, 12))"
    for name in filter(None, map(shutil.which, names)):
        asked = subprocess.run([name, "-c", probe], capture_output=True, text=True)
        if asked.stdout == "False\n":
            assert "needs CPython 3.12 or newer with a GIL, this is " in refusal(name, unpacked)


@pytest.mark.parametrize(
    ("name", "version", "flags", "said"),
    [
        ("pypy", (3, 11), "", "needs CPython 3.12 or newer with a GIL, this is PyPy 3.11 (/its/python)"),
        ("graalpy", (3, 12), "", "needs CPython 3.12 or newer with a GIL, this is graalpy 3.12 (/its/python)"),
        ("cpython", (3, 11), "", "needs CPython 3.12 or newer with a GIL, this is CPython 3.11 (/its/python)"),
        ("cpython", (3, 13), "t", "with a GIL, this is a free-threaded build of CPython 3.13 (/its/python)"),
        ("cpython", (3, 99), "", "built for CPython {}.{}, this is CPython 3.99 (install it for this interpreter: "),
    ],
)
def test_what_is_said_elsewhere(
    monkeypatch: pytest.MonkeyPatch, name: str, version: tuple[int, int], flags: str, said: str
) -> None:
    implementation = SimpleNamespace(name=name)
    elsewhere = SimpleNamespace(
        implementation=implementation, version_info=(*version, 0), executable="/its/python", abiflags=flags, argv=[]
    )
    monkeypatch.setattr(misfit, "sys", elsewhere)
    with pytest.raises(ImportError) as refused:
        misfit.refuse(ImportError())
    line = str(refused.value)
    assert line.startswith(f"{COMMAND}: ") and said.format(*sys.version_info) in line and "\n" not in line


def test_what_the_wheel_holds(wheel: Path) -> None:
    assert wheel.stat().st_size < 3_000_000 and wheel.name.split("-")[1] == codetracer_python_recorder.__version__
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (archive.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
        (points,) = (archive.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    for field in ("Requires-Python: >=3.12", "License-Expression: MIT", "License-File: LICENSE", "Project-URL: "):
        assert field in metadata
    assert "# codetracer-python-recorder" in metadata
    assert "pytest11" in points and "console_scripts" in points
    for part in ("policies/default.toml", "py.typed", "_native.pyi", "pytest_plugin.py"):
        assert f"codetracer_python_recorder/{part}" in names
    assert any(name.endswith("purelib/codetracer_python_recorder.pth") for name in names)
