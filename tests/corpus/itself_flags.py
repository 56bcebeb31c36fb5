import sys
import warnings

print(sys.flags)
print(sys._xoptions, sys.warnoptions, __debug__)
print([entry[:1] + entry[2:3] + entry[4:] for entry in warnings.filters if entry[0] != "ignore"])
print(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors(), sys.stdout.encoding)


def documented():
    """Only here without -OO."""
    assert sys.argv == [], "asserts are on"


print(documented.__doc__)
try:
    documented()
except AssertionError as error:
    print(error)
