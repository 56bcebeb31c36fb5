"""What is recorded, as the trace's metadata tell it.

Owns: what Python knows of the process, and its form as JSON. Must not: load what a child process would not have loaded.
"""

from __future__ import annotations

import sys

from codetracer_python_recorder import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType
    from typing import Any


class Subject:
    """The program that is recorded.

    `names` are the absolute names of the file that runs as `__main__`. `code` and `text` are those of a program
    without a file (`-c`, standard input); `text` is kept beside the trace. Where the interpreter has yet to compile it,
    `comes_as` is what its file is called. `module` is the import name of what runs by `-m`. `surroundings` are
    variables of its namespace that are not its own.
    """

    __slots__ = ("arguments", "code", "comes_as", "module", "name", "names", "surroundings", "text")

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        names: Sequence[str],
        code: CodeType | None = None,
        text: str | None = None,
        module: str | None = None,
        surroundings: Sequence[str] = (),
        comes_as: str | None = None,
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.names = names
        self.code = code
        self.comes_as = comes_as
        self.text = text
        self.module = module
        self.surroundings = surroundings


def facts(subject: Subject, cwd: str) -> dict[str, Any]:
    """What the metadata say of a process, but for the policy; `cwd` is its working directory."""
    return {
        "workdir": clean(cwd),
        "program": clean(subject.name),
        "args": [clean(argument) for argument in subject.arguments],
        "recorder": {
            "name": "codetracer_python_recorder",
            "target_script": clean(subject.names[0] if subject.names else subject.name),
            "version": _native.__version__,
        },
        "python": {"version": sys.version.partition(" ")[0], "implementation": sys.implementation.name},
        "platform": sys.platform,
    }


def clean(text: str) -> str:
    """The text as Unicode: what a file name holds beyond it becomes U+FFFD, as in the native module."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
    return text


def as_json(value: object) -> str:
    """The value as JSON, by what `json.dumps` calls: to load that module takes longer than all else of a start."""
    try:
        from _json import encode_basestring_ascii, make_encoder
    except ImportError:
        from json import dumps

        return dumps(value)
    encode = make_encoder(None, repr, encode_basestring_ascii, None, ": ", ", ", False, False, False)
    return "".join(encode(value, 0))
