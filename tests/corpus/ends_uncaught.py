import sys


class Plain(BaseException):
    pass


class Silent(Exception):
    def __str__(self):
        raise ValueError("no text")


class Noisy(Exception):
    def __str__(self):
        print("asked for text")
        return "noisy\ntwo lines"


class Lying(Exception):
    __module__ = "elsewhere"
    __qualname__ = "Outer.Inner"


def fail(how):
    before = how
    if how == "assert":
        assert before == [], {"shown": before}
    if how == "stop":
        next(iter([]))
    if how == "unbound":
        print(later)
        later = 1
    if how == "name":
        print(befor)
    if how == "attribute":
        print(sys.versio)
    raise {
        "base": Plain("x"),
        "silent": Silent(),
        "noisy": Noisy(),
        "lying": Lying("x"),
        "memory": MemoryError(),
        "generator": GeneratorExit("g"),
        "unicode": ValueError("\udc80\x00\x1b[31m é"),
        "syntax": SyntaxError("own", ("file.py", 3, 2, "x = (", 3, 4)),
        "key": KeyError("a key\n"),
        "os": FileNotFoundError(2, "gone", "name"),
        "interrupt": KeyboardInterrupt("text"),
        "long": ValueError("x" * 5000),
        "notes": Plain("with notes"),
    }[how]


try:
    fail(sys.argv[1])
except Plain as error:
    if sys.argv[1] == "notes":
        error.__notes__ = ["one", 2, "three\nlines"]
    raise
