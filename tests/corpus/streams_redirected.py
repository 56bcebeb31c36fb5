import contextlib
import io
import logging
import os
import sys
import tempfile


def work(number):
    print("work", number)
    print("error", number, file=sys.stderr)
    return number


with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.redirect_stderr(text):
    work(1)
    with contextlib.redirect_stdout(sys.__stdout__):
        work(2)
    logging.warning("logged to where stderr was")
print(repr(text.getvalue()))
with open("made.txt", "w") as file, contextlib.redirect_stdout(file):
    work(3)
    os.system("echo from a shell")
with open("made.txt") as file:
    print(repr(file.read()))
sys.stdout.flush()
saved = os.dup(1)
with tempfile.TemporaryFile("w+") as file:
    os.dup2(file.fileno(), 1)
    work(4)
    sys.stdout.flush()
    os.system("echo from a shell")
    os.dup2(saved, 1)
    file.seek(0)
    print(repr(file.read()))
work(5)
