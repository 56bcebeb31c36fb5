import os
import sys

import library

print(os.path.basename(os.getcwd()), sys.path[0] == os.path.dirname(os.getcwd()), sys.argv)
print(library.value, os.path.basename(library.__file__), __file__)
print(os.listdir())
