"""Adds numbers.

>>> add(1, 2)
3
>>> print(add.__name__, __name__)
add __main__
>>> add(1, "x")
Traceback (most recent call last):
    ...
TypeError: unsupported operand type(s) for +: 'int' and 'str'
"""

import doctest
import sys

import package.inner


def add(left, right):
    """
    >>> for number in range(2):
    ...     print(add(number, number))
    0
    2
    >>> add(2, 2)
    5
    >>> raise ValueError("unexpected")
    """
    return left + right


print(doctest.testmod(verbose=True))
print(doctest.testmod(package.inner))
print(doctest.run_docstring_examples(add, globals()))
sys.exit(3)
