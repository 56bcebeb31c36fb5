import warnings

import library


def inner():
    for level in (1, 2, 3, 9):
        warnings.warn(f"level {level}", stacklevel=level)


def outer():
    inner()


outer()
library.warn("library", 1)
library.warn("library", 2)
library.call(library.warn, "through", 3)
for _ in range(2):
    warnings.warn("only once", DeprecationWarning)
warnings.warn_explicit("explicit", UserWarning, "file.py", 12)
print(sorted(str(key[0]) for key in __warningregistry__ if key != "version"))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    outer()
    print([(str(entry.message), entry.lineno, entry.filename == __file__) for entry in caught])
warnings.showwarning = lambda message, kind, file, line, *rest: print("shown", message, kind.__name__, line)
warnings.warn("by hook")
warnings.simplefilter("error")
warnings.warn("as error", ImportWarning)
