import dataclasses
import enum
import pickle
import subprocess
import sys


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Colour(enum.Enum):
    RED = 1


class Custom:
    def __reduce__(self):
        print("reduce", sys._getframe(1).f_code.co_name)
        return Custom, ()


def function():
    return 5


for value in (Point(1, 2), Colour.RED, function, Point, Custom()):
    data = pickle.dumps(value)
    print(data, type(pickle.loads(data)).__name__)
try:
    pickle.dumps(lambda: 0)
except Exception as error:
    print(type(error).__name__, str(error).partition(" at 0x")[0])
print(Point.__module__, Point.__qualname__, pickle.whichmodule(function, "function"))
with open("stored.bin", "wb") as file:
    pickle.dump([Point(3, 4), Colour.RED], file)
code = "import pickle\nclass Point: pass\nfrom enum import Enum\nColour = Enum('Colour', 'RED')\n"
code += "print(type(pickle.load(open('stored.bin', 'rb'))[0]).__module__)"
print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
