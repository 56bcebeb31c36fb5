import functools


class Counted:
    def __init__(self):
        self.gets = self.sets = 0

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        self.gets += 1
        return self if instance is None else instance.__dict__.get(self.name)

    def __set__(self, instance, value):
        self.sets += 1
        instance.__dict__[self.name] = value


class Thing:
    field = counted = Counted()
    opened = 0

    @property
    def expensive(self):
        Thing.opened += 1
        raise RuntimeError("must not be asked")

    @functools.cached_property
    def cached(self):
        Thing.opened += 1
        return "computed"

    @classmethod
    def make(cls):
        made = cls()
        made.field = 5
        return made

    @functools.lru_cache(maxsize=2)  # noqa: B019
    def remembered(self, number):
        return number * 2

    @functools.singledispatchmethod
    def dispatch(self, value):
        return "other"

    @dispatch.register
    def _(self, value: int):
        return "int"


def take(value, inside):
    kept = value
    return kept, inside


thing = Thing.make()
take(thing, [thing, Thing, {"t": thing}])
print(Thing.counted.gets if isinstance(Thing.counted, Counted) else None, Thing.opened, sorted(vars(thing)))
print(thing.cached, thing.cached, Thing.opened, sorted(vars(thing)))
print([thing.remembered(number) for number in (1, 1, 2, 3, 1)], Thing.remembered.cache_info())
print(thing.dispatch(1), thing.dispatch("x"), vars(Thing)["field"].sets, vars(Thing)["field"].gets)
