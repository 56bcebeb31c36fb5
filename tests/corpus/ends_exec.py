import os
import sys

step = sys.argv[1] if len(sys.argv) > 1 else "first"


def work(name):
    print("step", name, len(sys.argv), flush=True)
    return name


work(step)
if step == "first":
    os.environ["STEP"] = "kept"
    os.execv(sys.executable, [sys.executable, sys.argv[0], "second"])
print(os.environ["STEP"])
sys.exit(3)
