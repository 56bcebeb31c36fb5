import sys

OURS = "codetracer_python_recorder"
names = sorted(name for name in sys.modules if name.partition(".")[0] != OURS)
print(len(names))
for name in names:
    print(name, type(sys.modules[name]).__name__)
print(sys.modules[__name__].__dict__ is globals())
print(sorted(name for name in dir(sys) if "codetracer" in name or "recorder" in name))
