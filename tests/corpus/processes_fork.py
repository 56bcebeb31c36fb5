import atexit
import os
import sys

atexit.register(lambda: print("exit of", role, flush=True))
role = "parent"


def work(number):
    values = [number] * 3
    return sum(values)


print("buffered before", end="")
sys.stdout.flush()
for number in range(2):
    child = os.fork()
    if child == 0:
        role = f"child {number}"
        print(role, work(number), os.getppid() > 1, flush=True)
        if number:
            sys.exit(number + 3)
        break
    status = os.waitpid(child, 0)[1]
    print("ended with", os.waitstatus_to_exitcode(status), work(10), flush=True)
print("end of", role, flush=True)
if role != "parent":
    raise ValueError(role)
