import sys

write = sys.stdout.write


class Asked:
    def __getattr__(self, name):
        write(f"CALLED getattr {name}\n")
        raise AttributeError(name)


class Guarded:
    def __init__(self):
        object.__setattr__(self, "hidden", 1)

    def __getattribute__(self, name):
        write(f"CALLED getattribute {name}\n")
        return object.__getattribute__(self, name)

    def __dir__(self):
        write("CALLED dir\n")
        return []


class OwnDict:
    @property
    def __dict__(self):
        write("CALLED dict\n")
        return {}

    @property
    def __class__(self):
        write("CALLED class\n")
        return dict


class Odd:
    """Its dictionary is another one's, with keys that are no names."""


class Names(dict):
    def __getitem__(self, name):
        write(f"CALLED names {name}\n")
        return dict.__getitem__(self, name)

    __iter__ = keys = items = values = lambda self: write("CALLED names\n") or iter(())


def take(value, inside):
    found = value
    found = inside
    return found


odd, shared = Odd(), Odd()
odd.__dict__ = Names(a=1)
odd.__dict__[5] = "five"
shared.__dict__ = odd.__dict__
write("-- begin\n")
for value in (Asked(), Guarded(), OwnDict(), odd, shared):
    take(value, [value, {"v": value}])
write("-- end\n")
print(Guarded().hidden, isinstance(OwnDict(), dict), vars(odd) is vars(shared), odd.a)
