import sys

sys.setrecursionlimit(120)


def even(number):
    return odd(number - 1)


def odd(number):
    return even(number - 1)


def alone(number):
    return alone(number - 1)


try:
    even(10)
except RecursionError as error:
    depth, entry = 0, error.__traceback__
    while entry:
        depth, entry = depth + 1, entry.tb_next
    print(depth)
alone(5)
