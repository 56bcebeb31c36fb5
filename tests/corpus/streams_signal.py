import signal
import sys
import time


def handler(number, frame):
    print("in the handler", flush=True)
    sys.stderr.write("handler on stderr\n")
    calls.append(frame.f_code.co_name)


def busy():
    while len(calls) < 3:
        total = sum(range(100))
        if total == 0:
            print("never")


calls = []
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
busy()
signal.setitimer(signal.ITIMER_REAL, 0)
print(set(calls))
signal.signal(signal.SIGUSR1, lambda *details: print("from within print"))


class Text:
    def __str__(self):
        signal.raise_signal(signal.SIGUSR1)
        time.sleep(0.01)
        return "the outer text"


print(Text())
