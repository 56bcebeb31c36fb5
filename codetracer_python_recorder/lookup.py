"""Where a module lies, found without importing its parents.

Owns: the way from a module's name to its spec. Must not: run the code of a module.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec


def spec_of(name: str, folders: Sequence[str]) -> ModuleSpec | None:
    """The spec of a module as an import finds it. Its first parent is in these folders, or where other finders look."""
    first, *others = name.split(".")
    spec = _find(first, None, folders)
    for part in others:
        spec = inside(spec, part) if spec else None
    return spec


def inside(package: ModuleSpec, name: str) -> ModuleSpec | None:
    """The spec of a module in a package."""
    folders = package.submodule_search_locations
    if folders is None:
        return None
    full_name = f"{package.name}.{name}"
    try:
        return _find(full_name, folders, ())
    except (KeyError, ImportError):  # a package without a file looks its parents up, which are not imported
        spec = type(package)(full_name, None, is_package=True)
        spec.submodule_search_locations = [os.path.join(folder, name) for folder in folders]
        return spec


def _find(name: str, path: Sequence[str] | None, top: Sequence[str]) -> ModuleSpec | None:
    for finder in sys.meta_path:
        is_of_path = path is None and getattr(finder, "__name__", "") == "PathFinder"
        spec = finder.find_spec(name, top if is_of_path else path)
        if spec is not None:
            return spec
    return None
