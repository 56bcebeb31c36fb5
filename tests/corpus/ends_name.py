import os
import sys

print(ascii(sys.argv[0]), ascii(__file__), ascii(os.path.basename(sys._getframe().f_code.co_filename)))


def fail():
    raise ValueError("with an odd name")


fail()
