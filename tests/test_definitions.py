"""Owns: that a function stands in the trace at the line of its `def`. Must not: look at anything else."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.conftest import Record
from tests.traces import checked

TEXT = '''
def same(function):
    return function

def given(*arguments):
    return same

@same
@given(
    1,
    lambda: 2,
)
def plain():
    pass

@given("""
def in_text(): this is not code
""")
def in_text():
    pass

@(
    same
)
def in_brackets():
    pass

@same
async def waiting():
    pass

@given()
# a remark
class Made:
    @property
    def value(self):
        return 1

    @value.setter
    def value(self, new):
        self.kept = new

    @staticmethod
    @given()
    def __hidden(): return 1

    result = __hidden()

plain(), in_text(), in_brackets(), waiting().close()
made = Made()
made.value = made.value
'''


def test_functions_stand_at_their_def(folder: Path, record: Record) -> None:
    (folder / "decorated.py").write_text(TEXT)
    nodes = ast.walk(ast.parse(TEXT))
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    lines = {(node.name, node.lineno) for node in nodes if isinstance(node, definitions)}
    trace = checked(record("decorated.py", options=["--format", "json"]).trace)
    found = {(function.name.rpartition(".")[2], function.line) for function in trace.functions}
    assert {entry for entry in found if not entry[0].startswith("<")} <= lines
