"""Owns: that no policy, however damaged, does more than report its mistakes. Must not: know what they are."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codetracer_python_recorder.commands import policy as commands
from codetracer_python_recorder.errors import PolicyError, RecorderError
from tests.conftest import Plain

ROOT = Path(__file__).parent.parent
POLICIES = [path.read_bytes() for path in sorted((*ROOT.glob("policies/*.toml"), *ROOT.glob("examples/*.toml")))]
RULES = b"""
[[rules]]
path = "app/**"
module = "app.{a,b}"
function = "Order.*"
record = "calls"
values = "redact"
depth = 6
value-bytes = 1_000
reason = "card data"
"""
ROUNDS = int(os.environ.get("STRESS", "0")) * 2000 or 150
PIECES = [
    b"",
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b"'",
    b"\\",
    b"=",
    b"*",
    b"!",
    b"\0",
    b"\xff",
    b"\n",
    b"[[rules]]\n",
    b"-1",
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sound policy in which a few places were changed."""
    text = draw(st.sampled_from(POLICIES)) + draw(st.sampled_from([b"", RULES, RULES * 2]))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.sampled_from([0, 0, 1, 2, 10]))
        text = text[:at] + draw(st.sampled_from(PIECES)) + text[at + gone :]
    return text


def status(*arguments: str) -> int:
    """The exit status of a `policy` command, run in this process."""
    try:
        return commands.run(arguments)
    except RecorderError as error:
        assert error.lines and all(line.strip() and "\n" not in line for line in error.lines)
        assert isinstance(error, PolicyError), error
        return 2


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "policy.toml"


@settings(max_examples=ROUNDS, deadline=None)
@given(text=damaged())
def test_a_damaged_policy_is_refused_or_obeyed(file: Path, text: bytes) -> None:
    file.write_bytes(text)
    checked = status("check", str(file))
    assert checked in (0, 2)
    assert status("show", "--config", str(file)) == checked
    assert status("explain", "--config", str(file), str(file)) == checked


def test_a_damaged_policy_never_ends_in_a_traceback(folder: Path, plain: Plain) -> None:
    (folder / "main.py").write_text("print('ran')")
    for number in range(12):
        chance = random.Random(number)
        text = bytearray(chance.choice(POLICIES) + RULES)
        for _ in range(chance.randrange(3)):
            text[chance.randrange(len(text))] = chance.choice(b"[]{}\"'\\=*!\0\xff\n-")
        (folder / "policy.toml").write_bytes(text)
        done = plain("-m", "codetracer_python_recorder", "--config", "policy.toml", "main.py")
        assert done.returncode in (0, 2), done.stderr
        assert (done.stdout == "ran\n") == (done.returncode == 0), done.stderr
        assert "Traceback" not in done.stderr and "panicked" not in done.stderr
