"""What one source of a policy says, key by key, and where.

Owns: a layer, its entries and their origins, as messages name them. Must not: read a source, or judge what stands
in it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codetracer_python_recorder.policy.positions import Path
    from codetracer_python_recorder.policy.schema import Setting

BUNDLED = os.path.join(os.path.dirname(os.path.dirname(__file__)), "policies")
"""The folder of the policies that come with the package."""


class Source:
    """What a value comes from, as messages name it; with its text where that has lines."""

    __slots__ = ("_lines", "name", "section", "text")

    def __init__(self, name: str, text: str | None = None, section: Path = ()) -> None:
        self.name = name
        self.text = text
        self.section = section
        self._lines: dict[Path, int] | None = None

    def place(self, path: Path) -> str:
        """`file:line` of a key or element, of the nearest one above it that is known, or the bare name."""
        if self.text is None:
            return self.name
        if self._lines is None:
            from codetracer_python_recorder.policy.positions import lines  # milliseconds, for what few starts need

            try:
                self._lines = lines(self.text)
            except RecursionError:
                self._lines = {}
        path = (*self.section, *path)
        while path and path not in self._lines:
            path = path[:-1]
        return f"{self.name}:{self._lines[path]}" if path else self.name


class Origin:
    """Where a value in force was set; its text is `place: key`."""

    __slots__ = ("key", "path", "source")

    def __init__(self, source: Source, path: Path, key: str) -> None:
        self.source = source
        self.path = path
        self.key = key

    @property
    def place(self) -> str:
        return self.source.place(self.path)

    def __str__(self) -> str:
        return f"{self.place}: {self.key}"


class Entry:
    """A key as one layer sets it. `elements` are the origins of a list's elements."""

    __slots__ = ("elements", "origin", "value")

    def __init__(self, value: Setting, origin: Origin, elements: tuple[Origin, ...] = ()) -> None:
        self.value = value
        self.origin = origin
        self.elements = elements


class Layer:
    """What one source says: some of the keys.

    `folder` is what relative paths of `extends` start from. `anchor` is what relative globs and a relative
    `activation-path` start from; `None`: the project root.
    """

    __slots__ = ("anchor", "entries", "folder", "name", "path", "sha256")

    def __init__(
        self,
        name: str,
        entries: dict[str, Entry],
        folder: str,
        *,
        anchor: str | None = None,
        path: str | None = None,
        sha256: str | None = None,
    ) -> None:
        self.name = name
        self.entries = entries
        self.folder = folder
        self.anchor = anchor
        self.path = path
        self.sha256 = sha256

    @property
    def bundled(self) -> str | None:
        """The name of a policy that comes with the package."""
        if self.path is None or os.path.dirname(self.path) != BUNDLED:
            return None
        return os.path.basename(self.path).removesuffix(".toml")


def quote(value: object) -> str:
    """A text as messages show it: on one line, in double quotes, not endless."""
    text = value if isinstance(value, str) else str(value)
    if len(text) > 120:
        text = text[:100] + "…"
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import json

    return json.dumps(text, ensure_ascii=not text.isprintable())


def relative(path: str, cwd: str) -> str:
    """The path as messages show it: relative to the working directory where it lies below that."""
    return path.removeprefix(os.path.join(cwd, "")) or path
