import sys


def work(value):
    inner = [value]
    return inner


write = sys.stdout.write
for name in list(sys.modules):
    if name not in ("sys", "builtins", "__main__"):
        del sys.modules[name]
write(f"{work(1)}\n")
sys.modules.clear()
write(f"{work(2)}\n")
sys.path.clear()
sys.path_hooks.clear()
raise ValueError("the end")
