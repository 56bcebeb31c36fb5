import resource
import sys

with open("/proc/self/statm") as file:
    size = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 300_000_000, -1))


def fill(found):
    while True:
        found.append(bytearray(50_000_000))


def attempt():
    found = []
    try:
        fill(found)
    except MemoryError as error:
        print("caught", type(error).__name__, len(found) > 2, error.args)
        found.clear()


attempt()
attempt()
try:
    print([0] * 10**15)
except MemoryError:
    print("at once")
if "caught" not in sys.argv:
    fill([])
print("on")
