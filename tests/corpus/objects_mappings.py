import collections
import types


class Mapping:
    def __init__(self):
        self.names = {}

    def __getitem__(self, name):
        print("get", name)
        return self.names[name]

    def __setitem__(self, name, value):
        print("set", name)
        self.names[name] = value

    def __delitem__(self, name):
        print("delete", name)
        del self.names[name]


class Broken(Mapping):
    def __getitem__(self, name):
        if name == "broken":
            raise ValueError("from the mapping")
        return super().__getitem__(name)

    def keys(self):
        raise RuntimeError("must not be asked")

    __iter__ = __len__ = keys


CODE = """
first = 1
second = first + 1
for number in range(2):
    third = number
del first
def inner(): return second
names = [second for _ in "a"]
try:
    print(missing)
except NameError as error:
    print(error)
"""
code = compile(CODE, __file__, "exec")
for kind in (Mapping, Broken, collections.OrderedDict, collections.ChainMap):
    names = kind()
    exec(code, {"__name__": "inside"}, names)
try:
    exec("x = broken\n", {}, Broken())
except ValueError as error:
    print(error)


class Globals(dict):
    def __getitem__(self, name):
        print("global", name)
        return super().__getitem__(name)

    def __missing__(self, name):
        return f"missing {name}"


exec(compile("a = 1\nb = a\nprint(b)\n", __file__, "exec"), Globals(print=print))
print(eval("undefined_name", {}, Globals()), eval("[x for x in (1, 2)]", Globals()))
made = types.new_class("Made", (), {}, lambda names: names.update(one=1, two=[2]))
print(made.two, sorted(type(made.__dict__).__name__))
