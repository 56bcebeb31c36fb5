import builtins
import sys

real = builtins.__import__


def noisy(name, *arguments):
    print("import", name)
    return real(name, *arguments)


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        print("find", name)


def hook(path):
    print("hook", path)
    raise ImportError(path)


def work(number):
    import library
    from package import add

    return library.call(add, number, 1)


builtins.__import__ = noisy
sys.meta_path.insert(0, Finder)
sys.path_hooks.insert(0, hook)
print(work(1), work(2))
try:
    import missing_module
except ImportError as error:
    print(error)
raise KeyError("the end")
