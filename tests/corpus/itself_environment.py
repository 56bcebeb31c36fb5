import decimal
import locale
import os
import resource

for name in sorted(os.environ):
    print(name, ascii(os.environ[name]))
previous = os.umask(0)
os.umask(previous)
print(
    oct(previous), os.getcwd() == os.path.dirname(os.path.abspath(__file__)), os.nice(0), os.getpgid(0) == os.getpid()
)
print(locale.setlocale(locale.LC_ALL), locale.getpreferredencoding(), decimal.getcontext())
print(decimal.Decimal(1) / 3, decimal.getcontext().flags[decimal.Inexact])
print(
    [
        int(number)
        for number in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{number}") and os.get_inheritable(int(number))
    ]
)
for name in sorted(name for name in dir(resource) if name.startswith("RLIMIT")):
    print(name, resource.getrlimit(getattr(resource, name)))
with open("made.txt", "w") as file:
    file.write("x")
print(oct(os.stat("made.txt").st_mode), sorted(os.listdir()))
