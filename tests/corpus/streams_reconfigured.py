import io
import sys

print("first")
sys.stdout.reconfigure(encoding="latin-1", errors="replace")
print("caf\u00e9 \u20ac", sys.stdout.encoding, sys.stdout.errors)
sys.stdout.reconfigure(newline="\r\n")
print("with another newline")
sys.stdout.reconfigure(newline=None, encoding="utf-16-le")
print("wide")
sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
print("\udcff")
sys.stdin.reconfigure(encoding="latin-1")
print(ascii(sys.stdin.readline()))
raw = sys.stdout.detach()
raw.write(b"detached\n")
try:
    sys.stdout.write("gone")
except ValueError as error:
    raw.write(str(error).encode() + b"\n")
sys.stdout = io.TextIOWrapper(raw, encoding="ascii", errors="backslashreplace", line_buffering=True)
print("wrapped again \u20ac", sys.stdout.fileno())
sys.stderr = io.TextIOWrapper(sys.stderr.buffer, encoding="utf-8", errors="strict")
print("on the new stderr", file=sys.stderr)
