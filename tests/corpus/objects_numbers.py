import sys

write = sys.stdout.write
NAMES = "index int float complex bool trunc round floor ceil length_hint len sizeof neg abs add radd"


def loud(name):
    def method(self, *arguments):
        write(f"CALLED {name}\n")
        return 1

    return method


METHODS = {f"__{name}__": loud(name) for name in NAMES.split()}
Number = type("Number", (), METHODS)
Whole = type("Whole", (int,), METHODS)
Real = type("Real", (float,), METHODS)
Pair = type("Pair", (complex,), METHODS)


class Broken:
    def __index__(self):
        raise MemoryError

    def __len__(self):
        return -1

    def __length_hint__(self):
        raise SystemExit(9)


def take(value, inside):
    count = value
    for _ in range(2):
        count = value, inside
    return count


write("-- begin\n")
for value in (Number(), Whole(5), Whole(10**30), Real(1.5), Pair(1j), Broken(), True, -0.0):
    take(value, [value, {value.__class__.__name__: value}])
write("-- end\n")
print(len(Number()), Whole(3) + 1, range(5)[Number()], int(Whole(4)))
