import builtins

names = {"__builtins__": {"print": print, "len": len}}
exec("def f(a):\n    b = len(a)\n    return b\nprint(f('abc'))", names)
print(sorted(name for name in names if name != "__builtins__"))
builtins.shared = 5
print(shared)
del builtins.shared
old = builtins.__build_class__


def build(function, name, *bases, **named):
    print("building", name)
    return old(function, name, *bases, **named)


builtins.__build_class__ = build


class Thing:
    def method(self):
        return __name__


print(Thing().method(), len(dir(builtins)) == len(vars(builtins)))
del globals()["__builtins__"]
print(len("still here"))
