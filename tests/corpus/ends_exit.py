import sys


class Text:
    def __str__(self):
        print("asked for text")
        return "own text"


class Own(SystemExit):
    pass


class Code(int):
    def __index__(self):
        print("asked for an index")
        return 9


def leave(how):
    print("leaving", how)
    if how == "own":
        raise Own(6)
    if how == "bare":
        raise SystemExit
    if how == "two":
        raise SystemExit(1, 2)
    sys.exit(ARGUMENTS[how])


ARGUMENTS = {"none": None, "three": 3, "text": "a text é", "zero": 0, "true": True, "large": 256 + 7, "negative": -1}
ARGUMENTS |= {"huge": 2**70, "float": 2.5, "object": Text(), "pair": (1, 2), "bytes": b"x", "surrogate": "\udc80\ud800"}
ARGUMENTS |= {"code": Code(4), "exception": ValueError("x"), "empty": "", "list": []}
try:
    leave(sys.argv[1])
finally:
    print("finally")
