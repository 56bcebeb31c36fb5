import sys
import threading


def say(name):
    for number in range(50):
        with lock:
            sys.stdout.write(f"{name} " + "x" * 50 + "\n")
        print(name, number, file=errors)


class Lines:
    def __init__(self):
        self.lines = []

    def write(self, text):
        self.lines.append(text)


errors, lock = Lines(), threading.Lock()
sys.setswitchinterval(1e-5)
for turn in range(3):
    threads = [threading.Thread(target=say, args=(f"{turn}",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(len(errors.lines), sum(map(len, errors.lines)))
