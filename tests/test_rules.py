"""Owns: what rules do to a recording, in both forms. Must not: test which rule decides (Rust's unit tests do)."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.conftest import Record
from tests.traces import Event, checked

TOOL = "def load(text):\n    return [int(text)]\n"
PROGRAM = """\
import sys
sys.path.append("site-packages")
import tool


class Order:
    def __init__(self, card):
        self.card = card

    def charge(self, amount):
        fee = amount // 10
        if amount > 100:
            raise ValueError(f"card {self.card} refused")
        return {"card": self.card, "paid": amount + fee}


def numbers(start):
    sent = yield start
    yield [sent, [sent, [sent]]]


def main():
    order = Order("4111-1111")
    paid = order.charge(50)
    try:
        order.charge(500)
    except ValueError as error:
        problem = str(error)
    flow = numbers(1)
    next(flow)
    deep = flow.send(7)
    made = eval(compile("(lambda x: x + 1)(1)", "<made>", "eval"))
    next(flow, None)
    return tool.load("1")


main()
"""


RULES = {
    "calls": '[[rules]]\npath = "shop.py"\nrecord = "calls"\n',
    "calls as a key": 'record = "calls"\n[[rules]]\nfunction = "charge"\nrecord = "lines"\n',
    "none": '[[rules]]\nfunction = "Order"\nrecord = "none"\n[[rules]]\nfunction = "main"\nrecord = "none"\n',
    "redact": '[[rules]]\nfunction = "Order.charge"\nvalues = "redact"\nreason = "card  data"\n'
    '[[rules]]\nfunction = "numbers"\nvalues = "redact"\n',
    "drop": '[[rules]]\nmodule = "__main__"\nvalues = "drop"\nreason = "nothing"\n'
    '[[rules]]\nfunction = "__init__"\nvalues = "keep"\n',
    "limits": '[[rules]]\nfunction = "main"\nstring = 4\ndepth = 1\n',
    "other kinds": '[[rules]]\npath = "<made>"\nrecord = "lines"\n[[rules]]\nmodule = "tool"\nrecord = "calls"\n'
    '[[rules]]\npath = "shop.py"\nrecord = "none"\n',
}


@pytest.mark.parametrize("name", RULES)
def test_rules(folder: Path, record: Record, form: str, name: str, snapshot: SnapshotAssertion) -> None:
    (folder / "shop.py").write_text(PROGRAM)
    (folder / "site-packages").mkdir()
    (folder / "site-packages" / "tool.py").write_text(TOOL)
    (folder / "rules.toml").write_text(RULES[name])
    options = ["--format", form, "--config", "rules.toml", "--config", "limits.depth = 2"]
    recorded = record("shop.py", options=options)
    assert (recorded.done.returncode, recorded.done.stderr) == (0, "")
    checked(recorded.trace)
    dump = [line for line in recorded.dump() if not line.startswith("#")]
    assert "\n".join(dump).replace(str(folder), "") == snapshot(name=name)


def test_what_a_hidden_function_raises_is_hidden_in_the_frames_that_it_passes(
    folder: Path, record: Record, form: str
) -> None:
    """But not what another one raises, nor what a caller keeps in a variable of its own."""
    (folder / "raises.py").write_text(
        "def charge(card):\n    raise ValueError(f'card {card}')\n"
        "def between(card):\n    try:\n        charge(card)\n"
        "    finally:\n        try:\n            int('x')\n        except ValueError:\n            pass\n"
        "def outer(card):\n    between(card)\n"
        "def other():\n    raise ValueError('plain')\n"
        "for act in (lambda: outer(4111), other) * 3:\n"
        "    try:\n        act()\n    except ValueError:\n        pass\n"
    )
    rules = "rules = [{function = 'charge', values = 'redact', reason = 'card'}]"
    dump = record("raises.py", options=["--format", form, "--config", rules]).dump()
    told = [line.strip() for line in dump if line.strip().startswith(("exception", "raise "))]
    hidden, plain = "ValueError: <redacted: rule card>", "ValueError: plain"
    inner = "ValueError: invalid literal for int() with base 10: 'x'"
    once = [f"exception {hidden}", f"raise {hidden}", f"exception {inner}", *[f"raise {hidden}"] * 3]
    assert told == [*once, f"exception {plain}", f"raise {plain}"] * 3


def test_lines_are_not_asked_for_where_calls_are_recorded(folder: Path, record: Record) -> None:
    """In the interpreter's own code of a function, 254 is INSTRUMENTED_LINE (3.12), or a module tells."""
    (folder / "armed.py").write_text(
        "def f():\n    return 1\n"
        "def g():\n    return 1\n"
        "f(), g()\n"
        "try: from _opcode_metadata import opmap\n"
        "except ImportError: opmap = {}\n"
        "print([opmap.get('INSTRUMENTED_LINE', 254) in one.__code__._co_code_adaptive[::2] for one in (f, g)])\n"
    )
    rules = "rules = [{function = 'g', record = 'calls'}]"
    assert record("armed.py", options=["--config", rules]).done.stdout == "[True, False]\n"


def steps(events: list[Event]) -> int:
    return sum(event.name == "Step" for event in events)


@pytest.mark.parametrize(("form", "name"), [("json", "calls"), ("json", "data"), ("binary", "everything")])
def test_bundled_policies(folder: Path, record: Record, form: str, name: str) -> None:
    (folder / "main.py").write_text(
        "import textwrap\ndef f(x):\n    y = [x] * 100\n    z = [[x]] * 3\n    return y\n"
        "f('a' * 300)\nprint(textwrap.shorten('a b', 9))\n"
    )
    recorded = record("main.py", options=["--format", form, "--config", f"extends = ['{name}']"])
    trace = checked(recorded.trace)
    assert recorded.done.stdout == "a b\n"
    names = {function.name for function in trace.functions}
    dump = "\n".join(recorded.dump())
    assert "f" in names
    assert ("shorten" in names) == (name == "everything")
    if name == "calls":
        assert steps(trace.events) == 2  # of the module and the function
        assert "call f(x='aaa" in dump
    if name == "data":
        assert "… (+240 chars)" in dump
        assert "z = [<list of 1>, <list of 1>, <list of 1>]" in dump
