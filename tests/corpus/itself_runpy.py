import runpy
import sys

sys.argv = ["changed", "arguments"]
with open("piece.py", "w") as file:
    file.write(
        "import sys\nprint(__name__, __spec__ is None, sys.argv, sys.modules.get(__name__) is None)\nfound = 7\n"
    )
names = runpy.run_path("piece.py")
print(sorted(names), names["found"])
names = runpy.run_path("piece.py", {"given": 1}, "__main__")
print(names["given"], names["__name__"], sys.modules["__main__"].__dict__ is globals())
print(runpy.run_module("package", run_name="__main__", alter_sys=True)["__name__"])
print(runpy.run_module("library")["value"])
try:
    runpy.run_module("package.gone")
except ImportError as error:
    print(error)
with open("fails.py", "w") as file:
    file.write("def f():\n    raise SystemExit(4)\nf()\n")
runpy.run_path("fails.py", run_name="__main__")
