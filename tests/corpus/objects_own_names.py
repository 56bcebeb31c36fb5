"""Names whose class is the program's own: in namespaces, instances, classes."""

import weakref


class Name(str):
    """Tells when it goes, and when it is compared."""

    __slots__ = ("__weakref__", "looks_like")

    def __hash__(self):
        return hash(getattr(self, "looks_like", str(self)))

    def __eq__(self, other):
        print("compared with", other)
        return str.__eq__(self, other)

    def __del__(self):
        print("gone:", str.__str__(self))


class Ordinary:
    pass


def like(name):
    """One that a look-up of this name has to compare."""
    key = Name("other")
    key.looks_like = name
    return key


def held(thing):
    first = thing
    second = first
    return second is thing


def step(label):
    print(label)


names = globals()
names[Name("first")] = 1
watched = weakref.ref(next(key for key in names if type(key) is Name))
step("a name in a namespace")
names.pop("first")
step(watched())

instance = Ordinary()
instance.__dict__[Name("attribute")] = 1
held(instance)
instance.__dict__.clear()
step("an attribute was deleted")
held(instance)


class Renamed:
    pass


Renamed.__name__ = Name("Called")
held(Renamed())
Renamed.__name__ = "Renamed"
step("a class was renamed")
held(Renamed())

Pair = type("Pair", (tuple,), {like("_fields"): 1})
held(Pair())
space = {like("__name__"): 1}
exec("def function(number):\n    return number\n", space)
print(space["function"](3))

large = bytes(50_000_000)


class Last(str):
    __hash__ = str.__hash__

    def __del__(self):
        names.pop("large", None)


names[Last("last")] = 1
del names["last"]
number = 4
print("end", number)
