import sys


class Least:
    def write(self, text):
        kept.append(text)


class Counting:
    def __init__(self, stream):
        self.stream, self.count = stream, 0

    def __getattr__(self, name):
        asked.append(name)
        return getattr(self.stream, name)

    def write(self, text):
        self.count += 1
        return self.stream.write(text)


class Failing:
    def write(self, text):
        raise OSError(28, "full")

    flush = write


class Tee:
    def __init__(self, *streams):
        self.streams = streams

    def write(self, text):
        for stream in self.streams:
            stream.write(text)

    def flush(self):
        asked.append("flush")


kept, asked = [], []
real = sys.stdout
sys.stdout = Least()
print("kept", 1, flush=False)
sys.stdout = counting = Counting(real)
print("counted", 1)
print("more", flush=True)
sys.stdout = Failing()
try:
    print("fails")
except OSError as error:
    real.write(f"{error}\n")
sys.stdout = None
print("nowhere")
sys.stdout = Tee(real, sys.stderr)
print("to both")
sys.stdout = real
real.write = lambda text: asked.append(text) or len(text)
print("by the instance's write? no")
sys.stdout.write("kept by the stand-in")
del real.write
print(kept, counting.count, asked)
sys.stdout = Counting(real)
print("left replaced")
