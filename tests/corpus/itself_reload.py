import importlib
import os
import sys

with open("changing.py", "w") as file:
    file.write("def version():\n    return 1\n")
import changing  # noqa: E402

old = changing.version
print(old(), changing.__name__)
with open("changing.py", "w") as file:
    file.write("\n\nnumber = 20\n\n\ndef version():\n    local = number + 2\n    return local\n")
os.utime("changing.py", (1, 1))
importlib.invalidate_caches()
again = importlib.reload(changing)
print(again is changing, old(), changing.version(), old is changing.version)
del sys.modules["changing"]
import changing as fresh  # noqa: E402

print(fresh is changing, fresh.version(), old.__code__.co_firstlineno, fresh.version.__code__.co_firstlineno)
importlib.reload(sys.modules["library"] if "library" in sys.modules else importlib.import_module("library"))
try:
    importlib.reload(sys.modules["__main__"])
except (ImportError, ModuleNotFoundError) as error:
    print(type(error).__name__, error)
