import os
import signal
import sys
import time

how, name = sys.argv[1:]
number = getattr(signal, name)


def handler(got, frame):
    print("handler", signal.Signals(got).name, frame.f_code.co_name, flush=True)
    if how == "exit":
        sys.exit(5)
    if how == "raise":
        raise ValueError("from the handler")


def send():
    print("sending", flush=True)
    if name == "SIGALRM":
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        time.sleep(0.3 if how == "handle" else 10)
    else:
        os.kill(os.getpid(), number)
    for _ in range(3):
        time.sleep(0.01)
    print("after", flush=True)


if how == "ignore":
    signal.signal(number, signal.SIG_IGN)
elif how != "default":
    signal.signal(number, handler)
try:
    send()
finally:
    print("finally", flush=True)
