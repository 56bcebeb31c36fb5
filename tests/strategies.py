"""Owns: what hypothesis draws, and how often: programs of a grammar, values, damaged files.

Must not: run, read or judge anything.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

NAMES = ("a", "b", "c", "d")
DEPTH = 3  # levels of blocks within a function
STRESS = int(os.environ.get("STRESS", "0"))


def examples(number: int) -> settings:
    """So many examples, or as many times more as are asked for."""
    return settings(
        max_examples=number * max(STRESS, 1),
        derandomize=not STRESS,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )


# What the programs use. A caller tries each way of going on with what a function made.
PRELUDE = """\
class Quiet:
    def __init__(self, swallows): self.swallows = swallows
    def __enter__(self): return self.swallows
    def __exit__(self, kind, value, traceback): return self.swallows
    async def __aenter__(self):
        await Pause()
        return 1
    async def __aexit__(self, kind, value, traceback):
        await Pause()
        return self.swallows
class Pause:
    def __await__(self):
        got = yield 1
        return got
class Own(Exception):
    pass
def some(n):
    for i in range(n): yield i
    return n
async def later(n):
    for i in range(n):
        await Pause()
        yield i
def drive(made):
    for turn in range(40):
        try:
            made.send(None if turn == 0 else turn)
        except BaseException as error:
            return type(error).__name__
def step(made, how):
    try:
        next(made)
        if how == 1: made.send("sent")
        if how == 2: made.throw(Own("thrown"))
        if how == 3: made.close()
        if how == 4: list(made)
        if how == 5: made.throw(Own("first")); made.throw(ValueError("second"))
    except BaseException as error:
        return type(error).__name__
def call(function, n):
    try:
        return function(n)
    except BaseException as error:
        return type(error).__name__
"""
USES = {
    "plain": "for n in range(3): call(f{0}, n)",
    "generator": "for how in range(6): step(f{0}(how), how)",
    "coroutine": "for n in range(2): drive(f{0}(n))",
}

Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Scope:
    """Where a statement stands."""

    kind: str = "plain"  # of the function
    depth: int = 0  # levels around it
    loops: int = 0  # in the same function
    may_leave: bool = False  # by `break` and `continue`
    may_return: bool = True
    in_handler: bool = False
    number: int = 0  # of the function: it may call those before it

    def within(self, **changes: Any) -> Scope:
        return Scope(**{**self.__dict__, "depth": self.depth + 1, **changes})

    def looped(self) -> Scope:
        return self.within(loops=self.loops + 1, may_leave=True)


class Grammar:
    """Draws statements, as lines without their margin."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw

    def choice(self, options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def name(self) -> str:
        return str(self.choice(NAMES))

    def expression(self, scope: Scope, depth: int = 0) -> str:
        simple = ["0", "1", "-2", "3", "1.5", "'t'", "None", "True", *NAMES, "n"]
        if depth > 1 or self.draw(st.booleans()):
            return str(self.choice(simple))
        one, two = (self.expression(scope, depth + 1) for _ in range(2))
        forms = [
            f"({one} + {two})",
            f"({one} * 2)",
            f"({one} if {two} else n)",
            f"({one} and {two})",
            f"(not {one})",
            f"({one} == {two})",
            f"f'{{{self.name()}!r}} {{n}}'",
            f"({self.name()} := {one})",
            f"10 ** 20 * len([{one}])",
            f"[{self.name()} for {self.name()} in (1, 2) if {one}]",
            f"{{x: {two} for x in range(2)}}",
            f"sum(x for x in range(n + 1) if {one})",
            f"(lambda x, y={one}: x)({two})",
            f"[\n    {one},\n    {two},\n]",
            f"max({one},\n    1)",
            f"1 // ({one})",
        ]
        if scope.number and scope.loops < 2:
            forms += [f"call(f{self.draw(st.integers(0, scope.number - 1))}, 1)"] * 2
        if scope.kind == "generator":
            forms += [f"(yield {one})"] * 3
        if scope.kind == "coroutine":
            forms += ["(await Pause())", "[x async for x in later(2)]"]
        return str(self.choice(forms))

    def block(self, scope: Scope) -> list[str]:
        lines = []
        for _ in range(self.draw(st.integers(1, 3 if scope.depth < 2 else 2))):
            lines += self.statement(scope)
        return [f"    {line}" for line in lines]

    def statement(self, scope: Scope) -> list[str]:
        kinds = [self.assign, self.assign, self.short, self.leave]
        if scope.depth < DEPTH:
            kinds += [self.branch, self.loop, self.attempt, self.managed, self.inner, self.body, self.match]
            kinds += [self.special] * (scope.kind != "plain")
        return list(self.choice(kinds)(scope))

    def assign(self, scope: Scope) -> list[str]:
        target, value = self.name(), self.expression(scope)
        forms = ["{0} = {1}", "{0} += {1}", "{0}, d = {1}, n", "{0} = b = {1}", "n, *{0} = 1, {1}", "e: int = {1}"]
        return str(self.choice(forms)).format(target, value).splitlines()

    def short(self, scope: Scope) -> list[str]:
        name, value = self.name(), self.choice(NAMES)
        return [
            self.choice(
                [
                    f"if {value}: {name} = 1",
                    f"for {name} in (1, 2): {value} = {name}",
                    f"{name} = 1; {value} = {name}",
                    f"{name} += 1; {name} += 1",
                    f"del {name}",
                    f"{value} = {name}; del {name}",
                    f"assert {name}, {value}",
                    "pass",
                    "n -= 1",
                    f"print(end='') or {name}",
                    f"import os as {name}",
                ]
            )
        ]

    def leave(self, scope: Scope) -> list[str]:
        forms = ["raise Own(n)", "raise ValueError from Own(1)", "1 / 0"]
        forms += ["raise"] * scope.in_handler
        forms += ["break", "continue"] * scope.may_leave
        if scope.may_return:
            forms += ["return", "return n", "return (a,\n    b)"]
        return [f"if {self.name()}:", *(f"    {line}" for line in str(self.choice(forms)).splitlines())]

    def branch(self, scope: Scope) -> list[str]:
        lines = [*f"if {self.expression(scope)}:".splitlines(), *self.block(scope.within())]
        if self.draw(st.booleans()):
            lines += [*f"elif {self.expression(scope)}:".splitlines(), *self.block(scope.within())]
        return [*lines, "else:", *self.block(scope.within())] if self.draw(st.booleans()) else lines

    def loop(self, scope: Scope) -> list[str]:
        counter = f"w{scope.depth}"
        if self.draw(st.booleans()):
            lines = [f"{counter} = 2", f"while {counter}:", f"    {counter} -= 1"]
        else:
            lines = [self.choice([f"for {self.name()} in range(2):", "for x, y in [(1, 2), (3, 4)]:"])]
        lines += self.block(scope.looped())
        return [*lines, "else:", *self.block(scope.within())] if self.draw(st.booleans()) else lines

    def attempt(self, scope: Scope) -> list[str]:
        inside = scope.within()
        lines = ["try:", *self.block(inside)]
        form = self.choice(["except", "except", "finally", "both", "group"])
        handler = scope.within(in_handler=True)
        if form == "group":
            handler = handler.within(may_leave=False, may_return=False, depth=DEPTH)
            return [*lines, "except* (Own, ValueError) as error:", *self.block(handler)]
        if form != "finally":
            lines += [self.choice(["except Own as error:", "except Exception:", "except (Own, TypeError):"])]
            lines += self.block(handler)
            if self.draw(st.booleans()):
                lines += ["else:", *self.block(inside)]
        if form != "except":
            lines += ["finally:", *self.block(inside)]
        return lines

    def managed(self, scope: Scope) -> list[str]:
        swallows = self.draw(st.booleans())
        opening = self.choice(
            [
                f"with Quiet({swallows}):",
                f"with Quiet({swallows}) as {self.name()}:",
                f"with Quiet(True), \\\n        Quiet({swallows}):",
            ]
        )
        return [*opening.splitlines(), *self.block(scope.within())]

    def inner(self, scope: Scope) -> list[str]:
        body = self.block(scope.within(kind="plain", loops=scope.loops, may_leave=False, may_return=True))
        shared = self.draw(st.booleans())
        head = [f"def inner(x{'=a' if self.draw(st.booleans()) else ''}):"]
        head += ["    nonlocal a, b"] if shared else ["    a = b = 1"]
        use = self.choice(["inner(1)", "call(inner, 2)", "c = inner", "inner(x=d)"])
        return [*head, "    c = d = n = 2", *body, use]

    def body(self, scope: Scope) -> list[str]:
        name, value = self.name(), self.expression(Scope())
        lines = [
            "class Made:",
            *(f"    {line}" for line in f"b = {value}".splitlines()),
            f"    for i in (1, 2): {name} = i",
            "    d = [x for x in (1, 2)]; del d",
            "    def method(self): return self.b",
        ]
        return [*lines, "a = Made().method()"]

    def match(self, scope: Scope) -> list[str]:
        lines = [*f"match {self.expression(scope)}:".splitlines()]
        cases = ["case 0 | 1:", "case [a, *b]:", "case {'k': c}:", "case str(d):", "case int() if n:", "case None:"]
        for case in self.draw(st.lists(st.sampled_from(cases), min_size=1, max_size=3, unique=True)):
            lines += [f"    {case}", *(f"    {line}" for line in self.block(scope.within(depth=DEPTH)))]
        return lines

    def special(self, scope: Scope) -> list[str]:
        inside = scope.within()
        if scope.kind == "generator":
            return list(
                self.choice(
                    [
                        [f"yield {self.name()}"],
                        [f"{self.name()} = yield n"],
                        [f"{self.name()} = yield from some(2)"],
                        ["yield; n -= 1; yield n"],
                    ]
                )
            )
        form = self.choice(["await Pause()", "for", "with", "yielded"])
        if form == "for":
            return [f"async for {self.name()} in later(2):", *self.block(scope.looped())]
        if form == "with":
            return [f"async with Quiet({self.draw(st.booleans())}):", *self.block(inside)]
        if form == "yielded":
            return ["made = later(2)", f"{self.name()} = await anext(made)", "await made.aclose()"]
        return [f"{self.name()} = await Pause()"]


@st.composite
def programs(draw: Draw) -> str:
    """A module of a few functions, and the calls of them."""
    grammar = Grammar(draw)
    lines = []
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from([*USES]))
        heads = {"plain": "def", "generator": "def", "coroutine": "async def"}
        lines += [f"{heads[kind]} f{number}(n):", "    a, b, c, d = 1, 0, 'c', None"]
        lines += grammar.block(Scope(kind=kind, number=number))
        lines += ["    yield n"] * (kind == "generator")
        lines += [USES[kind].format(number)]
    text = PRELUDE + "\n".join(lines) + "\n"
    assume(compiles(text))
    return text


def compiles(text: str) -> bool:
    """Whether it is Python: what may stand within a comprehension, say, has rules that the grammar does not know."""
    with warnings.catch_warnings(action="ignore"):
        try:
            compile(text, "p.py", "exec")
        except SyntaxError:
            return False
    return True


# A graph of values is a plan: a list of nodes, each of a kind and with its content, in which a number is another node.
Node = tuple[str, Any]
Plan = list[Node]
SCALARS = {
    "none": st.none(),
    "bool": st.booleans(),
    "int": st.integers(-(2**100), 2**100).map(str),
    "float": st.floats().map(repr),
    "str": st.text(st.characters(), max_size=15),
    "bytes": st.binary(max_size=15).map(bytes.hex),
}
CONTAINERS = ("list", "dict", "object", "tuple", "set", "frozenset")


@st.composite
def plans(draw: Draw) -> Plan:
    """Graphs with cycles: what can be changed refers to any node, a tuple to those before it."""
    plan: Plan = []
    size = draw(st.integers(1, 12))
    for number in range(size):
        kind = draw(st.sampled_from([*SCALARS, *CONTAINERS * 2]))
        if kind in SCALARS:
            plan.append((kind, draw(SCALARS[kind])))
        elif kind in ("set", "frozenset"):
            plan.append((kind, draw(st.lists(st.integers(-99, 99), max_size=6, unique=True))))
        elif kind == "tuple":
            plan.append((kind, draw(st.lists(st.integers(0, number - 1), max_size=6)) if number else []))
        else:
            parts = draw(st.lists(st.integers(0, size - 1), max_size=6))
            plan.append((kind, [[f"k{place}", part] for place, part in enumerate(parts)] if kind != "list" else parts))
    return plan


def limits() -> st.SearchStrategy[dict[str, int]]:
    """Limits of values; without one of their depth a graph would be shown in full."""
    some = {"depth": st.integers(1, 4), "items": st.integers(0, 5), "string": st.sampled_from([0, 1, 9, 12])}
    return st.fixed_dictionaries(some)


# What is done to a file, from its end to its beginning: (place, bytes taken away, bytes put there).
Damage = list[tuple[int, int, bytes]]


@st.composite
def damages(draw: Draw, size: int) -> Damage:
    """The damage to a file of so many bytes."""
    place = st.integers(0, size) | st.integers(max(size - 40, 0), size)
    one = st.tuples(place, st.integers(0, 3) | st.integers(0, size), st.binary(max_size=9))
    return sorted(draw(st.lists(one, min_size=1, max_size=4)), reverse=True)


# What changes is shown at every line; `Open` and `Other` may take each other's place.
CHANGING = """\
from collections import OrderedDict, namedtuple
from datetime import date, timedelta
from decimal import Decimal, getcontext
from enum import Enum
from fractions import Fraction
from pathlib import PurePosixPath
class Color(Enum):
    RED = 1
    A_COLOR_OF_A_LONG_NAME_THAT_IS_CUT_WHERE_THERE_IS_LITTLE_ROOM = 2
class Open: pass
class Other: pass
class Slots: __slots__ = ("a", "b", "number")
class Items(list): __slots__ = ("a", "number")
class Text(str): pass
class Buffer(bytearray): pass
class Keys(dict): __slots__ = ("a", "number")
class Wide: __slots__ = tuple(f"a{number}" for number in range(30))
def function(): pass
def filled(thing, *values):
    for field, value in zip(("a", "b", "number"), values): setattr(thing, field, value)
    return thing
def show(it):
    pass
    return it
Pair = namedtuple("Pair", "a b")
def change():
    a = b = c = d = None
"""
FRESH = (
    "None",
    "True",
    "'text' * {number}",
    "'é' * {number}",
    "'{number} \\\\ \\x00'",
    "'x' * 600 + '{number}'",
    "bytes([{number}] * {number})",
    "b'y' * 600 + b'{number}'",
    "bytearray(b'{number}')",
    "{number} / 3",
    "{number} * 1e300",
    "-0.0",
    "{number} << 70",
    "Decimal({number}) / 7",
    "Decimal('{number}E+{number}')",
    "Decimal('1E+9')",
    "'a longer text, which may be secret'",
    "Decimal('1' * 90) * {number}",
    "Color(1 + {number} % 2)",
    "date(2000, 1, 1) + timedelta(days={number})",
    "Fraction({number}, 7)",
    "PurePosixPath('/a', 'folder' * {number}, 'c')",
    "({number}, 'one', {name})",
    "[{name}, {number}]",
    "{{'key': {name}, {number}: b''}}",
    "OrderedDict(one={name})",
    "Open()",
    "Other()",
    "Slots()",
    "Items([{name}])",
    "Text('own{number}')",
    "Buffer(b'own{number}')",
    "Pair({name}, {number})",
    "Keys(key={name})",
    "{{{number}, 'one'}}",
    "frozenset('{number}')",
    "[[{name}], [{number}]]",
    "[Slots(), Open(), {name}]",
    "Keys()",
    "Wide()",
    "filled(Slots(), {number} << 20, {name}, [{number}])",
    "filled(Open(), [{number}], {number} / 7, {name})",
    "filled(Items([{name}]), {number} << 20, 'one')",
    "[filled(Keys(), [], {number})]",
    "4111111111111111",
    "dict.fromkeys(range({number}), {name})",
    "list(range({number}))",
    "'{number}' + str({name})[:8]",
    "{number} + 1000",
    "-{number} - 1 << 60",
    "Open",
    "function",
    "lambda: {name}",
    "'one'.join",
    "password",
    "{name}.__dict__",
    "{name}",
    "{name}",
    "{name}",
)
FREQUENT = ("{name} = {value}", "{name}.{field} = {value}", "{name}.{field} = {number}")
CHANGES = (
    "{name}.{field}[0] = {value}",
    "{name}.{field}[0].append({value})",
    "for number in range({number}): setattr({name}, f'a{{number}}', {value})",
    "show({name})",
    "del {name}.{field}",
    "del {name}",
    "{name} += {value}",
    "{name} *= 2",
    "{name}.append({value})",
    "{name}['key'] = {value}",
    "{name}[0] = {value}",
    "{name}[-1].{field} = {value}",
    "{name}[-1].append({value})",
    "{name}['key'].append({value})",
    "{name}.{field}.{field} = {value}",
    "{name}.{field}.append({value})",
    "{name}.__dict__['{field}'] = {value}",
    "{name}.__dict__ = dict({field}={value})",
    "{name}.pop()",
    "{name}.pop('key')",
    "{name}.popitem()",
    "{name}.setdefault({number}, {value})",
    "{name}.update(key={value})",
    "{name}.update({name})",
    "{name} |= {name}",
    "{name}.clear()",
    "{name}.reverse()",
    "{name}.add({number})",
    "{name}.extend({name})",
    "{name}.insert(0, {value})",
    "{name}[:] = [{value}]",
    "function.__qualname__ = 'function{number}'",
    "Open.__name__ = 'Open{number}'",
    "function.{field} = {value}",
    "Other.{field} = {value}",
    "Open.__bases__ = (Other,)",
    "password = {name}.{field}",
    "{name}.__class__ = Other",
    "Open.{field} = {value}",
    "del Open.{field}",
    "class Open: number = {value}",
    "password = {name}",
    "password = str({value})",
    "getcontext().capitals = {number} % 2",
    "getcontext().capitals = 0",
    "getcontext().prec = {number} + 1",
)


@st.composite
def changes(draw: Draw) -> str:
    """A program whose variables hold all kinds of objects, which change from line to line, or are replaced.

    Of variables, values and changes it has a few, so that those which it has meet each other.
    """

    def some(options: tuple[str, ...], least: int, most: int) -> st.SearchStrategy[str]:
        size = draw(st.integers(least, most))
        return st.sampled_from(draw(st.permutations(options))[:size])

    number, name, field = st.integers(0, 40), some(NAMES, 1, 3), some(("a", "b", "number"), 1, 3)
    fresh, changes = some(FRESH, 5, 20), st.sampled_from(FREQUENT) | some(CHANGES, 5, 20)
    text = CHANGING
    for _ in range(draw(st.integers(20, 80))):
        value = draw(fresh).format(number=draw(number), name=draw(name))
        change = draw(changes)
        line = change.format(name=draw(name), field=draw(field), number=draw(number), value=value)
        text += f"    try:\n        {line}\n    except Exception:\n        pass\n"
    return text + "change()\n"
