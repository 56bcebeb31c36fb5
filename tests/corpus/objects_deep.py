import sys


class Node:
    pass


def build(levels):
    items, pair, table, node = [], (), {}, Node()
    for _ in range(levels):
        items, pair, table = [items], (pair,), {"k": table}
        following = Node()
        following.next = node
        node = following
    return items, pair, table, node


source = "def build(levels):\n    v = []\n    for _ in range(levels): v = [v]\n    return v\n"
names = {}
exec(source, names)
values = names["build"](60_000)


def use(value, again):
    held = [value, again]
    return held


def down(level, value):
    return down(level - 1, value) if level else value


shallow = build(50)
use(values, shallow)
sys.setrecursionlimit(3000)
print(down(2000, values) is values, len(use(values, values)))
cause = None
for number in range(500):
    error = ValueError(number)
    error.__cause__ = error.__context__ = cause
    cause = error
use(cause, [cause])
group = ValueError("innermost")
for number in range(200):
    group = ExceptionGroup(str(number), [group])
use(group, [group])
union = int
for number in range(200):
    union = list[union]
use(union, [union])
del values
print("unwound")
