"""The commands about a policy: `policy show`, `explain`, `check`, `init`, `schema`, `list`.

Owns: their options, what they print and their exit statuses. Must not: decide anything; nothing of a program is run.
"""

from __future__ import annotations

import os
from argparse import SUPPRESS, BooleanOptionalAction

from codetracer_python_recorder.commands.parser import Parser
from codetracer_python_recorder.commands.terminal import columns, painted, print_document, print_json
from codetracer_python_recorder.errors import PolicyError, RecorderError
from codetracer_python_recorder.policy import check as checks
from codetracer_python_recorder.policy import explain, init, json_schema, load
from codetracer_python_recorder.policy.explain import Asked, Question
from codetracer_python_recorder.policy.layer import quote
from codetracer_python_recorder.policy.project import start_folder
from codetracer_python_recorder.policy.resolve import resolve
from codetracer_python_recorder.policy.schema import KEYS
from codetracer_python_recorder.session import say, working_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace, _SubParsersAction
    from collections.abc import Callable, Sequence
    from typing import Any

    from codetracer_python_recorder.policy.resolve import Policy
    from codetracer_python_recorder.policy.schema import Setting

PROGRAM = "codetracer-python-recorder policy"
MOST_FUNCTIONS = 20
"""Functions of a file that are named because they are decided on in another way than the file."""


def run(arguments: Sequence[str]) -> int:
    """Run a `policy` command; the exit status."""
    return _parser().run(arguments)


def _resolved(options: Namespace, script: str | None) -> Policy:
    """The policy in force for a script, from all that a recording takes it from."""
    cwd = working_directory()
    if script is not None and not os.path.exists(script):
        raise RecorderError(f"{script}: no such file (expected a script)")
    given = vars(options)
    settings: list[tuple[str, str, Setting]] = [
        (_long(key.flags), key.name, given[key.name]) for key in KEYS if key.flags and given[key.name] is not None
    ]
    policy = resolve(
        cwd=cwd,
        start=start_folder(script, cwd),
        environ=os.environ,
        config=options.config,
        settings=settings,
        isolated=options.isolated,
    )
    say(*policy.notices)
    return policy


def _long(flags: Sequence[str]) -> str:
    (long, *_) = (flag for flag in flags if flag.startswith("--"))
    return long


def _show(options: Namespace) -> int:
    described = _resolved(options, options.script).metadata(with_defaults=True)
    if options.json:
        print_json(described)
    else:
        print_document(described)
    return 0


def _explain(options: Namespace) -> int:
    policy = _resolved(options, options.script)
    if options.names:
        return _explain_names(policy, options)
    asked = Asked(policy, options.script)
    found = {target: asked.find(target) for target in options.targets}
    missing = [target for target in options.targets if not found[target]]
    questions = [question for target in options.targets for question in found[target]]
    decisions = asked.answers(questions)["decisions"]
    exceptions = [_exceptions(asked, *pair) for pair in zip(questions, decisions, strict=True)]
    answers = list(zip(questions, decisions, exceptions, strict=True))
    if options.json:
        print_json(
            [
                {
                    "name": question.name,
                    "path": question.path,
                    "module": question.module or None,
                    "qualname": question.qualname,
                    **answer,
                    "way_out": explain.way_out(question, answer, policy) or None,
                    "functions": [{"qualname": one.qualname, **its} for one, its in others],
                }
                for question, answer, others in answers
            ]
        )
    else:
        for question, answer, others in answers:
            _print_answer(question, answer, others, policy)
    for target in missing:
        say(f"{target}: {asked.why_none(target)}")
    return 1 if missing else 0


def _explain_names(policy: Policy, options: Namespace) -> int:
    answers = [explain.of_name(policy, name) for name in options.names]
    if options.json:
        print_json(answers)
        return 0
    for answer in answers:
        verdict = "redacted" if answer["redacted"] else "not redacted"
        print(painted(f"{answer['name']}: {verdict}", "good" if answer["redacted"] else "bad"))
        named = (("pattern", answer["by"]), ("allowed by", answer["allowed_by"]))
        rows = [(what, f"{quote(one['pattern'])} ({one['origin']})") for what, one in named if one]
        if answer["off"]:
            rows.append(("redaction", f"is off ({answer['off']})"))
        print("\n".join(columns(rows or [("pattern", "none tells of a secret")])))
    return 0


def _exceptions(asked: Asked, question: Question, answer: dict[str, Any]) -> list[tuple[Question, dict[str, Any]]]:
    """The functions of a file that rules decide on in another way than the file itself."""
    if question.qualname != explain.MODULE or not any("function" in rule.table for rule in asked.policy.rules):
        return []
    inner = [Question(name, question.path, question.module, name) for name in explain.qualnames(question.path) or ()]
    others = zip(inner, asked.answers(inner)["decisions"], strict=True)
    return [(one, its) for one, its in others if _outcome(its) != _outcome(answer)]


def _outcome(answer: dict[str, Any]) -> list[object]:
    return [answer["record"], answer["values"], *(one["value"] for one in answer["limits"])]


def _print_answer(
    question: Question, answer: dict[str, Any], others: Sequence[tuple[Question, dict[str, Any]]], policy: Policy
) -> None:
    recorded = answer["record"] != "none"
    print(painted(f"{question.name}: {explain.verdict(answer)}", "good" if recorded else "bad"))
    rows = []
    if recorded:
        by = f": {answer['values_rule']}" if answer["values_rule"] else ""
        rows.append(("values", f"{answer['values']}{by}"))
        limits = ", ".join(f"{one['limit']} {one['value'] or 'without limit'}" for one in answer["limits"])
        rows.append(("limits", limits))
        rows += [("", f"{one['limit']}: {one['rule']}") for one in answer["limits"] if one["rule"]]
    rows.append(("decided by", answer["reason"]))
    rows += [("lost" if number == 0 else "", one) for number, one in enumerate(answer["lost"])]
    for number, (one, its) in enumerate(others[:MOST_FUNCTIONS]):
        values = f", values {its['values']}" if its["values"] != answer["values"] else ""
        rows.append(
            ("but" if number == 0 else "", f"{one.qualname}: {explain.verdict(its)}{values}: {_decider(its, answer)}")
        )
    if len(others) > MOST_FUNCTIONS:
        rows.append(("", f"… {len(others) - MOST_FUNCTIONS} more"))
    way_out = explain.way_out(question, answer, policy)
    if way_out:
        rows.append(("to change", way_out))
    print("\n".join(columns(rows)))


def _decider(answer: dict[str, Any], other: dict[str, Any]) -> str:
    """What makes this decision differ from the other one."""
    if answer["record"] != other["record"]:
        return str(answer["reason"])
    if answer["values"] != other["values"]:
        return str(answer["values_rule"] or other["values_rule"])
    (different, *_) = (
        one["rule"] or its["rule"]
        for one, its in zip(answer["limits"], other["limits"], strict=True)
        if one["value"] != its["value"]
    )
    return str(different)


def _check(options: Namespace) -> int:
    try:
        if options.file is not None:
            options.config.insert(0, _policy_file(options.file))
        policy = _resolved(options, None)
    except PolicyError as error:
        if not options.json:
            raise
        print_json({"problems": list(error.lines), "warnings": []})
        return 2
    warnings = [*checks.of_variables({} if options.isolated else os.environ), *checks.warnings(policy)]
    if options.json:
        print_json({"problems": [], "warnings": warnings})
        return 0
    for line in warnings:
        print(painted("warning", "strong") + f": {line}")
    print(painted("sound", "good") + ": " + ", ".join(layer.name for layer in policy.layers))
    return 0


def _policy_file(name: str) -> str:
    """The file that is to be checked; `PolicyError` if there is none."""
    is_folder = os.path.isdir(name)
    if "=" in name or (os.path.exists(name) and not is_folder):
        return name
    wrong = "a folder" if is_folder else "no such file"
    raise PolicyError(f"policy check: {wrong}: {quote(name)} (expected a policy file)")


def _init(options: Namespace) -> int:
    cwd = working_directory()
    path = init.add_to_pyproject(cwd) if options.pyproject else init.write(cwd)
    if options.json:
        print_json({"path": path})
    else:
        name = os.path.basename(path)
        print(f"written: {name}" if options.pyproject else f"written: {name} (in force with --config {name})")
    return 0


def _schema(_options: Namespace) -> int:
    print_json(json_schema.schema())
    return 0


def _list(options: Namespace) -> int:
    names = load.bundled_names()
    if options.name is None:
        found = [(name, load.bundled_text(name).partition("\n")[0].removeprefix("# ")) for name in names]
        if options.json:
            print_json([{"name": name, "about": about} for name, about in found])
        else:
            print("\n".join(columns(found, indent="")))
        return 0
    if options.name not in names:
        raise RecorderError(f"policy list: no bundled policy {quote(options.name)} (there are {', '.join(names)})")
    text = load.bundled_text(options.name)
    if options.json:
        print_json({"name": options.name, "text": text})
    else:
        print(text, end="")
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog=PROGRAM,
        description="Answers questions about what is recorded. Nothing of a program is run.",
        epilog=f"example: {PROGRAM} explain app/main.py",
    )
    parser.way_out += "; a script is written ./policy"
    commands = parser.commands()
    help = "print the policy in force, every value with its origin"
    show = _command(commands, "show", _show, help, "show app/main.py")
    show.add_argument("script", nargs="?", metavar="SCRIPT", help="the script it is in force for")
    _add_policy_flags(show)
    why = _command(
        commands, "explain", _explain, "say whether code is recorded, and why", "explain app/pay.py:Order.charge"
    )
    asked = why.add_mutually_exclusive_group(required=True)
    asked.add_argument("targets", nargs="*", default=[], metavar="TARGET", help="PATH or MODULE, or one with :QUALNAME")
    name = "instead: an identifier, and whether its value is redacted; repeatable"
    asked.add_argument("--name", dest="names", action="append", default=[], metavar="IDENTIFIER", help=name)
    why.add_argument("--script", metavar="SCRIPT", help="the script that will run")
    _add_policy_flags(why)
    check = _command(commands, "check", _check, "report every mistake, and what has no effect", "check recorder.toml")
    check.add_argument("file", nargs="?", metavar="FILE", help="a policy file (default: what is in force here)")
    _add_policy_flags(check)
    first = _command(commands, "init", _init, "write a first recorder.toml", "init --pyproject")
    first.add_argument("--pyproject", action="store_true", help="into pyproject.toml, as [tool.codetracer]")
    _command(commands, "schema", _schema, "print the JSON Schema of a policy file", "schema > recorder.schema.json")
    listed = _command(commands, "list", _list, "list the bundled policies, or print one", "list calls")
    listed.add_argument("name", nargs="?", metavar="NAME", help="the one to print")
    return parser


def _command(
    commands: _SubParsersAction[Parser], name: str, run: Callable[[Namespace], int], help: str, example: str
) -> Parser:
    described = f"{help[0].upper()}{help[1:]}."
    parser = commands.add_parser(name, help=help, description=described, epilog=f"example: {PROGRAM} {example}")
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")
    parser.set_defaults(run=run)
    return parser


def _add_policy_flags(parser: Parser) -> None:
    """The flags of a recording that are policy."""
    group = parser.add_argument_group("policy, as for a recording")
    for key in KEYS:
        if not key.flags:
            continue
        if key.kind == "boolean":
            group.add_argument(*key.flags, dest=key.name, action=BooleanOptionalAction, default=None, help=SUPPRESS)
        else:
            action = "append" if key.kind == "strings" else "store"
            group.add_argument(*key.flags, dest=key.name, action=action, metavar=key.metavar, help=SUPPRESS)
    group.add_argument(
        "--config", action="append", default=[], metavar="FILE|TOML", help="a policy file, or 'key = value'"
    )
    group.add_argument("--isolated", action="store_true", help="leave out pyproject.toml and the environment")
    group.description = "and --include, --exclude and the others that the recorder's --help shows"
