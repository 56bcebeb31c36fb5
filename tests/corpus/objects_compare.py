import sys

write = sys.stdout.write


def loud(name, result):
    def method(self, *arguments):
        write(f"CALLED {name}\n")
        return result

    return method


class Loud:
    __eq__, __ne__, __lt__, __le__ = (loud(name, True) for name in ("eq", "ne", "lt", "le"))
    __bool__, __len__, __contains__ = loud("bool", False), loud("len", 3), loud("contains", True)
    __hash__ = loud("hash", 7)


class Unhashable(str):
    __hash__ = None

    def __eq__(self, other):
        raise ValueError("not comparable")


class Ambiguous:
    def __bool__(self):
        raise ValueError("ambiguous, as an array")

    def __eq__(self, other):
        return self


def take(value, *rest, **named):
    first = value
    second = first
    pair = first, second
    return pair


loud_one, other = Loud(), Unhashable("key")
write("-- begin\n")
for value in (loud_one, other, Ambiguous()):
    take(value, value, value, named=value, other=[value, value])
value = other
value = Ambiguous()
value = Ambiguous()
write("-- a dictionary\n")
table = {loud_one: 1}
take(table)
table[Loud()] = 2
take(table, {frozenset({loud_one})})
write("-- end\n")
print(table.get(Loud()), len(table), loud_one == 3)
