"""Owns: secrets, planted in programs as real programs have them, and texts that are none. Must not: look at how they
are found."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Plain, Record, Recorded
from tests.test_corpus import silence, talk
from tests.traces import checked, read

# What each program does with its secrets; `{n}` is the secret of that number.
PLANTED = {
    "settings": """
from dataclasses import dataclass, field
class Settings:
    debug = True
    SECRET_KEY = "{0}"
    def __init__(self):
        self.database_password = "{1}"
        self.aws_secret_access_key = "{2}"
        self.stripe = {{"api_key": "{3}", "timeout": 3}}
        self.name = "shop"
@dataclass
class Config:
    host: str = "localhost"
    auth_token: str = "{4}"
    smtp: dict = field(default_factory=lambda: {{"user": "me", "passwd": "{5}"}})
class Slots:
    __slots__ = ("private_key", "size")
    def __init__(self):
        self.private_key, self.size = "{6}", 3
def work():
    settings, config, slots = Settings(), Config(), Slots()
    return settings, config, slots
work()
""",
    "requests": """
class Response:
    def __init__(self, headers):
        self.headers = headers
        self.status = 200
class Session:
    def __init__(self):
        self.headers = {{"Authorization": "Bearer {0}", "X-Api-Key": "{1}", "Accept": "text/html"}}
        self.cookies = {{"sessionid": "{2}", "theme": "dark"}}
        self.auth = ("user", "{3}")
    def get(self, url, params=None):
        line = f"GET {{url}}?token={4}&page=2"
        return Response({{"Set-Cookie": "sid={5}; Path=/", "Server": "x"}})
session = Session()
answer = session.get("https://example.org/", params=[("access_token", "{6}"), ("page", "2")])
print("Authorization: Basic {7}")
""",
    "urls": """
def connect(dsn):
    parts = dsn.split("@")
    return parts[-1]
connect("postgresql+psycopg://app:{0}@db.example.org:5432/shop")
url = "redis://:{1}@localhost:6379/0"
text = "Server=tcp:x;User ID=me;Password={2};Encrypt=yes"
command = "mysql --user=me --password={3} shop"
argv = ["mysql", "--password", "{4}", "shop"]
query = "https://example.org/cb?client_secret={5}&state=1"
""",
    "logging": """
import json, logging, sys
logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s", level=0)
def login(user, password):
    logging.info("login of %s with password=%s", user, password)
    print(f"user: {{user}}, token: {1}")
    print(json.dumps({{"user": user, "api_key": "{2}", "nested": {{"secret": {{"deep": ["{3}"]}}}}}}, indent=1))
    sys.stdout.write("passwd"); sys.stdout.write(": "); sys.stdout.write("{4}"); sys.stdout.write("\\n")
    sys.stderr.write("the password was " + password + "\\n")
login("bob", "{0}")
""",
    "exceptions": """
class Refused(Exception):
    pass
def check(password):
    raise Refused(f"no: {{password}}")
def ask(url):
    raise ConnectionError("cannot reach https://me:{1}@example.org/")
for act, password in ((check, "{0}"), (ask, "xyz")):
    try:
        act(password)
    except Exception as error:
        caught = error
        print("failed:", error)
error = KeyError("api_key={2}")
""",
    "results": """
def get_password():
    return "{0}"
def api_key(number):
    yield "{1}"
    yield number
def fetch(**options):
    return len(options)
got = get_password()
found = list(api_key(3))
fetch(password="{2}", jwt="{3}", size=3)
copied = {{"p": got}}["p"]
longer = "it is " + got + "!"
quoted = json_text = __import__("json").dumps({{"x": got}})
encoded = __import__("base64").b64encode(got.encode()).decode()
""",
    "places": """
from collections import OrderedDict, namedtuple
from types import SimpleNamespace
Login = namedtuple("Login", "user password")
login = Login("bob", "{0}")
space = SimpleNamespace(secret="{1}", plain=1)
ordered = OrderedDict(pwd="{2}", size=1)
by_bytes = {{b"Cookie": b"{3}"}}
secrets = [{{"a": "{4}"}}, ("{5}",)]
listed = [["otp", 1], ("credentials", "{6}")]
class Vault:
    @property
    def secret(self):
        return "{7}"
got = Vault().secret
""",
    "argparse": """
import argparse, os, sys
parser = argparse.ArgumentParser()
parser.add_argument("--password"); parser.add_argument("--api-key"); parser.add_argument("--user")
known = parser.parse_args(["--password", "{0}", "--api-key={1}", "--user", "bob"])
os.environ["DB_PASSWORD"] = "{2}"
environment = {{name: value for name, value in os.environ.items() if name.startswith("DB_")}}
command = ["curl", "-H", "Authorization: Bearer {3}", "--proxy-password", "{4}"]
line = "MYSQL_PWD={5} mysql -h localhost"
def main(arguments):
    secret, *rest = "{6}", 1, 2
    settings = vars(arguments)
    return settings
main(known)
""",
    "flask": """
from collections import UserDict
class Headers(UserDict):
    pass
class Request:
    def __init__(self):
        self.headers = Headers({{"Cookie": "session={0}; theme=dark", "X-Auth-Token": "{1}", "Host": "x"}})
        self.form = {{"username": "bob", "password": "{2}", "remember": "on"}}
        self.json = {{"grant_type": "password", "client_secret": "{3}", "nested": [{{"refresh_token": "{4}"}}]}}
        self.url = "https://example.org/login?next=%2F&access_token={5}"
        self.cookies = {{"sessionid": "{6}"}}
def view(request):
    user = request.form["username"]
    password = request.form["password"]
    body = str(request.json)
    print("POST", request.url)
    print("form:", request.form)
    return {{"user": user, "token": "{7}"}}
view(Request())
""",
    "boto": """
class Credentials:
    def __init__(self, access_key, secret_key, token=None):
        self.access_key, self.secret_key, self.token = access_key, secret_key, token
class Client:
    def __init__(self, service, aws_access_key_id=None, aws_secret_access_key=None, **options):
        self._credentials = Credentials(aws_access_key_id, aws_secret_access_key, options.get("aws_session_token"))
        self.meta = {{"region": "eu-west-1", "service": service}}
    def call(self, name, **parameters):
        return {{"ResponseMetadata": {{"HTTPStatusCode": 200}}, "SecretString": "{3}", "Parameters": parameters}}
client = Client("s3", aws_access_key_id="{0}", aws_secret_access_key="{1}", aws_session_token="{2}")
answer = client.call("GetSecretValue", SecretId="db", Passphrase="{4}")
config = "[default]\naws_secret_access_key = {5}\nregion = eu-west-1\n"
yaml = "database:\n  user: me\n  password: {6}\n"
""",
    "models": """
from dataclasses import dataclass, asdict
from enum import Enum
from typing import NamedTuple, TypedDict
class SecretStr:
    def __init__(self, value):
        self._secret_value = value
class Login(NamedTuple):
    user: str
    passwd: str
class Payload(TypedDict):
    otp: str
    name: str
class Kind(Enum):
    PLAIN = 1
@dataclass(slots=True)
class Model:
    name: str
    api_token: str
    private_key: SecretStr
private_key = "{1}"
model = Model("m", "{0}", SecretStr(private_key))
flat = asdict(model)
login = Login("bob", "{2}")
payload: Payload = {{"otp": "{3}", "name": "n"}}
class Base:
    @property
    def passphrase(self):
        return "{4}"
    @classmethod
    def credentials(cls):
        return ("user", "{5}")
base = Base()
value = base.passphrase
pair = Base.credentials()
text = f"Model(name='m', api_token='{6}')"
""",
    "tracebacks": """
import traceback, sys, warnings
class APIError(RuntimeError):
    def __init__(self, message, api_key):
        super().__init__(message)
        self.api_key = api_key
def request(password, retries=1):
    if retries:
        return request(password, retries - 1)
    raise APIError(f"401 for https://me:{{password}}@example.org/", "{1}")
try:
    request("{0}")
except APIError as error:
    caught = error
    lines = traceback.format_exception(error)
    print("".join(lines[-1:]), file=sys.stderr)
try:
    {{}}["token={2}"]
except KeyError as error:
    missing = error
try:
    open("/nowhere/?secret={3}")
except OSError as error:
    absent = error
notes = ValueError("bad")
notes.add_note("Authorization: Basic {4}")
group = ExceptionGroup("two", [ValueError("pwd={5}"), TypeError("x")])
""",
    "threads": """
import asyncio, threading
def work(token):
    local_copy = token
    return len(local_copy)
class Worker(threading.Thread):
    def __init__(self, secret):
        super().__init__(name="worker")
        self.secret = secret
    def run(self):
        self.done = work(self.secret)
def consume():
    received_token = yield
    while True:
        received_token = yield len(received_token)
async def fetch(session_id):
    await asyncio.sleep(0)
    return session_id
worker = Worker("{0}")
worker.start(); worker.join()
running = consume()
next(running)
async def get_secret():
    return "{2}"
got = asyncio.run(get_secret())
length = asyncio.run(fetch("{1}"))
sorted_pairs = sorted({{"jwt": "{3}", "a": "b"}}.items())
nested = {{"level": {{"level": {{"level": {{"password": "{4}"}}}}}}}}
frozen = frozenset([("pin_code", "{5}")])
""",
}


def secret(program: str, number: int) -> str:
    """A secret of its own, that nothing else contains."""
    digits = f"{sum(map(ord, program)) * 7919 + number * 104729:08d}"
    return f"zQ{digits[:4]}w{digits[4:]}Xk{number}vPm"


PROGRAMS = [(name, [secret(name, number) for number in range(8)]) for name in PLANTED]


SHAPED = """
AKIAIOSFODNN7EXAMPLE AIzaSyA1234567890abcdefghijklmnopqrstuv ya29.a0AfH6SMBx0123456789abcdef
ghp_0123456789abcdefghijABCDEFGHIJ012345 github_pat_0123456789abcdefghijkl glpat-0123456789abcdefghij
xoxb-123456789012-1234567890123-abcdefghijklmnopqrstuvwx sk_test_4eC39HqLyjWDarjtT1zdp7dc
SK0123456789abcdef0123456789abcdef SG.0123456789abcdefABCDEF.0123456789abcdefghijABCDEFGHIJ0123456789abc
npm_0123456789abcdefghijABCDEFGHIJ012345 pypi-AgEIcHlwaS5vcmcCJDAxMjM0NTY3LTg5YWItY2RlZi0wMTIzLTQ1Njc4OWFi
sk-proj-0123456789abcdefghijABCDEFGHIJ sk-ant-api03-0123456789abcdefghijABCDEFGHIJ hf_0123456789abcdefghijABCDEFGHIJ0123
dop_v1_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef key-0123456789abcdef0123456789abcdef
shpat_0123456789abcdef0123456789abcdef dckr_pat_0123456789abcdefABCDEF01234 dapi0123456789abcdef0123456789abcdef
eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U
""".split()  # noqa: SIM905
"""One secret of each vendor's shape, none of them in use."""


@pytest.mark.parametrize("text", SHAPED)
def test_shapes_are_known_wherever_they_stand(text: str, form: str, folder: Path, record: Record) -> None:
    (folder / "program.py").write_text(f"""
import sys
def show(value):
    print("got", value)
    sys.stdout.write(value[:14]); sys.stdout.write(value[14:] + "\\n")
    raise LookupError("no " + value)
try:
    show({text!r})
except LookupError as error:
    kept = error
listed, keyed, raw = [{text!r}, 1], {{{text!r}: 1}}, {text.encode()!r}
""")
    assert leaks(record("program.py", options=["--format", form]), [text]) == []


def test_the_corpus_is_large_enough() -> None:
    assert sum(program.count("{" + str(n) + "}") for program in PLANTED.values() for n in range(8)) + len(SHAPED) >= 100


def leaks(recorded: Recorded, secrets: list[str]) -> list[tuple[str, str]]:
    """What of the secrets, in any of its usual forms or any eight characters of it, is in a file of the trace."""
    found = []
    for file in recorded.trace.rglob("*"):
        if not file.is_file():
            continue
        data = file.read_bytes()
        if file.suffix == ".bin":
            data = "\n".join(str(event) for event in read(file)).encode()
        for text in secrets:
            forms = {text[start : start + 8] for start in range(len(text) - 7)}
            forms |= {base64.b64encode(text.encode()).decode()[:-4], text.encode().hex()}
            found += [(file.name, form) for form in forms if form.encode() in data]
    return found


@pytest.mark.parametrize(("name", "secrets"), PROGRAMS, ids=[name for name, _ in PROGRAMS])
def test_no_planted_secret_is_in_the_trace(
    name: str, secrets: list[str], form: str, folder: Path, plain: Plain, record: Record
) -> None:
    (folder / "program.py").write_text(PLANTED[name].format(*secrets))
    expected = plain("program.py")
    recorded = record("program.py", options=["--format", form])
    assert recorded.done.stdout == expected.stdout
    checked(recorded.trace)
    assert leaks(recorded, secrets) == []


BENIGN_NAMES = [
    "author", "authority", "authorities", "secretary", "monkey", "compass", "compassion", "passenger", "passage",
    "bypass", "tokenizer", "tokens", "tokens_used", "token_count", "max_tokens", "keys", "key", "keyword", "hash",
    "digest", "checksum", "hashes", "cryptic", "description", "session", "sessions", "session_count", "cooking",
    "cook", "accessor", "access_count", "privateer", "public_key_size", "signing", "signature", "encryption_mode",
    "bear", "bearing", "cvs", "pinned", "spin", "pins", "opinion", "salty", "basalt", "authored", "author_id",
    "passed", "passes", "pass_count", "passing", "credits", "credit", "credited", "company", "expand", "card",
    "discard", "postcard", "phone_number", "number", "order_number", "line_number", "cookiecutter", "otpion",
    "username", "user_name", "email", "address", "path", "url", "host", "port", "database", "table_name", "column",
    "file_name", "content", "text", "message", "title",
]  # fmt: skip
BENIGN_TEXTS = [
    "the password is too short", "token expired", "no secret here", "author: Jane Doe", "authority=7",
    "basic functionality of the thing", "Bearer of good news", "tokens_used=17, max_tokens: 4096",
    "https://example.org:8080/a/b?page=2&sort=name", "postgresql://localhost:5432/shop", "ratio 16:9", "12:34:56",
    "C:\\Users\\bob", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "0x7f3c5a",
    "550e8400-e29b-41d4-a716-446655440000", "key: value", "compass: north", "f(x) = y", "a == b", "x: int = 3",
    "task-0123456789abcdef0123456789abcdef", "sk-learn", "eyJ is a prefix", "----- BEGIN -----",
    "-----BEGIN CERTIFICATE-----", "4111111111111112", "tel: 0123456789", "{'size': 3}", "--verbose",
    "git log --oneline",
]  # fmt: skip


def test_what_is_benign_is_shown(form: str, folder: Path, record: Record) -> None:
    lines = [f"{name} = 'value of {place}'" for place, name in enumerate(BENIGN_NAMES)]
    lines += [f"text_{place} = {text!r}" for place, text in enumerate(BENIGN_TEXTS)]
    lines += [f"print({text!r})" for text in BENIGN_TEXTS]
    (folder / "program.py").write_text("\n".join(lines) + "\n")
    recorded = record("program.py", options=["--format", form, "--config", "limits.items = 0"])
    assert len(BENIGN_NAMES) + len(BENIGN_TEXTS) >= 100
    assert [line for line in recorded.dump() if "<redacted" in line] == []


def values(recorded: Recorded) -> dict[str, str]:
    """The last value of each variable, as the dump shows it."""
    found = {}
    for line in recorded.dump():
        name, equals, value = line.strip().partition(" = ")
        if equals and not line.lstrip().startswith(("step", "call", "return")):
            found[name] = value
    return found


def test_own_names_and_allowed_ones(folder: Path, record: Record) -> None:
    (folder / "p.py").write_text("my_ticket = 'a'\ncsrf_token = 'b'\npin = 'c'\nspin = 'd'\npin_2 = 'e'\nx = 1\n")
    redact = "redact = {names = ['*_ticket'], allow = ['csrf_token']}"
    assert values(record("p.py", options=["--config", redact])) == {
        "my_ticket": "<redacted: name *_ticket>",
        "csrf_token": "'b'",
        "pin": "<redacted: name =pin>",
        "spin": "'d'",
        "pin_2": "<redacted: name =pin>",
        "x": "1",
    }


def test_arguments_and_text_of_a_program(folder: Path, record: Record) -> None:
    hidden = secret("arguments", 0)
    recorded = record("-c", f"import sys\npassword = '{hidden}'\n", "--token", hidden, f"--api-key={hidden}", "-v")
    assert leaks(recorded, [hidden]) == []
    shown = ["--token", "<redacted: name *_token>", "--api-key=<redacted: name api_key>", "-v"]
    assert recorded.metadata()["args"] == shown


def test_what_answers_a_prompt(folder: Path, record: Record) -> None:
    hidden = secret("prompt", 0)
    (folder / "p.py").write_text("got = input('Password: ')\nname = input('Name: ')\nprint(len(got), name)\n")
    recorded = record("p.py", stdin=f"{hidden}\nbob smith\n")
    assert leaks(recorded, [hidden]) == []
    assert "bob smith" in "\n".join(recorded.dump())


def lead() -> None:
    """Makes standard input the terminal of the process: what `/dev/tty` is."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def typed(command: list[str], answers: list[tuple[str, str]]) -> str:
    """What a program shows on a terminal where each prompt is answered once it is there."""
    ours, theirs = pty.openpty()
    silence(theirs)
    environment = {**os.environ, "TERM": "dumb"}
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        preexec_fn=lead,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = ""
        for prompt, answer in answers:
            while not shown.endswith(prompt):
                shown += os.read(ours, 4096).decode()
            os.write(ours, answer.encode())
        shown += talk(ours, b"").decode()
    assert process.returncode == 0, shown
    return shown


@pytest.mark.parametrize("editor", ["", "import readline\n"])
def test_what_answers_a_prompt_at_a_terminal(editor: str, folder: Path) -> None:
    """There the interpreter writes the prompt and reads the line itself, whatever stands for standard output."""
    hidden = [secret("terminal", number) for number in range(2)]
    (folder / "p.py").write_text(f"""{editor}
import sys
class Tee:
    def __getattr__(self, name): return getattr(sys.__stdout__, name)
first = input("Password: ")
sys.stdout = Tee()
second = input("Token: ")
name = input("Name: ")
sys.stdout = sys.__stdout__
print(len(first + second), name)
try: input("More: ")
except EOFError: print("no more")
""")
    answers = [
        ("Password: ", hidden[0] + "\n"),
        ("Token: ", hidden[1] + "\n"),
        ("Name: ", "bob smith\n"),
        ("More: ", "\x04"),
    ]
    assert "no more" in typed([sys.executable, "-m", "codetracer_python_recorder", "p.py"], answers)
    trace = checked(folder / "trace-out")
    events = [event.body for event in trace.events if event.name == "Event"]
    assert [(event["kind"], event["content"]) for event in events if event["kind"] != 11] == [
        (0, "Password: "),
        (3, "<redacted: name password>\n"),
        (0, "Token: "),
        (3, "<redacted: name *_token>\n"),
        (0, "Name: "),
        (3, "bob smith\n"),
        (0, f"{sum(map(len, hidden))} bob smith\n"),
        (0, "More: "),
        (0, "no more\n"),
    ]
    assert not any(text in str(event.body) for event in trace.events for text in hidden)


def test_what_getpass_asks_for(folder: Path) -> None:
    """It writes to the terminal and reads from it, not from the standard streams, whatever the prompt is."""
    hidden = [secret("getpass", 0), "hunter2"]
    (folder / "p.py").write_text("""
import getpass
def ask(): return getpass.getpass("Speak, friend: ")
spoken = ask()
name = input("Name: ")
again = getpass.getpass(stream=None)
print(len(spoken + again), name)
copied = [spoken, again]
""")
    answers = [("Speak, friend: ", hidden[0] + "\n"), ("Name: ", "bob smith\n"), ("Password: ", hidden[1] + "\n")]
    assert "bob smith" in typed([sys.executable, "-m", "codetracer_python_recorder", "p.py"], answers)
    trace = checked(folder / "trace-out")
    assert not any(text in str(event.body) for event in trace.events for text in hidden)
    assert "bob smith" in str([event.body for event in trace.events])


def test_what_getpass_reads_from_standard_input(folder: Path, record: Record) -> None:
    hidden = secret("getpass", 2)
    (folder / "p.py").write_text("""
import getpass, warnings
warnings.simplefilter("ignore")
spoken = getpass.fallback_getpass("Speak, friend: ")
name = input()
""")
    recorded = record("p.py", stdin=f"{hidden}\nbob smith\n")
    assert leaks(recorded, [hidden]) == []
    told = [line.strip() for line in recorded.dump() if line.strip().startswith("stdin")]
    assert told == ["stdin '<redacted: name password>\\n'", "stdin 'bob smith\\n'"]


ASKED = [
    "given = input('Password: ')",
    "given = input('Password [none]? ')",
    "given = input('\x1b[1mPassword\x1b[0m: ')",
    "given = input('Password:\\n> ')",
    "given = input(Lazy())",
    "print('Password:', end=''); given = input()",
    "print('Enter your password'); given = input()",
    "print('Enter your password (twice):\\n'); given = sys.stdin.readline()",
    "sys.stdout.write('Password for bob: '); given = sys.stdin.readline()",
    "print('Password? ', end='', file=sys.stderr); given = next(sys.stdin)",
    "os.write(1, b'Password: '); given = os.read(0, 100)",
]


@pytest.mark.parametrize(
    "options", [[], ["capture.stdout = false"], ["limits.output-bytes = 40"], ["capture.stdin = false"]]
)
@pytest.mark.parametrize("asked", ASKED)
def test_ways_to_ask(asked: str, options: list[str], folder: Path, record: Record) -> None:
    """Whether the prompt itself is in the trace or not."""
    hidden = secret("asked", 0)
    (folder / "p.py").write_text(f"""
import os, sys
class Lazy:
    def __str__(self): return "Password: "
print("a line of forty characters, all of them")
{asked}
copied = given
""")
    recorded = record("p.py", options=[f"--config={option}" for option in options], stdin=f"{hidden}\n")
    assert leaks(recorded, [hidden]) == []
    shown = any("stdin '<redacted: name password>" in line for line in recorded.dump())
    assert shown == ("capture.stdin = false" not in options)


def test_what_the_environment_holds(folder: Path, record: Record) -> None:
    """By whatever name the program takes it from there; but not the name of a file."""
    hidden = secret("environment", 0)
    (folder / "p.py").write_text("""
import os
x = os.environ["DB_PASSWORD"]
print("it is", x)
y = os.environ["KEPT_PASSWORD_FILE"]
print("in", y)
""")
    recorded = record("p.py", env={"DB_PASSWORD": hidden, "KEPT_PASSWORD_FILE": str(folder / "p.py")})
    assert leaks(recorded, [hidden]) == []
    assert f"stdout 'in {folder}/p.py\\n'" in [line.strip() for line in recorded.dump()]


def test_what_asks_for_no_secret(folder: Path, record: Record) -> None:
    (folder / "p.py").write_text("""
import sys
print("Wrong password.")
first = input()
print("Enter your password:", file=sys.stderr)
second = input("Name: ")
third = input("shop> ")
print("2 passwords were changed")
fourth = input()
""")
    recorded = record("p.py", stdin="one of four\ntwo of four\nthree of four\nfour of four\n")
    told = [line.strip() for line in recorded.dump() if line.strip().startswith("stdin")]
    assert told == [f"stdin '{number} of four\\n'" for number in ("one", "two", "three", "four")]


def test_what_answers_a_prompt_that_is_shown_elsewhere(folder: Path, record: Record) -> None:
    hidden = [secret("elsewhere", number) for number in range(2)]
    (folder / "p.py").write_text("""
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()):
    first = input("Password: ")
    name = input("Name: ")
    second = input("Token: ")
""")
    recorded = record("p.py", stdin="\n".join([hidden[0], "bob smith", hidden[1]]))
    assert leaks(recorded, hidden) == []
    told = [line.strip() for line in recorded.dump() if line.strip().startswith("std")]
    assert told == [
        "stdin '<redacted: name password>\\n'",
        "stdin 'bob smith\\n'",
        "stdin '<redacted: name *_token>\\n'",
    ]


def test_what_answers_a_prompt_key_by_key(folder: Path, record: Record) -> None:
    hidden = secret("keys", 0)
    (folder / "p.py").write_text("""
import os
print("Password: ", end="", flush=True)
password = b""
while (password := password + os.read(0, 1))[-1:] != b"\\n":
    print("*", end="", flush=True)
name = os.read(0, 100)
copied = password.decode().strip()
""")
    recorded = record("p.py", stdin=f"{hidden}\nbob smith\n")
    assert leaks(recorded, [hidden]) == []
    told = [line.strip() for line in recorded.dump() if line.strip().startswith("stdin")]
    assert told == ["stdin '<redacted: name password>\\n'", "stdin 'bob smith\\n'"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_secret_across_writes_and_reads_of_bytes(unbuffered: str, folder: Path, record: Record) -> None:
    """A token is known by its start, and hidden to its end, whatever comes in between the parts."""
    written, gathered, read = ("ghp_" + hashlib.sha256(bytes([number])).hexdigest()[:36] for number in range(3))
    (folder / "p.py").write_text(f"""
import os, sys
for start in range(0, {len(written)}, 7):
    sys.stdout.buffer.write({written.encode()!r}[start : start + 7])
    sys.stdout.buffer.flush()
os.writev(1, [b"\\n", {gathered[:9].encode()!r}])
os.writev(1, [{gathered[9:20].encode()!r}, {gathered[20:].encode()!r}, b"\\n"])
while os.read(0, 5): pass
""")
    recorded = record("p.py", stdin=f"{read}\nname\n", env={"PYTHONUNBUFFERED": unbuffered})
    told = [line for line in recorded.dump() if line.strip().startswith("std")]
    assert sum("<redacted: content" in line for line in told) == 3
    for text in (written, gathered, read):
        assert not any(text[start : start + 8] in line for line in told for start in range(len(text) - 7))
    assert "name" in "".join(told)


def test_children_hide_what_their_parent_hides(folder: Path, record: Record) -> None:
    hidden = [secret("children", number) for number in range(2)]
    (folder / "p.py").write_text(f"""
import os
password = "{hidden[0]}"
if os.fork() == 0:
    copied = password
    token = "{hidden[1]}"
    os._exit(0)
os.wait()
""")
    recorded = record("p.py")
    assert len(list(recorded.trace.glob("processes/*"))) == 1
    assert leaks(recorded, hidden) == []


def test_a_secret_longer_than_what_is_looked_at(folder: Path, record: Record) -> None:
    """A token of 4 kB whose first part alone is longer than all that is shown: it may be one, so it is hidden."""
    program = "text = 'x' * {} + ' eyJ' + 'aB3x' * 1000 + '.abcdef.ghijkl'\nraw = text.encode()\nx = 1\n"
    for before in (180, 400):
        (folder / "p.py").write_text(program.format(before))
        assert leaks(record("p.py"), ["eyJ" + "aB3x" * 4]) == []


@pytest.mark.parametrize("key", ["detect", "enabled"])
def test_loosening(key: str, folder: Path, record: Record, plain: Plain) -> None:
    (folder / "p.py").write_text("password = 'abc'\ngh = 'ghp_0123456789abcdefghijABCDEFGHIJ012345'\n")
    recorded = record("p.py", options=["--config", f"redact.{key} = false"])
    assert f"redact.{key}: secrets are recorded as they are" in recorded.done.stderr
    shown = values(recorded)
    assert shown["gh"].startswith("'ghp_") and (shown["password"] == "'abc'") is (key == "enabled")
    resolved: dict[str, Any] = recorded.metadata()["policy"]["resolved"]["redact"]
    assert resolved[key] is False
    (folder / "pyproject.toml").write_text(f"[tool.codetracer]\nredact.{key} = false\n")
    done = plain("-m", "codetracer_python_recorder", "p.py")
    assert done.returncode == 2
    assert f"pyproject.toml:2: redact.{key}: false: a project cannot loosen redaction" in done.stderr


def test_a_secret_at_the_limit(form: str, folder: Path, record: Record) -> None:
    """It is looked at whole before it is cut."""
    hidden = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
    (folder / "p.py").write_text(f"text = 'x' * 180 + ' {hidden} ' + 'y' * 4000\nraw = text.encode()\nx = 1\n")
    recorded = record("p.py", options=["--format", form])
    assert leaks(recorded, [hidden]) == []
    assert all(" <redacted: " in values(recorded)[name] for name in ("text", "raw"))


def without_source(recorded: Recorded) -> str:
    """The dump, without the lines of the program that it shows beside the steps."""
    return "\n".join(line.partition(" | ")[0] for line in recorded.dump())


def test_output_behind_a_quote_that_is_not_closed(form: str, folder: Path, record: Record) -> None:
    (folder / "p.py").write_text("""
import sys
print("Password: 'tis required")
for number in range(300):
    print("line", number)
sys.stdout.write('password: "')
for number in range(70):
    sys.stdout.write("%01000d" % number)
    sys.stdout.flush()
sys.stdout.write('"\\n')
print("the last line")
""")
    dump = record("p.py", options=["--format", form]).dump()
    assert sum(line.lstrip().startswith("stdout 'line ") for line in dump) == 300
    shown = [line.strip() for line in dump if line.lstrip().startswith("stdout")]
    assert "stdout '<redacted: no end in 64 kB>'" in shown
    assert shown[-1] == "stdout 'the last line\\n'"
    assert not any("000" in line for line in shown)


def test_output_is_looked_at_before_it_is_cut(form: str, folder: Path, record: Record) -> None:
    hidden = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
    (folder / "p.py").write_text(f"print('.' * 30 + '{hidden}')\nprint('x' * 4000)\n")
    for limit in (32, 50, 60):
        recorded = record("p.py", options=["--format", form, "--config", f"limits.output-bytes = {limit}"])
        assert leaks(recorded, [hidden]) == []


def test_what_exceptions_quote_or_cut(folder: Path, record: Record) -> None:
    hidden = ["it's\"a Qz8431wX", "pässwört-Qz8431wX", "eyJ" + "aB3x" * 1000 + ".abcdef.ghijkl"]
    (folder / "p.py").write_text(f"""
def fail(password, error, *arguments):
    raise error(*arguments)
def start(password, error, *arguments):
    try:
        fail(password, error, *arguments)
    except Exception as caught:
        return caught
start({hidden[0]!r}, KeyError, {hidden[0]!r})
start({hidden[1]!r}, ValueError, "x", {hidden[1].encode()!r}, {hidden[1]!r})
start("", ValueError, 1, "x" * 170 + " {hidden[2]}")
start("", ValueError, "x" * 170 + " {hidden[2]}")
start("", ValueError, 1, b"x" * 170 + b" {hidden[2]}")
""")
    dump = without_source(record("p.py", options=["--config", "limits.string = 300"]))
    assert "8431wX" not in dump and "aB3x" not in dump
    assert "KeyError: '<redacted: name password>'" in dump


def test_a_secret_of_two_lines_over_two_writes(folder: Path, record: Record) -> None:
    (folder / "p.py").write_text("""
import sys
def main(token):
    for cut in (3, 12, 13, 16):
        sys.stdout.write(token[:cut]); sys.stdout.flush()
        sys.stdout.write(token[cut:] + "\\n"); sys.stdout.flush()
        print("plain")
main("line1-AAAbbb\\nzQ8431wXkvPm77Tq")
""")
    dump = without_source(record("p.py"))
    assert "XkvPm77Tq" not in dump and dump.count("plain") >= 4


def test_an_exception_stays_hidden_when_another_is_raised_in_between(folder: Path, record: Record) -> None:
    (folder / "p.py").write_text("""
def secretive(number):
    raise ValueError("code-" + str(number * 1111))
def caller():
    try:
        secretive(1)
    except ValueError:
        try:
            secretive(2)
        except ValueError:
            pass
        raise
try:
    caller()
except ValueError:
    pass
""")
    rule = "rules = [{function = 'secretive', values = 'redact'}]"
    dump = without_source(record("p.py", options=["--config", rule]))
    assert "code-1" not in dump and "code-2" not in dump and "ValueError: <redacted" in dump


def test_all_below_a_telling_name_is_followed(folder: Path, record: Record) -> None:
    hidden = [secret("below", number) for number in range(8)]
    (folder / "p.py").write_text(f"""
from collections import deque
def show(*texts):
    print(*texts)
def main():
    passwords = ["{hidden[0][:-3]}%03d" % number for number in range(300)]
    secrets = {{"{hidden[1]}"}}, frozenset(["{hidden[2]}"]), deque(["{hidden[3]}"])
    credentials = {{"user_name_of_all": 1, "{hidden[4]}": 1}}
    password = {{"a": {{"b": ({{"c": [{{"d": "{hidden[5]}"}}]}},)}}}}
    class Loud(set):
        def __iter__(self):
            raise SystemExit("the program's own code ran")
    class Plain:
        pass
    token = Plain()
    token.kept = Loud(["{hidden[6]}"])
    return passwords + [list(secrets[0])[0], list(secrets[1])[0], secrets[2][0], list(credentials)[1],
        password["a"]["b"][0]["c"][0]["d"], "{hidden[6]}", "user_name_of_all"]
for text in main():
    show(text)
print(",".join(main()))
""")
    dump = without_source(record("p.py", options=["--config", "limits.string = 0"]))
    assert [text for text in hidden if text[:-3] in dump] == []
    assert "user_name_of_all" in dump


def test_what_refers_to_each_other_below_a_telling_name_is_walked_once(folder: Path, record: Record) -> None:
    hidden = secret("tree", 0)
    (folder / "p.py").write_text(f"""
class Node:
    def __init__(self, parent, text):
        self.parent, self.text, self.children = parent, text, []
def show(*texts):
    print(*texts)
def main():
    credentials = Node(None, "the root")
    for number in range(30):
        credentials.children.append(Node(credentials, f"node {{number}}"))
    credentials.children[-1].text = "{hidden}"
    return credentials.children[-1].text
show(main())
""")
    dump = without_source(record("p.py"))
    assert hidden not in dump and "<redacted" in dump


def test_encodings_of_a_secret(folder: Path, record: Record) -> None:
    hidden = secret("encodings", 0)
    (folder / "p.py").write_text(f"""
import base64, hashlib
def show(*texts):
    print(texts[0])
def main(secret_key, password):
    show(secret_key.hex())
    show(secret_key.hex().upper())
    show(base64.b64encode(secret_key).decode())
    show(base64.urlsafe_b64encode(secret_key))
    show(password.encode().hex().upper())
    for user in ("me:", "you:", "them:"):
        show(base64.b64encode((user + password).encode()).decode())
    show("all of it")
main(hashlib.sha256(b"x").digest(), "{hidden}")
""")
    dump = without_source(record("p.py"))
    key = hashlib.sha256(b"x").digest()
    forms = [key.hex(), key.hex().upper(), base64.b64encode(key).decode(), base64.urlsafe_b64encode(key).decode()]
    forms += [hidden.encode().hex().upper()]
    forms += [base64.b64encode((user + hidden).encode()).decode() for user in ("me:", "you:", "them:")]
    parts = {form[start : start + 8] for form in forms for start in range(len(form) - 7)}
    assert [part for part in parts if part in dump] == []
    assert "'all of it'" in dump


def test_cards_are_followed_and_found_in_containers(folder: Path, record: Record) -> None:
    (folder / "p.py").write_text("""
def pay(card, amount):
    noted = card
    print("paid", amount, "with", card)
def other(card):
    return len(card)
pay("4012888888881881", 2)
other(["5555555555554444", "hearts"])
other({"value": "378282246310005", "size": 3})
other({"value": 4111111111111111})
other(("spades", 7))
""")
    dump = without_source(record("p.py"))
    cards = ["4012888888881881", "5555555555554444", "378282246310005", "4111111111111111"]
    assert [card for card in cards if card in dump] == []
    assert "card=['<redacted: content card number>', 'hearts']" in dump
    assert "card=('spades', 7)" in dump and "'size': 3" in dump


def test_cards_are_found_in_what_inherits_from_a_container(folder: Path, record: Record) -> None:
    cards = ["4012888888881881", "5555555555554444", "378282246310005", "4111111111111111", "6011111111111117"]
    (folder / "p.py").write_text(f"""
class Bytes(bytearray): pass
class Set(set): pass
class Frozen(frozenset): pass
class Lines(list): pass
class Table(dict): pass
def pay(card):
    return len(card)
pay(Bytes(b"{cards[0]}"))
pay(Set(["{cards[1]}"]))
pay(Frozen(["{cards[2]}"]))
pay(Lines(["{cards[3]}"]))
pay(Table(value="{cards[4]}"))
pay(Set(["hearts"]))
""")
    dump = without_source(record("p.py"))
    assert [card for card in cards if card in dump] == []
    assert "hearts" in dump


def test_more_secrets_than_can_be_followed(folder: Path, record: Record, plain: Plain) -> None:
    (folder / "p.py").write_text("""
def main(passwords):
    return len(passwords)
for number in range(14):
    main([f"zQ{number:02}8431wX{place:04}vPm" for place in range(900)])
def last(password):
    print("it is", password)
last("zR8431wXkvPm77Tq")
""")
    recorded = record("p.py")
    assert recorded.metadata()["limits_reached"] == ["secrets that are followed"]
    assert "zQ" not in without_source(recorded)
    assert "password=<redacted: name password>" in without_source(recorded)
    told = plain("-m", "codetracer_python_recorder", "trace", "summary", recorded.trace).stdout
    assert "secrets that are followed are too many" in told and "not in the trace" not in told


def test_names_that_the_program_makes_of_a_secret(folder: Path, record: Record) -> None:
    (folder / "p.py").write_text("""
def main(token):
    function = lambda: 1
    function.__qualname__ = "handler_" + token
    thing = type("K", (), {})()
    setattr(thing, token, 3)
    exec(token + " = 1", globals())
    return thing
main("zQ8431wXkvPm77Tq")
last = 2
""")
    dump = without_source(record("p.py"))
    assert "8431wX" not in dump and "<function handler_<redacted: name *_token>>" in dump
