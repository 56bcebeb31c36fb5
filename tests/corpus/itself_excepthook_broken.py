import sys


def hook(kind, error, entry):
    print("hook", kind.__name__, flush=True)
    raise KeyError("in the hook")


sys.excepthook = hook
raise ValueError("first")
