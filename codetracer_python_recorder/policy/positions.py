"""Where the keys and elements of a TOML document stand: TOML parsers give values without their lines.

Owns: the way from a path of keys and indexes to a line. Must not: judge the text; it is known to be sound TOML, and
what would not be is passed over.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    type Path = tuple[str | int, ...]
    """The keys and indexes that lead to a value, as they are written."""

_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_KEY = re.compile(r"""[ \t]*(?:([A-Za-z0-9_-]+)|"((?:[^"\\\n]|\\.)*+)"|'([^'\n]*)')[ \t]*""")
_SCALAR = re.compile(
    r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']++|'{1,2}(?!'))*+'{3,5}"
    r'|"(?:[^"\\\n]++|\\.)*+"'
    r"|'[^'\n]*+'"
    r"|[^,\]}\r\n#]++",
    re.DOTALL,
)


def lines(text: str) -> dict[Path, int]:
    """The line (from 1) of each key, table and element of a sound document.

    `RecursionError` where arrays lie in each other deeper than the interpreter's stack.
    """
    scanner = _Scanner(text)
    try:
        scanner.document()
    except _LostError:  # a reading of TOML that the parser does not share: places without a line, never a wrong answer
        pass
    return scanner.found


class _LostError(Exception):
    """The text goes on as this module does not expect."""


class _Scanner:
    """Walks once through the text, from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self.last: dict[Path, int] = {}  # of each array of tables: the index of the element that was opened last
        self.line = 1
        self.counted = 0  # up to here line ends are in `line`

    def document(self) -> None:
        table: Path = ()
        while self.blank() < len(self.text):
            table = self.header() if self.text[self.at] == "[" else self.pair(table)

    def header(self) -> Path:
        """`[a.b]` or `[[a.b]]`: the table that is open from here on."""
        start = self.at
        double = self.text.startswith("[[", start)
        self.at += 1 + double
        *above, name = self.keys()
        table: Path = ()
        for part in above:
            table = (*table, part)
            self.found_at(table, start)
            table = self.opened(table)
        table = (*table, name)
        self.found_at(table, start)
        if double:
            self.last[table] = self.last.get(table, -1) + 1
            table = (*table, self.last[table])
            self.found_at(table, start)
        self.expect("]]" if double else "]")
        return table

    def opened(self, table: Path) -> Path:
        """The table itself, or the element of an array of tables that was opened last."""
        return (*table, self.last[table]) if table in self.last else table

    def pair(self, table: Path) -> Path:
        """`a.b = value`; the table it stands in."""
        start = self.at
        path = table
        for part in self.keys():
            path = (*path, part)
            self.found_at(path, start)
        self.expect("=")
        self.blank()
        self.value(path)
        return table

    def value(self, path: Path) -> None:
        opening = self.text[self.at : self.at + 1]
        if opening == "[":
            self.elements(path)
        elif opening == "{":
            self.at += 1
            while self.blank_to("}"):
                self.pair(path)
                self.comma("}")
        elif scalar := _SCALAR.match(self.text, self.at):
            self.at = scalar.end()
        else:
            raise _LostError

    def elements(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self.blank_to("]"):
            self.found_at((*path, index), self.at)
            self.value((*path, index))
            self.comma("]")
            index += 1

    def keys(self) -> list[str]:
        """The parts of a dotted key."""
        parts: list[str] = []
        while not parts or self.text.startswith(".", self.at):
            self.at += bool(parts)
            key = _KEY.match(self.text, self.at)
            if key is None:
                raise _LostError
            self.at = key.end()
            bare, basic, literal = key.groups()
            if basic is not None and "\\" in basic:
                basic = basic.encode("latin-1", "backslashreplace").decode("unicode_escape")
            parts.append(bare or basic or literal or "")
        return parts

    def blank(self) -> int:
        """Over blanks, line ends and comments; where they end."""
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        return self.at

    def blank_to(self, closing: str) -> bool:
        """False at the closing bracket, which is taken."""
        if self.text.startswith(closing, self.blank()):
            self.at += 1
            return False
        return True

    def comma(self, closing: str) -> None:
        """Over the comma between two elements; the last one may have none."""
        if not self.text.startswith(closing, self.blank()):
            self.expect(",")

    def expect(self, text: str) -> None:
        if not self.text.startswith(text, self.at):
            raise _LostError
        self.at += len(text)

    def found_at(self, path: Path, at: int) -> None:
        self.line += self.text.count("\n", self.counted, at)
        self.counted = max(self.counted, at)
        self.found.setdefault(path, self.line)
