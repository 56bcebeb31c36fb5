import dataclasses
import sys
import weakref

write = sys.stdout.write


class Slotted:
    __slots__ = ("first", "second", "__weakref__")

    def __getattribute__(self, name):
        write(f"CALLED {name}\n")
        return object.__getattribute__(self, name)


class WithDict(Slotted):
    __slots__ = ("third", "__dict__")


class Replaced:
    __slots__ = ("value",)


class Recorded:
    def __get__(self, instance, owner):
        write("CALLED replaced slot\n")


@dataclasses.dataclass(slots=True, frozen=True)
class Frozen:
    number: int
    others: list = dataclasses.field(default_factory=list)


def take(value, inside):
    held = value
    held = inside
    return held


slotted, mixed, replaced = Slotted(), WithDict(), Replaced()
slotted.first = slotted
mixed.third, mixed.extra = [mixed], {"m": mixed}
Replaced.value = Recorded()
write("-- begin\n")
for value in (slotted, mixed, replaced, Frozen(1), object.__new__(Frozen)):
    take(value, [value, {"v": value}])
slotted.second = 5
take(slotted, slotted)
write("-- end\n")
reference = weakref.ref(slotted)
del slotted.first, slotted, value
take(reference, 1)
print(reference() is None)
