"""Owns: `%%codetracer`, in the real IPython. Must not: test what a trace holds beyond the cell."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Done, Plain
from tests.traces import checked

SHELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
for cell in CELLS:
    print(shell.run_cell(cell, store_history=True).success)
"""


def cells(plain: Plain, folder: Path, *texts: str) -> Done:
    program = f"CELLS = {['%load_ext codetracer_python_recorder', *texts]!r}{SHELL}"
    return plain("-c", program, env={"IPYTHONDIR": str(folder / "ipython")})


def dump(plain: Plain, trace: Path) -> str:
    done = plain("-m", "codetracer_python_recorder", "trace", "dump", trace)
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith("#"))


def test_a_cell_is_recorded(plain: Plain, folder: Path) -> None:
    cell = "%%codetracer out\ndef double(n):\n    return n * 2\nfound = double(start)\nprint(found)\nfound + 1\n"
    done = cells(plain, folder, "start = 20", cell, "found + 2")
    assert done.stdout.split() == ["True", "True", "40", "Out[3]:", "41", "True", "Out[4]:", "42", "True"]
    assert f"codetracer-python-recorder: recorded to {folder / 'out'}" in done.stderr
    trace = checked(folder / "out")
    kept = folder / "out/trace_text_program.py"
    assert kept.read_text() == cell.partition("\n")[2]
    assert trace.paths == [str(kept)] and trace.metadata["program"] == "%%codetracer"
    story = dump(plain, folder / "out")
    for line in (f"{kept.relative_to(folder)}:3 | found = double(start)", "call double(n=20)", "stdout '40\\n'"):
        assert line in story
    assert f"{kept.relative_to(folder)}:5 | found + 1" in story


def test_magics_errors_and_the_next_cell(plain: Plain, folder: Path) -> None:
    """A cell may hold magics; what it raises IPython shows, with its line; a further cell replaces the trace."""
    failing = "%%codetracer\nplace = %pwd\nassert not place, 'mine'"
    done = cells(plain, folder, failing, "%%codetracer\n1 +", "%%codetracer\nx = 1")
    assert [line for line in done.stdout.splitlines() if line in ("True", "False")] == [
        "True",
        "False",
        "False",
        "True",
    ]
    assert "AssertionError: mine" in done.stdout and "SyntaxError" in done.stdout
    assert "assert not place, 'mine'" in done.stdout
    assert checked(folder / "trace-out").metadata["status"] == "complete"
    assert (folder / "trace-out/trace_text_program.py").read_text() == "x = 1\n"


def test_functions_of_other_cells_are_recorded(plain: Plain, folder: Path) -> None:
    """They are the program's as well; what the shell has put among its variables is not."""
    earlier = "def price(count):\n    both = count * 2\n    return both\nclass Order:\n    def ship(self): return 5\n"
    cells(plain, folder, earlier, "%%codetracer out\nfound = price(3)\nOrder().ship()")
    trace = checked(folder / "out")
    story = dump(plain, folder / "out")
    for line in ("call price(count=3)", "both = 6", "call Order.ship(self=Order())", "return 5", "found = 6"):
        assert line in story, story
    names = {event.body["variable_id"] for event in trace.events if event.name == "Value"}
    assert {trace.names[name] for name in names} == {"count", "both", "self", "found"}


def test_a_mistake_in_the_policy_is_shown(plain: Plain, folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.codetracer]\ndepth = 1\n")
    done = cells(plain, folder, "%%codetracer\nprint('ran')")
    assert "did you mean limits.depth?" in done.stdout + done.stderr and "ran\n" not in done.stdout
