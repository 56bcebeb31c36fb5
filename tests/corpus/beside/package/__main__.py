import sys

from package import add

print(sys.argv[1:], add(1, 2), __name__, __package__, __spec__.name)
