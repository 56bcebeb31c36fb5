import re
import sys

seen = []
noise = ("cpython.", "sys._getframe")


def hook(event, arguments):
    if recording and not event.startswith(noise):
        seen.append((event, [item for item in arguments if isinstance(item, str | None)]))


def work(number):
    with open("made.txt", "w") as file:
        file.write(str(number))
    return [item for item in range(number)]


recording = False
sys.addaudithook(hook)
recording = True
work(3)
compile("1", "x.py", "eval")
import library  # noqa: E402

library.call(work, 4)
recording = False
for event, arguments in seen:
    print(event, [re.sub(r"\.\d+$", "", item) if item else item for item in arguments])
