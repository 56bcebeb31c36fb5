"""Owns: the agreement of `_native.pyi` with the built module. Must not: test what its functions do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_stub_says_what_the_module_has(folder: Path) -> None:
    (folder / "allowed").write_text("codetracer_python_recorder._native.__all__  # PyO3 makes it of the exports\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "--allowlist", "allowed", "codetracer_python_recorder._native"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
