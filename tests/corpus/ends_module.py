import sys

import library

print(__name__, __package__, __spec__.name, sys.argv[1:], library.value)
sys.exit(3)
