"""How a command's answer looks: in colours on a terminal, as plain text elsewhere, as JSON where that is asked for.

Owns: the colours, the columns, the layout of JSON. Must not: know what is shown, but for a policy's comments, which are
faint.
"""

from __future__ import annotations

import json
import os
import sys

from codetracer_python_recorder.errors import RecorderError
from codetracer_python_recorder.policy.show import document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

_CODES = {"good": "32", "bad": "31", "strong": "1", "faint": "2"}


def answered(answer: Callable[[], int]) -> int:
    """Run what prints an answer; that nobody reads it to its end is no mistake. `RecorderError` if it has no place."""
    if sys.stdout is None:
        raise RecorderError("the answer cannot be written: standard output is closed")
    try:
        status = answer()
        sys.stdout.flush()
    except OSError as error:
        if error.filename is not None:  # of a file that was read
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # where the interpreter flushes at its end
        if isinstance(error, BrokenPipeError):
            return 0
        raise RecorderError(f"the answer cannot be written: {error.strerror}") from None
    return status


def painted(text: str, style: str) -> str:
    """The text in a style (`good`, `bad`, `strong`, `faint`), where standard output is a terminal that wants it."""
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    if plain or not text or not sys.stdout.isatty():
        return text
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def columns(rows: Iterable[Sequence[object]], *, indent: str = "  ", numbers: int = 0) -> list[str]:
    """Rows as lines, every column but the last as wide as its widest cell; the first `numbers` to the right."""
    texts = [[str(cell) for cell in row] for row in rows]
    if not texts:
        return []
    widths = [max(len(row[place]) for row in texts) for place in range(len(texts[0]) - 1)]
    lines = []
    for row in texts:
        cells = [
            cell.rjust(width) if place < numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        lines.append(f"{indent}{'  '.join([*cells, row[-1]])}".rstrip())
    return lines


def print_json(value: object) -> None:
    """Print a value as JSON, for machines."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_document(described: Mapping[str, Any]) -> None:
    """Print a policy, as `Policy.metadata` gives it, as TOML."""
    for line in document(described):
        text, mark, comment = line.partition("  # ") if not line.startswith("#") else ("", "", line)
        print(text + painted(mark + comment, "faint"))
