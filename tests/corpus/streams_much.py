import sys

line = "0123456789" * 10 + "\n"
for number in range(500):
    sys.stdout.write(line * 1000)
sys.stdout.buffer.write(line.encode() * 400_000)
for number in range(200):
    print(line * 10, end="")
    sys.stderr.write(line)
