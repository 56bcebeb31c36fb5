"""Owns: what library users call. Must not: test what is recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.conftest import Done, Plain

HEAD = """
import asyncio, json, os
import codetracer_python_recorder as recorder

def steps(folder="trace-out"):
    with open(os.path.join(folder, "trace_metadata.json")) as file:
        return json.load(file)["counters"]["steps"]

def work(n):
    total = 0
    for i in range(n):
        total += i
    return total
"""


@pytest.fixture
def program(folder: Path, plain: Plain) -> Program:
    def run(body: str, env: dict[str, str] | None = None) -> Done:
        (folder / "app.py").write_text(HEAD + body)
        return plain("app.py", env=env)

    return run


if TYPE_CHECKING:
    from collections.abc import Callable

    Program = Callable[..., Done]


def ok(done: Done) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_start_and_stop(folder: Path, program: Program) -> None:
    body = """
session = recorder.start("out", format="json")
print(recorder.is_tracing(), session.trace_dir)
work(3)
recorder.flush()
session.stop()
session.stop()
recorder.stop()
print(recorder.is_tracing(), steps("out") > 3)
"""
    assert ok(program(body)) == f"True {folder}/out\nFalse True\n"
    assert (folder / "out" / "trace.json").exists()


def test_stop_and_flush_without_a_recording_do_nothing(program: Program) -> None:
    assert ok(program("recorder.stop(); recorder.flush(); print(recorder.is_tracing())")) == "False\n"


def test_a_second_start_is_refused(program: Program) -> None:
    body = """
recorder.start()
try:
    recorder.start("other")
except recorder.SessionError as error:
    print(type(error).__mro__[1].__name__, os.path.exists("other"), recorder.is_tracing())
"""
    assert ok(program(body)) == "RecorderError False True\n"


def test_a_recording_left_open_ends_with_the_process(folder: Path, program: Program) -> None:
    ok(program("recorder.start(); work(2)"))
    assert json.loads((folder / "trace-out" / "trace_metadata.json").read_text())["status"] == "complete"


def test_thirty_recordings_in_one_process(program: Program) -> None:
    body = """
def recorded():
    with recorder.start("out", format="json"):
        work(5)
    with open("out/trace.json") as file:
        return file.read()
print(len({recorded() for _ in range(30)}))
"""
    assert ok(program(body)) == "1\n"


def test_the_policy_of_a_call(folder: Path, program: Program) -> None:
    (folder / "a.toml").write_text("limits.depth = 1\nlimits.items = 1\n")
    body = """
def resolved():
    with open("out/trace_metadata.json") as file:
        policy = json.load(file)["policy"]
    return policy["resolved"]["limits"], [layer["source"] for layer in policy["layers"]]

with recorder.start("out", config=["a.toml", "limits.string = 7"], policy={"limits": {"items": 2}}, isolated=True):
    work(1)
print(*resolved())
with recorder.start("out"):
    work(1)
print(resolved()[0]["depth"])
"""
    done = program(body, env={"CODETRACER_LIMITS_DEPTH": "9"})
    first, second = ok(done).splitlines()
    assert first.startswith("{'depth': 1, 'items': 2, 'string': 7,")
    assert first.endswith("['bundled policy default', 'a.toml', 'start(config)', 'start(policy)', 'flags']")
    assert second == "9"


def test_the_trace_folder_is_the_policys_unless_given(folder: Path, program: Program) -> None:
    (folder / "pyproject.toml").write_text('[tool.codetracer]\ntrace-dir = "elsewhere"\n')
    ok(program("with recorder.start(): work(1)\nwith recorder.start('here'): work(1)"))
    assert (folder / "elsewhere").is_dir()
    assert (folder / "here").is_dir()
    assert not (folder / "trace-out").exists()


def test_mistakes_are_named_by_their_argument(program: Program) -> None:
    body = """
try:
    recorder.start(format="xml", activation_path="gone.py", config="x = 1", policy={"y": 2})
except recorder.PolicyError as error:
    print(*(line.partition(": ")[0] for line in error.lines))
    print(str(error) == "\\n".join(error.lines), os.path.exists("trace-out"))
"""
    assert ok(program(body)) == "start(config) start(policy) start(format) start(activation_path)\nTrue False\n"


KINDS = {
    "a block": """
with recorder.trace("out") as session:
    print(work(3), recorder.is_tracing(), type(session).__name__)
""",
    "a function": """
@recorder.trace("out", format="json")
def f(n):
    '''Doc.'''
    return work(n), recorder.is_tracing(), f.__doc__ and f.__name__
print(*f(3))
""",
    "a method": """
class C:
    @recorder.trace("out")
    def f(self, n):
        return work(n), recorder.is_tracing(), type(self).__name__
print(*C().f(3))
""",
    "a recursive function": """
@recorder.trace("out")
def f(n):
    return f(n - 1) if n else recorder.is_tracing()
print(f(3))
""",
    "a function that raises": """
@recorder.trace("out")
def f():
    raise KeyError(recorder.is_tracing())
try:
    f()
except KeyError as error:
    print(error)
""",
    "a coroutine": """
@recorder.trace("out")
async def f(n):
    await asyncio.sleep(0)
    return work(n), recorder.is_tracing()
print(asyncio.iscoroutinefunction(f), *asyncio.run(f(3)))
""",
    "a generator": """
@recorder.trace("out")
def f(n):
    got = yield recorder.is_tracing()
    try:
        yield got
    except KeyError:
        yield "thrown"
    return work(n)
g = f(3)
print(recorder.is_tracing(), next(g), g.send("sent"), g.throw(KeyError()))
try:
    next(g)
except StopIteration as stop:
    print(stop.value)
""",
    "an asynchronous generator": """
@recorder.trace("out")
async def f(n):
    try:
        got = yield recorder.is_tracing()
        try:
            yield got
        except KeyError:
            yield work(n)
    finally:
        print("closed")
async def main():
    g = f(3)
    print(recorder.is_tracing(), await anext(g), await g.asend("sent"), await g.athrow(KeyError()))
    print([item async for item in g])
    g = f(3)
    await anext(g)
    await g.aclose()
asyncio.run(main())
""",
    "a generator that is dropped": """
@recorder.trace("out")
def f(n):
    yield work(n)
g = f(3)
print(next(g))
del g
""",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_trace(program: Program, kind: str) -> None:
    done = program(KINDS[kind] + "\nprint(recorder.is_tracing(), steps('out') > 0)\n")
    assert ok(done).endswith("False True\n")


def test_values_pass_through_the_wrappers(program: Program) -> None:
    assert ok(program(KINDS["a generator"])) == "False True sent thrown\n3\n"
    assert ok(program(KINDS["an asynchronous generator"])) == "False True sent 3\nclosed\n[]\nclosed\n"


def test_start_in_a_recorded_program_is_refused(folder: Path, plain: Plain) -> None:
    code = """
import codetracer_python_recorder as recorder
try:
    recorder.start()
except recorder.SessionError:
    print("refused")
"""
    (folder / "app.py").write_text(code)
    done = plain("-m", "codetracer_python_recorder", "app.py")
    assert ok(done) == "refused\n"


def test_unknown_names_are_no_attributes() -> None:
    import codetracer_python_recorder

    assert "start" in dir(codetracer_python_recorder)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = codetracer_python_recorder.nonsense
