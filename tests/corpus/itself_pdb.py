import pdb


def inner(number):
    doubled = number * 2
    return doubled


def outer(numbers):
    total = 0
    for number in numbers:
        total += inner(number)
    return total


print(pdb.Pdb(nosigint=True).runcall(outer, [1, 2, 3]))
