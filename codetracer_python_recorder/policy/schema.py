"""The keys of a policy: the one place where a key is defined.

Owns: each key's name, type, default, help and example, and what follows from them: what the checker expects, the
command line's flags, the names of the environment variables, and the reference tables in `docs/policy.md`
(`python -m codetracer_python_recorder.policy.schema docs/policy.md` puts it there; without the path it is printed).
Must not: read any source of a policy.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    type Kind = Literal["string", "strings", "integer", "boolean", "tables"]

    type Table = dict[str, str | int]
    """One of the tables of a list: a rule."""
    type Setting = str | int | bool | list[str] | list[Table] | None
    """What a key is set to; `None`: nothing is said."""

LARGEST = 2**63 - 1
"""The largest integer that TOML has."""

PREFIX = "CODETRACER_"
"""What the names of the environment variables start with."""


class Key:
    """One key of a policy.

    `name` is dotted where the key stands in a table. `choices` are the values allowed, if not all of the type are.
    `pattern` is the language that the value, or a list's elements, are patterns of: `path`, `module`, `function`,
    `name`, or none. `flags` are its spellings on the command line; a key without any is set there by
    `--config 'key = value'`.
    """

    __slots__ = ("choices", "default", "example", "flags", "help", "kind", "metavar", "name", "pattern")

    def __init__(
        self,
        name: str,
        kind: Kind,
        default: Setting,
        help: str,
        example: str,
        *,
        choices: tuple[str, ...] = (),
        pattern: str = "",
        flags: tuple[str, ...] = (),
        metavar: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.help = help
        self.example = example
        self.choices = choices
        self.pattern = pattern
        self.flags = flags
        self.metavar = metavar

    @property
    def variable(self) -> str:
        """The environment variable that sets the key."""
        return PREFIX + self.name.upper().replace("-", "_").replace(".", "_")

    @property
    def extended(self) -> str:
        """The list that this key adds to; empty if it is not an `extend-` key."""
        return self.name.removeprefix("extend-") if self.name.startswith("extend-") else ""

    @property
    def is_appended(self) -> bool:
        """Whether a layer adds to the list that it finds, instead of replacing it."""
        return bool(self.extended) or self.pattern == "name"

    @property
    def expected(self) -> str:
        """What an error message says should have stood there."""
        if self.choices:
            return " or ".join(f'"{choice}"' for choice in self.choices)
        if self.kind == "integer":
            return "an integer, 0 or more; 0 = no limit"
        if self.kind == "boolean":
            return "true or false"
        if self.kind == "tables":
            return f"a list of tables, as [[{self.name}]]"
        return f"{'a list of strings' if self.kind == 'strings' else 'a string'}, as {self.example}"


SECRET_NAMES = [
    "password", "passwd", "passwords", "pwd", "passphrase", "passcode", "secret", "secrets", "credential",
    "credentials", "authorization", "api_key", "access_key", "secret_key", "private_key", "signing_key",
    "encryption_key", "ssh_key", "account_key", "*_token", "bearer", "jwt", "cookie", "cookies", "session_id",
    "sessionid", "connection_string", "cvv", "cvc", "card_number", "credit_card", "ssn", "social_security", "otp",
    "totp", "pin_code", "=pin", "=pw", "=pass", "=auth", "=salt", "=creds",
]  # fmt: skip
"""Names that tell of a secret in every program."""

KEYS = (
    Key(
        "extends",
        "strings",
        [],
        "policies that stand just below this one: bundled names, or paths relative to the file",
        '["../ci/base.toml"]',
    ),
    Key(
        "trace-dir",
        "string",
        "trace-out",
        "folder for the trace, relative to the working directory",
        '"trace-out"',
        flags=("-o", "--trace-dir", "--out-dir"),
        metavar="DIR",
    ),
    Key(
        "format",
        "string",
        "binary",
        "form of the event stream: trace.bin or trace.json",
        '"json"',
        choices=("binary", "json"),
        flags=("--format",),
        metavar="FORMAT",
    ),
    Key(
        "activation-path",
        "string",
        None,
        "recording begins when this file first runs (default: the script)",
        '"app/main.py"',
        flags=("--activation-path",),
        metavar="FILE",
    ),
    Key(
        "with-diff",
        "boolean",
        False,
        "the caller's wish for a diff, passed on in the metadata",
        "true",
        flags=("--with-diff",),
    ),
    Key(
        "include",
        "strings",
        None,
        "which of your own files (default: all below the project root)",
        '["app/**"]',
        pattern="path",
        flags=("--include",),
        metavar="GLOB",
    ),
    Key(
        "exclude",
        "strings",
        [],
        "files not to record; beats include",
        '["**/generated/**"]',
        pattern="path",
        flags=("--exclude",),
        metavar="GLOB",
    ),
    Key(
        "extend-include",
        "strings",
        [],
        "added to the include in force",
        '["../shared/**"]',
        pattern="path",
        flags=("--extend-include",),
        metavar="GLOB",
    ),
    Key(
        "extend-exclude",
        "strings",
        [],
        "added to the exclude in force",
        '["*_pb2.py"]',
        pattern="path",
        flags=("--extend-exclude",),
        metavar="GLOB",
    ),
    Key(
        "packages",
        "strings",
        [],
        'installed and standard modules to record ("**" = all)',
        '["requests", "json"]',
        pattern="module",
        flags=("--packages",),
        metavar="GLOB",
    ),
    Key(
        "extend-packages",
        "strings",
        [],
        "added to the packages in force",
        '["urllib3"]',
        pattern="module",
        flags=("--extend-packages",),
        metavar="GLOB",
    ),
    Key(
        "record",
        "string",
        "lines",
        "of code that is recorded: calls and lines, or calls alone",
        '"calls"',
        choices=("lines", "calls"),
    ),
    Key(
        "rules",
        "tables",
        [],
        "finer decisions, in order; of each action the last matching rule decides",
        '[{ path = "app/gen/**", record = "calls" }]',
    ),
    Key(
        "redact.names",
        "strings",
        SECRET_NAMES,
        "names whose values are hidden; each layer adds to them",
        '["*_ticket", "=pin"]',
        pattern="name",
    ),
    Key(
        "redact.allow",
        "strings",
        [],
        "names that are not hidden after all; each layer adds to them",
        '["csrf_token"]',
        pattern="name",
    ),
    Key("redact.detect", "boolean", True, "hide what looks like a secret, too", "false"),
    Key("redact.enabled", "boolean", True, "hide anything at all", "false"),
    Key("limits.depth", "integer", 1, "levels of a value that are opened", "5"),
    Key("limits.items", "integer", 20, "items of a container, attributes of an object", "100"),
    Key("limits.string", "integer", 200, "characters of a str, bytes of bytes", "2000"),
    Key("limits.value-bytes", "integer", 16384, "bytes of one variable's value, as JSON text", "65536"),
    Key(
        "limits.output-bytes",
        "integer",
        1048576,
        "bytes of captured text per stream: what comes later in it is left out",
        "0",
    ),
    Key(
        "limits.trace-bytes",
        "integer",
        0,
        "bytes of the event stream, as JSON text: then values are left out, at twice as many lines, too; calls stay",
        "1000000000",
    ),
    Key("capture.stdout", "boolean", True, "record what is written to standard output", "false"),
    Key("capture.stderr", "boolean", True, "record what is written to standard error", "false"),
    Key("capture.stdin", "boolean", True, "record what is read from standard input", "false"),
    Key("capture.exceptions", "boolean", True, "record exceptions where they are raised", "false"),
    Key(
        "capture.processes",
        "string",
        "mine",
        "child processes: mine (fork, multiprocessing), all (also Python that is started), none",
        '"all"',
        choices=("mine", "all", "none"),
    ),
)
"""All keys, in the order in which help and reference show them."""

RULE_KEYS = (
    Key("path", "string", None, "selector: whose files", '"app/payments/**"', pattern="path"),
    Key("module", "string", None, "selector: whose modules", '"app.payments"', pattern="module"),
    Key("function", "string", None, "selector: whose qualnames", '"Order.charge"', pattern="function"),
    Key(
        "record",
        "string",
        None,
        "action: calls and lines, calls alone, or nothing",
        '"calls"',
        choices=("lines", "calls", "none"),
    ),
    Key(
        "values",
        "string",
        None,
        "action: values as they are, their types alone, or left out",
        '"redact"',
        choices=("keep", "redact", "drop"),
    ),
    Key("depth", "integer", None, "action: limits.depth for these", "6"),
    Key("items", "integer", None, "action: limits.items for these", "500"),
    Key("string", "integer", None, "action: limits.string for these", "5000"),
    Key("value-bytes", "integer", None, "action: limits.value-bytes for these", "100000"),
    Key("reason", "string", None, "why, as explain and summary show it", '"card data"'),
)
"""The keys of one of `[[rules]]`: selectors, of which all given must match, then what they lead to."""

SELECTORS = tuple(key.name for key in RULE_KEYS if key.pattern)
ACTIONS = tuple(key.name for key in RULE_KEYS if not key.pattern and key.name != "reason")

BY_NAME = {key.name: key for key in KEYS}
TABLES = tuple(dict.fromkeys(key.name.partition(".")[0] for key in KEYS if "." in key.name))
"""The tables that keys stand in: `redact`, `limits`, `capture`."""


def toml(value: Setting | Table) -> str:
    """The value as TOML writes it; empty for `None`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(toml(element) for element in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(held)}" for name, held in value.items()) + " }"
    return _toml_string(value) if isinstance(value, str) else str(value)


def _toml_string(text: str) -> str:
    if text.isprintable() and not {'"', "\\"} & set(text):
        return f'"{text}"'
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


BEGIN = "<!-- reference: made from schema.py, do not edit -->\n"
END = "<!-- /reference -->\n"


def reference() -> Iterator[str]:
    """The lines of the reference tables, Markdown."""
    kinds = {"strings": "list of strings", "tables": "list of tables"}
    yield "| key | type | default | what it is | example | flag | variable |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for key in KEYS:
        default = f"`{toml(key.default)}`" if key.default is not None else "–"
        if len(default) > 100:
            default = "see `policies/default.toml`"
        flags = ", ".join(f"`{flag}`" for flag in key.flags) or "–"
        variable = f"`{key.variable}`" if key.kind != "tables" else "–"
        kind = kinds.get(key.kind, key.kind)
        cells = (f"`{key.name}`", kind, default, key.help, f"`{key.example}`", flags, variable)
        yield "| " + " | ".join(cells) + " |"
    yield from ("", "The keys of one of `[[rules]]`:", "")
    yield "| key | type | what it is | example |"
    yield "| --- | --- | --- | --- |"
    for key in RULE_KEYS:
        kind = " or ".join(f"`{toml(choice)}`" for choice in key.choices) or key.kind
        yield f"| `{key.name}` | {kind} | {key.help} | `{key.example}` |"


def with_reference(document: str) -> str:
    """The document with the table between its two marks brought up to date; `ValueError` if a mark is missing."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document has no {BEGIN.strip()} and {END.strip()}")
    return before + begin + "\n" + "\n".join(reference()) + "\n\n" + end + after


def main(arguments: list[str]) -> None:
    """Print the reference table, or put it into the documents named."""
    if not arguments:
        print("\n".join(reference()))
    for path in arguments:
        with open(path, encoding="utf-8") as file:
            document = file.read()
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(with_reference(document))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
