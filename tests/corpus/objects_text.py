import sys

write = sys.stdout.write


class Loud:
    def __repr__(self):
        write("CALLED repr\n")
        return "loud"

    def __str__(self):
        write("CALLED str\n")
        raise ValueError("no text")

    def __format__(self, how):
        write("CALLED format\n")
        return 5

    def __bytes__(self):
        write("CALLED bytes\n")
        return b""

    def __fspath__(self):
        write("CALLED fspath\n")
        return "x"


class LoudText(str):
    __repr__ = Loud.__repr__
    __str__ = Loud.__str__
    __len__ = lambda self: write("CALLED len\n") and 1
    __iter__ = lambda self: write("CALLED iter\n") and iter("x")
    encode = lambda self, *how: write("CALLED encode\n") and b""


class LoudBytes(bytes):
    __repr__ = Loud.__repr__
    __len__ = LoudText.__len__


def take(value, inside, keyed):
    again = value
    wrapped = [value, (value, inside)]
    return again if wrapped else keyed


for value in (Loud(), LoudText("text"), LoudBytes(b"b")):
    take(value, [value] * 3, {"key": value, 1: {value.__class__: value}})
write("-- explicitly\n")
print(take(Loud(), 1, 2), [LoudText("a")])
