import io
import itertools

log = []


class Loud:
    def __iter__(self):
        log.append("iter")
        return self

    def __next__(self):
        log.append("next")
        raise StopIteration

    def __getitem__(self, index):
        log.append(f"getitem {index}")
        raise IndexError

    def __reversed__(self):
        log.append("reversed")
        return self

    def keys(self):
        log.append("keys")
        return []

    items = values = copy = tolist = __array__ = keys


LoudList = type(
    "LoudList", (list,), {name: getattr(Loud, name) for name in ("__iter__", "__getitem__", "__reversed__")}
)
LoudDict = type(
    "LoudDict", (dict,), {name: getattr(Loud, name) for name in ("__iter__", "__getitem__", "keys", "items")}
)


def take(value):
    again = value
    inside = [value, {"value": value}]
    return again, inside


for value in (Loud(), LoudList([1, 2]), LoudDict(a=1)):
    take(value)
print(log)


def numbers():
    yield from range(5)


iterators = {
    "list": iter([1, 2, 3]),
    "map": map(str, [1, 2]),
    "zip": zip("ab", "cd"),
    "filter": filter(None, [0, 1]),
    "generator": numbers(),
    "count": itertools.count(),
    "reversed": reversed([1, 2]),
    "dict": iter({1: 2}),
    "set": iter({1}),
    "file": io.StringIO("one\ntwo\n"),
    "enumerate": enumerate("ab"),
    "tee": itertools.tee([1, 2])[0],
    "call": iter(lambda: 1, 2),
    "groupby": itertools.groupby("aab"),
}
for name, iterator in iterators.items():
    take(iterator)
    print(name, next(iterator) if name != "groupby" else next(iterator)[0])
