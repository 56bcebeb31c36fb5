import atexit
import functools
import sys


class Kept:
    def __del__(self):
        print("gone")


def hook(action, kind, error, entry):
    kept = Kept()
    print("hook", kind.__name__, sys.last_exc is error, sys.last_type, sys.last_value is error, flush=True)
    raise action


def audit(action, event, arguments):
    if event == "sys.excepthook":
        print("audited", [type(argument).__name__ for argument in arguments], flush=True)
        raise action


way, at_last = sys.argv[1:] if len(sys.argv) > 2 else (sys.argv[1], "ValueError")
atexit.register(print, "at exit")
kept = Kept()
if way == "missing":
    del sys.excepthook
elif way == "no function":
    sys.excepthook = None
elif way == "exit":
    sys.excepthook = functools.partial(hook, SystemExit(7))
elif way == "text":
    sys.excepthook = functools.partial(hook, SystemExit("the hook's last words"))
elif way == "exits itself":
    sys.excepthook = lambda *_: sys.exit()
elif way == "forbidden":
    sys.addaudithook(functools.partial(audit, RuntimeError("no")))
elif way == "audited":
    sys.addaudithook(functools.partial(audit, OSError("no, but")))
if at_last == "return":
    sys.exit(3)
raise __builtins__.__dict__[at_last]("first")
