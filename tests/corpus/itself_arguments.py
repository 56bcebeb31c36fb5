import os
import sys

print(sys.argv)
print([type(argument) for argument in sys.argv])
print(os.path.basename(sys.executable), sys.prefix == sys.base_prefix, sys.exec_prefix == sys.prefix)
sys.argv.append("more")
sys.argv[:] = sys.argv[::-1]
print(sys.argv)
