import sys

print(input("prompt> "), input(), repr(input("")))
print(sys.stdin.readline(), end="")
print(next(sys.stdin), end="")
print(sys.stdin.buffer.read(4), sys.stdin.buffer.readline(), sys.stdin.buffer.peek(3)[:3])
print(sys.stdin.read(3), sys.stdin.readlines(5))
try:
    print(input("\x1b[1mthe last\x1b[0m "))
    print(input("one too many? "))
except EOFError as error:
    print("end", error)
print(repr(sys.stdin.read()), repr(sys.stdin.readline()), list(sys.stdin))


class Prompt:
    def __str__(self):
        print("asked for the prompt")
        return "own prompt "


try:
    input(Prompt())
except EOFError:
    print("none left")
