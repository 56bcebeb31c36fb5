import copy
import json
import pickle
import sys

LEVELS = 12_000
levels = [[]]
levels += (levels[-1:] for _ in range(LEVELS))


def least(function):
    """The nesting at which a function of C gives up."""
    low, high = 1, LEVELS
    while low < high:
        middle = (low + high) // 2
        try:
            function(levels[middle])
        except RecursionError:
            high = middle
        else:
            low = middle + 1
    return low


print(least(repr), least(json.dumps), least(lambda value: value == copy.copy(value)))
print(least(pickle.dumps), least(copy.deepcopy), sys.getrecursionlimit())
