"""The built-in names as they were before the program ran.

A module of ours that does something while or after the program runs begins with `__builtins__ = BUILTINS`: what the
program puts in the place of `isinstance` or `__import__` is then not called by us. A function takes its built-in names
from its module's `__builtins__` when it is made (CPython's Objects/funcobject.c).

Owns: that copy. Must not: grow.
"""

from __future__ import annotations

import builtins

BUILTINS = type(builtins)("builtins")
BUILTINS.__dict__.update(vars(builtins))
