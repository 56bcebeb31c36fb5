import io
import os
import sys

# Output, at each layer of the stream; the layer above writes what waits first.
print("text é")
sys.stdout.flush()
buffer = sys.stdout.buffer
print(buffer.write("bytes é\n".encode()), buffer.writelines([b"a\n", bytearray(b"b\n")]), buffer.flush())
sys.stdout.flush()
os.write(1, b"os\n")
print(os.writev(1, [b"one ", bytearray(b"two "), memoryview(b"three\n")]), os.writev(1, (b"four\n",)), flush=True)
for byte in "ü\n".encode(): os.write(1, bytes([byte]))
with open(1, "wb", buffering=0, closefd=False) as raw:
    raw.write(memoryview(b"raw\n"))
    raw.writelines([b"raw, too\n"])
with open(1, "wb", closefd=False) as writer:
    writer.write(b"flushed")
    writer.flush()
    writer.write(b" closed\n")
pair = io.BufferedRWPair(open(0, "rb", 0, closefd=False), open(1, "wb", 0, closefd=False))
pair.write(b"pair\n")
pair.flush()
text = open(1, "w", closefd=False)
text.write("collected\n")
del text


class Own(io.RawIOBase):
    readable = writable = lambda self: True

    def write(self, data):
        return os.write(1, data)

    def readinto(self, into):
        data = os.read(0, 4)
        into[: len(data)] = data
        return len(data)


with io.BufferedWriter(Own()) as writer:
    writer.write(b"a file ")
    writer.flush()
    writer.write(b"of its own\n")
try:
    sys.stdout.buffer.write(5)
except TypeError as error:
    print(error)

# Input, from the lowest layer up: an upper one reads ahead.
print(io.BufferedReader(Own(), 4).readline())
into = bytearray(3)
print(os.read(0, 5), os.readv(0, [bytearray(2), into]), into, sys.stdin.buffer.raw.read(2))
print(sys.stdin.buffer.raw.readinto(into), into, sys.stdin.buffer.raw.readline(), flush=True)
print(sys.stdin.buffer.peek(4)[:4], sys.stdin.buffer.read(4), sys.stdin.buffer.readinto(into), into)
print(sys.stdin.buffer.readinto1(memoryview(into)), into, sys.stdin.buffer.read1(3), sys.stdin.buffer.readline())
print(next(sys.stdin.buffer), sys.stdin.buffer.__next__(), sys.stdin.buffer.readlines(5))
print(sys.stdin.readline(), next(sys.stdin), sys.stdin.__next__(), sys.stdin.read(2), input())
print(sys.stdin.read(), sys.stdin.buffer.read(), os.read(0, 5), sys.stdin.buffer.raw.readall())
try:
    os.read(0, -1)
except OSError as error:
    print(error)

# A file in the place of the pipe can be told and sought: what is read again is no input.
with open("made.txt", "w", encoding="utf-16") as made:
    made.write("first\nsecond\nthird\n")
os.dup2(os.open("made.txt", os.O_RDONLY), 0)
stream = open(0, encoding="utf-16", closefd=False)
print(stream.readline(), place := stream.tell(), stream.read(1), stream.seek(place), stream.readline())
os.dup2(os.open("made.txt", os.O_WRONLY | os.O_TRUNC), 2)
stream = open(2, "w", closefd=False)
print(stream.write("waits"), stream.tell(), stream.write(" too"), stream.seek(0, 2), stream.truncate(), file=sys.stdout)
writer = open(2, "wb", closefd=False)
print(writer.write(b"\nso does this"), writer.truncate(), writer.write(b", and this\n"), writer.seek(0))
print(os.pwrite(2, b"\nput last", 100), os.pwritev(2, [b" of ", b"all\n"], 109), os.pread(0, 2, 2), end=" ")
print(os.preadv(0, [into := bytearray(2)], 4), into)
