"""Owns: the README's first screen being true. Must not: test what the trace of the example should hold."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The first code block in this language."""
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def test_policy_is_that_of_the_example() -> None:
    assert block("toml") == (ROOT / "examples/recorder.toml").read_text(encoding="utf-8")


def test_commands_give_what_is_shown(folder: Path) -> None:
    """In a folder with nothing but the program."""
    (folder / "shop.py").write_text(block("python"))
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    for command, *lines in (part.splitlines() for part in block("console").split("$ ")[1:]):
        done = subprocess.run(command, shell=True, env={**os.environ, "PATH": path}, capture_output=True, text=True)
        assert done.stdout and "\n".join(line for line in lines if line != "…") in done.stdout, done.stderr
