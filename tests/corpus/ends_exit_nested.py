import sys


def swallow():
    try:
        sys.exit(1)
    finally:
        return "swallowed"  # noqa: B012


def change():
    try:
        sys.exit(1)
    except SystemExit as end:
        end.code = 8
        raise


def within():
    try:
        change()
    finally:
        print("one")
        try:
            sys.exit(7)
        except SystemExit as end:
            print(end.code, end.__context__.code)


print(swallow())
try:
    exec("raise SystemExit('from exec')")
except SystemExit as end:
    print(end)
print([exit.__class__.__name__, repr(quit)[:20]])
for number in (1, 2):
    try:
        within()
    except SystemExit as end:
        print(number, end.code)
try:
    raise KeyError("context")
except KeyError:
    within()
