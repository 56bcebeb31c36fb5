"""What the interpreter finds wrong with a file's source where `compile` finds or words something else.

The interpreter reads a file line by line as it goes; `compile` has all of it at once.

Owns: which of the two a program's error is told as. Must not: be loaded for a source that compiles and is UTF-8.
"""

from __future__ import annotations

import re
import sys
import warnings
from _ast import PyCF_ONLY_AST
from codecs import BOM_UTF8

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Since 3.14 such errors tell their place.
_IS_PLACED = sys.version_info >= (3, 14)


def of_file(error: Exception | None, source: bytes, filename: str) -> Exception | None:
    """The interpreter's error for a file of this source, which `compile` has this error for, or none."""
    if error and not isinstance(error, SyntaxError | UnicodeDecodeError):
        return error
    if problem := _cannot_be_decoded(source):
        return SyntaxError(problem, (filename, 0, -1, None)) if _IS_PLACED else SyntaxError(problem)
    at = _first_wrong_byte(source)
    if at is None:
        is_of_coding = error and not _IS_PLACED and error.args[0].startswith("encoding problem: ")
        return SyntaxError(error.args[0]) if error and is_of_coding else error
    begin = source.rfind(b"\n", 0, at) + 1
    was_read = not _IS_PLACED and source[at] != 0  # else `compile` has looked for it first, and warned of nothing
    with warnings.catch_warnings(record=was_read):
        first = _found_before(source[:begin], filename)
    if first:
        return first
    line = source.count(b"\n", 0, at) + 1
    if source[at] == 0:
        text = source[begin:at].decode(errors="replace")
        return SyntaxError("source code cannot contain null bytes", (filename, line, 0, text))
    place = []
    if _IS_PLACED:
        line = line if line > 2 else 1  # the first two are read together, to find the coding
        with warnings.catch_warnings(record=True):
            found = _error(source.replace(b"\0", b" "), filename)
        if found:
            place = [(filename, line, found.offset, found.text, line, found.end_offset)]
    problem = (
        f"Non-UTF-8 code starting with '\\x{source[at]:02x}' in file {filename} on line {line}, "
        "but no encoding declared; see https://peps.python.org/pep-0263/ for details"
    )
    return SyntaxError(problem, *place)


def _error(source: bytes, filename: str) -> SyntaxError | None:
    """What the parser finds wrong."""
    try:
        compile(source, filename, "exec", PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        return error.with_traceback(None)
    except Exception:  # it cannot be decoded, or is too deep
        return None
    return None


def _cannot_be_decoded(source: bytes) -> str | None:
    """What is wrong with the declared coding, or with what follows it by that; UTF-8 is read as it is."""
    coding = _coding(source)
    if coding is None or _is_said_to_be_utf8(source):
        return None
    name = coding[1].decode()
    try:
        source[coding.end() :].decode(name)
    except Exception as error:  # whatever a codec raises
        problem = f"unknown encoding: {name}" if isinstance(error, LookupError) else str(error)
        return problem if _IS_PLACED else f"encoding problem: {name}"
    return None


def _first_wrong_byte(source: bytes) -> int | None:
    """Where a file cannot be read on: a null byte, or what is no UTF-8, if no other coding is declared.

    Before 3.14 what is said to be UTF-8 is taken for it.
    """
    null = source.find(b"\0")
    places = [null] if null >= 0 else []
    is_checked = _IS_PLACED if _is_said_to_be_utf8(source) else not _coding(source)
    if is_checked:
        try:
            source.decode()
        except UnicodeDecodeError as wrong:
            places.append(wrong.start)
    return min(places, default=None)


def _coding(source: bytes) -> re.Match[bytes] | None:
    """The line that declares a coding, with what precedes it (PEP 263)."""
    declared = rb"(?:[ \t\f]*(?:#.*)?\r?\n)?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+).*"
    return re.match(declared, source.removeprefix(BOM_UTF8))


def _is_said_to_be_utf8(source: bytes) -> bool:
    coding = _coding(source)
    is_declared = coding and re.match(rb"utf[-_]8(?:$|[-_])", coding[1], re.IGNORECASE)
    return bool(is_declared) or source.startswith(BOM_UTF8)


def _found_before(lines: bytes, filename: str) -> SyntaxError | None:
    """What is wrong with these lines, if the interpreter tells it without reading on.

    So it does of what its tokenizer finds, and of an indent; before it tells of anything else it reads the file to its
    end (`Parser/pegen_errors.c`).
    """
    error = _error(lines, filename)
    if error is None:
        return None
    is_indent = error.args[0] in ("unexpected indent", "unexpected unindent")
    return error if is_indent or _is_the_tokenizers(lines) else None


def _is_the_tokenizers(lines: bytes) -> bool:
    import _tokenize  # type: ignore[import-not-found]  # what the library's `tokenize` stands on

    try:
        list(_tokenize.TokenizerIter(_read(lines).__next__, extra_tokens=False))
    except SyntaxError:
        return True
    except Exception:  # it asks for the line that cannot be read
        return False
    return False


def _read(lines: bytes) -> Iterator[str]:
    coding = _coding(lines)
    text = lines.decode(coding[1].decode() if coding else "utf-8-sig", "replace")
    for line in text.split("\n")[:-1]:
        yield line + "\n"
    raise EOFError("the next one cannot be read")
