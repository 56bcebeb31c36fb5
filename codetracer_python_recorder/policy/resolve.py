"""The layers, lowest first, become the policy in force, in which every value knows where it was set.

Owns: the order of the layers, `extends`, and what relative paths start from. Must not: read the command line or the
environment by itself (both are handed over), nor compile a pattern.
"""

from __future__ import annotations

import os

from codetracer_python_recorder.errors import PolicyError
from codetracer_python_recorder.policy import load
from codetracer_python_recorder.policy.layer import BUNDLED, quote, relative
from codetracer_python_recorder.policy.project import find_project, standard_library
from codetracer_python_recorder.policy.schema import KEYS, RULE_KEYS, SELECTORS
from codetracer_python_recorder.subject import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from codetracer_python_recorder.policy.layer import Entry, Layer, Origin
    from codetracer_python_recorder.policy.project import Project
    from codetracer_python_recorder.policy.schema import Setting, Table

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOOSENING = ("redact.detect", "redact.enabled")
"""What a project may not set to false: who records it decides that."""


class Pattern:
    """One glob in force: its text, the folder it starts from, and where it was set."""

    __slots__ = ("anchor", "origin", "text")

    def __init__(self, text: str, anchor: str, origin: Origin) -> None:
        self.text = text
        self.anchor = anchor
        self.origin = origin

    def spec(self) -> dict[str, str]:
        return {"text": clean(self.text), "anchor": clean(self.anchor), "origin": clean(str(self.origin))}

    def as_from(self, root: str) -> list[str]:
        """Globs that mean the same, or together do, in a policy file of the project in `root`."""
        if self.anchor in ("", root):
            return [clean(self.text)]
        start = "".join(f"[{character}]" if character in "*?[{}" else character for character in self.anchor)
        start = start.replace("\\", "/" if os.name == "nt" else "[\\\\]").rstrip("/")
        return [clean(_below(start, text)) for text in _alternatives(self.text)]


def _below(start: str, glob: str) -> str:
    """A glob, relative to the folder that another one names, as one from the file system's root."""
    parts = glob.split("/")
    if (parts[0] in ("", "~") and parts[1:]) or (parts[0][1:] == ":" and os.name == "nt"):
        return glob  # such a one is relative to nothing
    if parts[0] == ".":
        return "/".join([start, *parts[1:]]) if parts[1:] else f"{start}/**"
    if "/" in glob.rstrip("/") or parts[0] == "..":
        return f"{start}/{glob}"
    return f"{start}/**/{glob}"


def _alternatives(glob: str) -> list[str]:
    """The glob without its braces, where one of their alternatives may be relative to the folder and another not."""
    if "{" not in glob or "/" not in glob:
        return [glob]
    import re

    done, group = [""], []
    for token in re.findall(r"\\.|\[!?\]?[^\]]*\]|.", glob, re.DOTALL):
        if token == "{":
            group = [""]
        elif token == "}":
            done, group = [start + end for start in done for end in group], []
        elif token == "," and group:
            group.append("")
        elif group:
            group[-1] += token
        else:
            done = [start + token for start in done]
    return done


class Rule:
    """One of `[[rules]]` in force: its keys, the folder its path starts from, and where it was set."""

    __slots__ = ("anchor", "origin", "table")

    def __init__(self, table: Table, anchor: str, origin: Origin) -> None:
        self.table = table
        self.anchor = anchor
        self.origin = origin

    def as_from(self, root: str) -> list[Table]:
        """Rules that together mean the same in a policy file of the project in `root`."""
        table: Table = {name: clean(value) if isinstance(value, str) else value for name, value in self.table.items()}
        if "path" not in table:
            return [table]
        globs = Pattern(str(self.table["path"]), self.anchor, self.origin).as_from(root)
        return [{**table, "path": glob} for glob in globs]

    def spec(self) -> dict[str, object]:
        spec: dict[str, object] = {"origin": clean(str(self.origin))}
        for key in RULE_KEYS:
            value = self.table.get(key.name)
            if value is not None and key.name in SELECTORS:
                anchor = self.anchor if key.pattern == "path" else ""
                spec[key.name] = Pattern(str(value), anchor, self.origin).spec()
            else:
                # On one line, as everything that quotes it is.
                spec[key.name.replace("-", "_")] = clean(" ".join(value.split())) if isinstance(value, str) else value
        return spec


class Policy:
    """What to record, every value filled in. Paths are absolute; `trace_dir` need not exist."""

    __slots__ = (
        "activation_path",
        "cwd",
        "entries",
        "layers",
        "lists",
        "notices",
        "project_root",
        "rules",
        "trace_dir",
    )

    def __init__(self, layers: Sequence[Layer], cwd: str, project: Project, problems: list[str]) -> None:
        self.layers = layers
        self.cwd = cwd
        self.project_root = project.root
        self.notices = project.notices
        self.entries: dict[str, Entry] = {}
        self.lists: dict[str, list[Pattern]] = {}
        self.rules: list[Rule] = []
        activation_anchor = cwd
        for layer in layers:
            anchor = layer.anchor or project.root
            if "activation-path" in layer.entries:
                activation_anchor = anchor
            self.entries |= layer.entries
            self._merge(layer, anchor)
        for name in LOOSENING:
            if self.value(name) is False:
                self.notices.append(f"{self.entries[name].origin}: secrets are recorded as they are")
        self.trace_dir = _placed(cwd, self.text("trace-dir"))
        self.activation_path = self._activation(activation_anchor, problems)

    def _merge(self, layer: Layer, anchor: str) -> None:
        """Lists: a later one replaces all below it, extensions included; an `extend-` one is added to what it finds, as
        rules and names are."""
        for key in KEYS:
            entry = layer.entries.get(key.name)
            if entry is None or not isinstance(entry.value, list):
                continue
            at = anchor if key.kind == "tables" or key.pattern == "path" else ""
            elements = list(zip(entry.value, entry.elements, strict=True))
            if key.kind == "tables":
                self.rules += [Rule(table, at, origin) for table, origin in elements if isinstance(table, dict)]
            if not key.pattern:
                continue
            patterns = [Pattern(text, at, origin) for text, origin in elements if isinstance(text, str)]
            if key.pattern == "name":  # one that is there already is not there twice
                known = {pattern.text for pattern in self.patterns(key.name)}
                patterns = [pattern for pattern in patterns if pattern.text not in known]
            if key.is_appended:
                self.lists.setdefault(key.name, []).extend(patterns)
            else:  # comes before its `extend-` form in the schema, so that in one layer that one is second
                self.lists[key.name] = patterns
                self.lists.pop(f"extend-{key.name}", None)

    def _activation(self, anchor: str, problems: list[str]) -> str | None:
        entry = self.entries.get("activation-path")
        if entry is None or not isinstance(entry.value, str):
            return None
        path = _placed(anchor, entry.value)
        if not os.path.isfile(path):
            wrong = "not a file" if os.path.exists(path) else "no such file"
            problems.append(f"{entry.origin}: {wrong}: {quote(entry.value)} (expected the file {path})")
        return os.path.realpath(path)

    def value(self, name: str) -> Setting:
        """What a key is set to in the topmost layer that names it."""
        entry = self.entries.get(name)
        return entry.value if entry else None

    def text(self, name: str) -> str:
        return str(self.value(name))

    def patterns(self, name: str) -> list[Pattern]:
        """The globs of a list in force; its `extend-` form is a list of its own."""
        return self.lists.get(name, [])

    def spec(
        self, script: Sequence[str], module: str | None = None, surroundings: Sequence[str] = ()
    ) -> dict[str, object]:
        """What the native module records by.

        `script`: the absolute names of the file that runs as `__main__`; `module`: its import name, if it runs by `-m`;
        `surroundings`: variables of its namespace that are not the program's.
        """
        home = os.path.expanduser("~")
        return {
            "format": self.value("format"),
            "activation_path": clean(self.activation_path) if self.activation_path else None,
            "scope": {
                "cwd": clean(self.cwd),
                "home": clean(home) if os.path.isabs(home) else None,
                "project_root": clean(self.project_root),
                "script": [clean(name) for name in script],
                "script_module": clean(module) if module else None,
                "surroundings": [clean(name) for name in surroundings],
                "standard_library": [clean(folder) for folder in standard_library()],
                "recorder": clean(PACKAGE),
            },
            "include": _specs(self.lists["include"]) if "include" in self.lists else None,
            "extend_include": _specs(self.patterns("extend-include")),
            "exclude": _specs(self.patterns("exclude") + self.patterns("extend-exclude")),
            "packages": _specs(self.patterns("packages") + self.patterns("extend-packages")),
            "record": self.value("record"),
            "rules": [rule.spec() for rule in self.rules],
            "redact": {
                "names": [clean(name.text) for name in self.patterns("redact.names")],
                "allow": [clean(name.text) for name in self.patterns("redact.allow")],
                "detect": self.value("redact.detect"),
                "enabled": self.value("redact.enabled"),
            },
            "limits": self._table("limits"),
            "capture": self._table("capture"),
        }

    def _table(self, table: str) -> dict[str, Setting]:
        names = [key.name for key in KEYS if key.name.startswith(f"{table}.")]
        return {name.partition(".")[2].replace("-", "_"): self.value(name) for name in names}

    def in_force(self) -> dict[str, tuple[Setting, list[Origin]]]:
        """Every key that is set, as a policy file of this project would set it, and where each element comes from."""
        found: dict[str, tuple[Setting, list[Origin]]] = {}
        for key in KEYS:
            if key.name in self.lists:
                globs = [(glob, one.origin) for one in self.lists[key.name] for glob in one.as_from(self.project_root)]
                origins = [origin for _, origin in globs] or [self.entries[key.name].origin]
                found[key.name] = ([glob for glob, _ in globs], origins)
            elif key.kind == "tables":
                rules = [(table, rule.origin) for rule in self.rules for table in rule.as_from(self.project_root)]
                if rules:
                    found[key.name] = ([table for table, _ in rules], [origin for _, origin in rules])
            elif key.name in self.entries and key.name != "extends" and not key.pattern:
                value = self.activation_path if key.name == "activation-path" else self.value(key.name)
                found[key.name] = (clean(value) if isinstance(value, str) else value, [self.entries[key.name].origin])
        return found

    def metadata(self, *, with_defaults: bool = False) -> dict[str, Any]:
        """What the trace says of the policy: the layers, lowest first, the values in force as in TOML, and where they
        come from; `with_defaults`: also those that are as the bundled default has them."""
        resolved: dict[str, Any] = {}
        origins: dict[str, list[str]] = {}
        default = self.layers[0].entries
        for name, (value, places) in self.in_force().items():
            table, dot, key = name.partition(".")
            if dot:
                resolved.setdefault(table, {})[key] = value
            else:
                resolved[name] = value
            is_default = name in default and all(place.source is default[name].origin.source for place in places)
            if places and (with_defaults or not is_default):
                origins[name] = [clean(origin.place) for origin in places]
        layers = [
            {
                "source": clean(layer.name),
                "path": clean(layer.path) if layer.path else None,
                "bundled": layer.bundled,
                "sha256": layer.sha256,
            }
            for layer in self.layers
        ]
        root = clean(self.project_root)
        return {"layers": layers, "project_root": root, "resolved": resolved, "origins": origins}


def _specs(patterns: Sequence[Pattern]) -> list[dict[str, str]]:
    return [pattern.spec() for pattern in patterns]


def resolve(
    *,
    cwd: str,
    start: str,
    environ: Mapping[str, str],
    config: Sequence[str] = (),
    config_name: str = "--config",
    mapping: Mapping[str, object] | None = None,
    mapping_name: str = "policy",
    mapping_folder: str | None = None,
    settings: Sequence[tuple[str, str, Setting]] = (),
    isolated: bool = False,
) -> Policy:
    """Find, read, check and merge all sources.

    `start` is the folder that the search of the project root begins at (`start_folder`). `config` holds files and
    inline TOML as given, `mapping` a policy file's keys, with paths relative to `mapping_folder` (or the working
    directory); their names are how messages call them. `settings` are flags or arguments: place, key and value of
    each. Raises `PolicyError` with every mistake of every source.
    """
    problems: list[str] = []
    project = find_project(start, cwd)
    stack = _Stack(cwd, problems)
    stack.add(load.default())
    files = [given for given in config if not _inline(given, cwd)]
    if files:
        stack.add_file(config_name, *files)
    elif not isolated:
        stack.add_project(project)
    if not isolated:
        stack.add(load.from_environment(environ, cwd, problems))
    for given in config:
        if _inline(given, cwd):
            stack.add(load.from_inline(config_name, given, cwd, problems))
    folder = cwd if mapping_folder is None else mapping_folder
    stack.add(load.from_mapping(mapping_name, {} if mapping is None else mapping, folder, problems))
    stack.add(load.from_settings("flags", settings, cwd, problems))
    policy = Policy(stack.layers, cwd, project, problems)
    if problems:
        raise PolicyError(*problems)
    return policy


def _inline(given: str, cwd: str) -> bool:
    """Whether what was given for a file is TOML itself."""
    return "=" in given and not os.path.exists(_placed(cwd, given))


def _placed(folder: str, path: str) -> str:
    """Where a path of a policy leads that is relative to the folder; `~` is the home folder, as in globs."""
    is_home = path == "~" or path.startswith(("~/", f"~{os.sep}"))
    return os.path.join(folder, os.path.expanduser(path) if is_home else path)


class _Stack:
    """The layers so far, lowest first, each above what it extends."""

    def __init__(self, cwd: str, problems: list[str]) -> None:
        self.cwd = cwd
        self.problems = problems
        self.layers: list[Layer] = []
        self.seen: set[str] = set()
        self.open: dict[str, str] = {}  # the files whose `extends` is being followed: real path and name
        self.may_loosen = True

    def add(self, layer: Layer) -> None:
        real = os.path.realpath(layer.path) if layer.path else ""
        if real in self.seen:
            return
        if real:
            self.seen.add(real)
            self.open[real] = layer.name
        extends = layer.entries.get("extends")
        if extends and isinstance(extends.value, list):
            for name, origin in zip(extends.value, extends.elements, strict=True):
                self.extend(layer, str(name), origin)
        self.open.pop(real, None)
        if layer.entries or layer.path:
            self.layers.append(layer)
        for entry in () if self.may_loosen else (layer.entries.get(name) for name in LOOSENING):
            if entry and entry.value is False:
                expected = "expected in a --config file, the environment or a flag"
                self.problems.append(f"{entry.origin}: false: a project cannot loosen redaction ({expected})")

    def add_project(self, project: Project) -> None:
        if project.problem:
            self.problems.append(project.problem)
        if project.document:
            self.may_loosen = False
            self.add(load.from_document(project.document, self.problems))
            self.may_loosen = True

    def add_file(self, config_name: str, given: str, *more: str) -> None:
        """The one file that may be given."""
        for path in more:
            self.problems.append(
                f"{config_name}: a second file: {quote(path)} (expected one file; extends names others)"
            )
        expected = "(expected a TOML file or 'key = value')"
        if not given:
            self.problems.append(f"{config_name}: empty {expected}")
            return
        self._add(_placed(self.cwd, given), given, config_name, quote(given), expected)

    def extend(self, layer: Layer, name: str, origin: Origin) -> None:
        """What one element of `extends` names."""
        if "/" in name or os.sep in name or name.endswith(".toml"):
            path = os.path.normpath(_placed(layer.folder, name))
            shown, expected = relative(path, self.cwd), f"(expected the file {path})"
        else:
            path = os.path.join(BUNDLED, f"{name}.toml")
            shown = f"bundled policy {name}"
            expected = f"(bundled: {', '.join(load.bundled_names())}; a path has a / or ends in .toml)"
        real = os.path.realpath(path)
        if real in self.open:
            names = list(self.open.values())[list(self.open).index(real) :]
            self.problems.append(f"{origin}: a cycle: {' → '.join([*names, self.open[real]])}")
        elif real not in self.seen:
            self._add(path, shown, str(origin), quote(name), expected)

    def _add(self, path: str, shown: str, place: str, given: str, expected: str) -> None:
        try:
            document = load.read(path, shown)
        except FileNotFoundError:
            self.problems.append(f"{place}: no such file: {given} {expected}")
        except IsADirectoryError:
            self.problems.append(f"{place}: a folder: {given} {expected}")
        except OSError as error:
            self.problems.append(f"{place}: cannot be read: {given}: {error.strerror} {expected}")
        except ValueError as error:
            self.problems.append(str(error))
        else:
            self.add(load.from_document(document, self.problems))
