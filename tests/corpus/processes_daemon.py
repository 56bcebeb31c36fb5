import os
import sys
import time


def daemonize():
    if os.fork():
        return False
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.umask(0)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.closerange(3, 64)
    return True


def serve(log):
    with open(log, "w") as file:
        for number in range(3):
            file.write(f"line {number}\n")
            print("nowhere")
    os.rename(log, log + ".done")


log = os.path.abspath("daemon.log")
if daemonize():
    serve(log)
    sys.exit(3)
while not os.path.exists(log + ".done"):
    time.sleep(0.01)
with open(log + ".done") as file:
    print(file.read())
