import sys

print(sys.stdout.encoding, sys.stdout.errors, sys.stderr.errors, sys.stdin.encoding, sys.stdin.errors)
for text in ("caf\u00e9", "\u20ac", "\ud800", "\udc80", "a\x00b", "\U0001f600"):
    try:
        print("text", text)
    except UnicodeEncodeError as error:
        print(error)
    print(text, file=sys.stderr)
    try:
        sys.stdout.write("written\n" + text + "\n")
    except UnicodeError as error:
        print(type(error).__name__, error.start)
print(ascii(sys.stdin.read()))
