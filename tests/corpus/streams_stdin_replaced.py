import fileinput
import io
import sys

real = sys.stdin
sys.stdin = io.StringIO("one\ntwo\nthree\n")
print(input("> "), sys.stdin.readline(), list(sys.stdin))


class Own:
    def readline(self):
        print("asked for a line")
        return "own line\n"


sys.stdin = Own()
print(input(), input("prompt "))
sys.stdin = None
try:
    input("nothing ")
except RuntimeError as error:
    print(error)
sys.stdin = real
for line in fileinput.input(["-"]):
    print(fileinput.lineno(), line, end="")
    if fileinput.lineno() == 2:
        fileinput.nextfile()
print(sys.stdin is real)
