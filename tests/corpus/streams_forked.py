import os
import sys

sys.stdout.write("in the buffer at the fork\n")
child = os.fork()
if child == 0:
    print("of the child")
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
print("of the parent")
sys.stdout.write("in the buffer again\n")
child = os.fork()
if child == 0:
    sys.exit(0)
os.waitpid(child, 0)
