import os
import select
import sys

print(select.select([0], [], [], 10)[0], os.read(0, 3), sys.stdin.buffer.raw.read(2))
buffer = bytearray(4)
print(sys.stdin.buffer.readinto(buffer), buffer, sys.stdin.buffer.read1(3))
data = sys.stdin.buffer.read()
print(len(data), data[:5], data[-5:])
sys.stdout.flush()
sys.stdout.buffer.write(bytes(range(256)))
sys.stdout.buffer.flush()
print(os.read(0, 1), sys.stdin.closed, sys.stdin.buffer.closed)
sys.stdin.close()
try:
    sys.stdin.read()
except ValueError as error:
    print(error)
