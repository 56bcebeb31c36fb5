import importlib.util
import sys
import types

with open("asked.py", "w") as file:
    file.write("def __getattr__(name):\n    print('module asked for', name)\n    raise AttributeError(name)\n")
    file.write("def __dir__():\n    print('module asked for its names')\n    return []\nreal = 1\n")
with open("lazy.py", "w") as file:
    file.write("print('loaded')\nvalue = 5\n")
import asked  # noqa: E402


class Loud(types.ModuleType):
    def __getattribute__(self, name):
        print("loud module", name)
        return super().__getattribute__(name)

    @property
    def answer(self):
        print("computed")
        return 42


def lazily(name):
    spec = importlib.util.find_spec(name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def take(module, others):
    held = module
    return held, others


lazy = lazily("lazy")
for module in (asked, Loud("loud"), lazy, types.ModuleType("empty"), sys.modules[__name__]):
    take(module, [module, {"m": module}])
print("not loaded yet")
print(lazy.value, asked.real)
asked.__class__ = Loud
take(asked, asked)
print(asked.answer)
del asked.__name__
take(asked, asked)
