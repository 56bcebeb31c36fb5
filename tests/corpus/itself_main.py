"""A docstring."""

import __main__
import builtins
import sys

print(__main__ is sys.modules["__main__"], __main__.__dict__ is globals(), vars() is globals())
for name in list(globals()):
    value = globals()[name]
    print(name, type(value).__name__, repr(value) if isinstance(value, str | None) else "")
print(__builtins__ is builtins, type(__builtins__), __annotations__ if "__annotations__" in globals() else "none")
print(__loader__.name, __loader__.path, __loader__.is_package("__main__"), __spec__)
print(__loader__.get_source("__main__")[:18], __loader__.get_filename("__main__"))
number: int = 1
print(__main__.__annotations__, __name__, __package__, __doc__, vars().get("__cached__", "none"))
print(repr(__main__))
