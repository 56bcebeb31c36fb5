def add(left, right):
    """Adds.

    >>> add(1, 2)
    3
    >>> add(1, 2)
    4
    """
    return left + right
