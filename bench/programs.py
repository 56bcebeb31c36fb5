"""Owns: which programs are measured, and getting them. Must not: run one."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

SUITE = "pyperformance==1.14.0"
NAMES = ("deltablue", "telco", "hexiom", "regex_compile")
LONG = Path(__file__).parent / "ten_million_lines.py"


def fetch(cache: Path) -> dict[str, Path]:
    """The measured programs' scripts by name, below `cache`; downloaded by pip unless they lie there."""
    folder = cache / SUITE
    if not folder.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*pip, "--dest", str(cache), SUITE], check=True)
        with zipfile.ZipFile(next(cache.glob("pyperformance-*.whl"))) as wheel:
            wheel.extractall(folder)
    programs = {
        name: folder / "pyperformance/data-files/benchmarks" / f"bm_{name}" / "run_benchmark.py" for name in NAMES
    }
    return {**programs, LONG.stem: LONG}
