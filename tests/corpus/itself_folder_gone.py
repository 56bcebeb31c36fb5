import os
import sys

os.mkdir("gone")
os.chdir("gone")
os.rmdir("../gone")


def work(number):
    try:
        return os.getcwd()
    except FileNotFoundError as error:
        return error.strerror, number


print(work(1))
import library  # noqa: E402

print(library.call(work, 2), library.value)
names = {}
exec(compile("def relative(a):\n    return a + 1\nfound = relative(1)\n", "relative.py", "exec"), names)
print(names["found"], os.path.relpath(__file__, os.path.dirname(__file__)), sys.path[0] == os.path.dirname(__file__))
library.fail(1)
