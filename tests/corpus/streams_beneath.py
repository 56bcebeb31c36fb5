import array
import codecs
import fcntl
import io
import mmap
import os
import signal
import sys
import threading

# What lies beneath a stream may be the program's, and says in turn what it does; each line is written once.


class Raw(io.RawIOBase):
    readable = writable = lambda self: True

    def write(self, data):
        print(f"{len(data)} bytes", file=sys.stderr, flush=True)
        return os.write(1, data)

    def readinto(self, into):
        data = os.read(0, 4)
        into[: len(data)] = data
        return len(data)


class File(io.FileIO):
    def write(self, data):
        return super().write(bytes(data).upper())


class Writer(io.BufferedWriter):
    def write(self, data):
        return super().write(b"<" + data.rstrip() + b">\n")


class Tee(io.TextIOWrapper):
    def write(self, text):
        super().write(text)
        return sys.__stdout__.write(text)


def write(stream, text):
    stream.write(text)
    stream.flush()


class Number(int):
    def __index__(self):
        raise AssertionError


write(io.TextIOWrapper(io.BufferedWriter(Raw())), "through a buffer\n")
write(io.TextIOWrapper(Raw()), "through none\n")
write(File(1, "w", closefd=False), b"a file\n")
write(io.BufferedWriter(File(1, "w", closefd=False)), b"a file in a buffer\n")
write(io.TextIOWrapper(io.BufferedWriter(File(1, "w", closefd=False))), "a file in a text\n")
write(io.TextIOWrapper(Writer(io.FileIO(1, "w", closefd=False))), "a buffer\n")

# As standard output, too.
sys.stdout = io.TextIOWrapper(io.BufferedWriter(Raw()), line_buffering=True)
print("in its place")
sys.stdout = Tee(io.BytesIO())
print("twice as one", flush=True)
sys.__stdout__.flush()
sys.stdout = sys.__stdout__

# A file that is written and read.
here = os.dup(1)
os.dup2(os.open("made.txt", os.O_CREAT | os.O_RDWR), 1)
with open(1, "r+", closefd=False) as both:
    both.write("both ways\n")
    both.seek(0)
    found = both.read()
os.dup2(here, 1)
print("and", found, end="", file=sys.stderr)


# Code of the program that the interpreter runs within a write.
def replace(error):
    sys.stderr.write("no such character\n")
    return "?", error.end


codecs.register_error("told", replace)
sys.stdout.reconfigure(encoding="ascii", errors="told")
print("caf\xe9", flush=True)


def tick(number, frame):
    os.write(2, b"tick\n")
    print("tock", file=sys.stderr, flush=True)
    threading.Thread(target=os.read, args=(reading, 1 << 20)).start()


signal.signal(signal.SIGALRM, tick)
reading, writing = os.pipe()
fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
os.dup2(writing, 1)
signal.setitimer(signal.ITIMER_REAL, 0.1)
print("." * 5000, flush=True)
os.dup2(here, 1)

# Memory of other kinds, and numbers that are descriptors.
import ctypes  # noqa: E402  # which may keep a file open

memory = mmap.mmap(-1, 5)
memory[:] = b"map.\n"
for data in (array.array("B", b"array\n"), memory, (ctypes.c_char * 4)(*b"own\n")):
    os.write(Number(1), data)
    write(sys.stdout.buffer, data)
os.writev(True, [array.array("B", b"of "), b"many\n"])
into = array.array("B", bytes(3))

# Characters that come in parts, a line of the program each.
for byte in "é€😀\n".encode():
    kept = byte
    os.write(1, bytes([byte]))

print(io.TextIOWrapper(io.BufferedReader(Raw(), 4)).readline(), flush=True)
print(File(0, closefd=False).read(4), sys.stdin.buffer.raw.readinto(into), into, flush=True)
while byte := os.read(0, 1):
    kept = byte
