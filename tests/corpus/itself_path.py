import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
print([os.path.relpath(entry, here) if entry.startswith(here) else entry for entry in sys.path])
print([type(finder).__name__ if not isinstance(finder, type) else finder.__name__ for finder in sys.meta_path])
print([hook.__name__ for hook in sys.path_hooks])
print(sorted(sys.path_importer_cache))
print(sys.path[0] == here, sys.flags.safe_path, sys.dont_write_bytecode, sys.pycache_prefix)
import library  # noqa: E402

print(library.value, library.__file__ == os.path.join(here, "library.py"), vars(library).get("__cached__", "none").startswith((here, "none")))
