"""Owns: the examples in docs/policy.md and docs/trace.md being true. Must not: test what the policies in them do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest

from codetracer_python_recorder.policy.resolve import resolve
from tests.conftest import Record

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
TRACE = (ROOT / "docs" / "trace.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = GUIDE) -> list[str]:
    """The code blocks in this language."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("text", blocks("toml"))
def test_policies_are_sound(folder: Path, text: str) -> None:
    (folder / "recorder.toml").write_text(text)
    resolve(cwd=str(folder), start=str(folder), environ={}, config=["recorder.toml"])
    assert tomllib.loads(text)


def check_commands(page: str) -> None:
    """That the page's commands, in order, give what is shown; `…` stands for anything."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    for command, *lines in (part.splitlines() for block in blocks("console", page) for part in block.split("$ ")[1:]):
        done = subprocess.run(command, shell=True, env={**os.environ, "PATH": path}, capture_output=True, text=True)
        shown = re.escape("".join(f"{line}\n" for line in lines))
        expected = shown.replace("…\\\n", "(.|\n)*").replace("…", ".*")
        assert done.returncode == 0, done.stderr
        assert re.fullmatch(expected, done.stdout), f"{command}\n{done.stdout}"


def test_commands_give_what_is_shown(folder: Path) -> None:
    """In the project that the examples are."""
    (folder / "pyproject.toml").touch()
    shutil.copytree(ROOT / "examples", folder / "examples")
    check_commands(GUIDE)


def test_a_dump_is_as_shown(folder: Path, record: Record, form: str) -> None:
    (program,) = blocks("python", TRACE)
    (folder / "main.py").write_text(program)
    recorded = record("main.py", options=["--format", form])
    dump, as_json = (block.splitlines() for block in blocks("", TRACE.partition(program)[2].partition("```")[2]))
    assert recorded.dump() == dump
    check_commands(TRACE)
    assert "\n".join(as_json) in "\n".join(recorded.dump("--json"))
