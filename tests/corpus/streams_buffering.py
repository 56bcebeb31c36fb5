import os
import sys
import time

print("line one")
print("part", end="")
os.write(2, b"first on stderr? no buffer there\n")
sys.stderr.write("stderr is by line ")
sys.stderr.write("and this ends it\n")
print(sys.stdout.line_buffering, sys.stdout.write_through, sys.stderr.line_buffering, sys.stderr.write_through)
sys.stdout.write("x" * 9000)
os.write(1, b"<after 9000>")
sys.stdout.write("y" * 100)
os.write(1, b"<after 100>")
print("flushed", flush=True)
os.write(1, b"<after flush>")
time.sleep(0.01)
sys.stdout.reconfigure(line_buffering=True)
print("by line now")
os.write(1, b"<after by line>")
sys.stdout.reconfigure(write_through=True, line_buffering=False)
sys.stdout.write("through")
os.write(1, b"<after through>\n")
