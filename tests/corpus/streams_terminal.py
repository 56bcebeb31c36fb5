import os
import sys

print([stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)], sys.stdout.line_buffering)
print(os.ttyname(1)[:5], os.get_terminal_size(1))
print("without a newline ", end="")
name = input("prompt> ")
sys.stderr.write("on stderr\n")
print("name", ascii(name))
for number in range(3):
    print(f"\rprogress {number}", end="", flush=True)
print()
print(repr(sys.stdin.readline()))
import readline  # noqa: E402

print(readline.get_current_history_length(), readline.get_completer())
