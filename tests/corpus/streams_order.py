import ctypes
import os
import sys

libc = ctypes.CDLL(None)
for number in range(3):
    print("print", number)
    sys.stdout.flush()
    os.write(1, b"os.write %d\n" % number)
    libc.puts(b"puts %d" % number)
    libc.fflush(None)
    sys.stdout.buffer.write(b"buffer %d\n" % number)
    sys.stdout.write("text after it\n")
print("not flushed")
os.write(1, b"before what was not flushed\n")
libc.printf(b"at the exit of C\n")
os.writev(1, [b"of ", b"parts\n"])
with open("/dev/stdout", "w") as file:
    file.write("by its name\n")
