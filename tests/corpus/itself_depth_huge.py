import sys


def down(level):
    return down(level - 1) + 1 if level else 0


def stack(level):
    yield level
    if level:
        yield from stack(level - 1)


sys.setrecursionlimit(1_000_000)
print(down(30_000))
print(sum(stack(60)))
