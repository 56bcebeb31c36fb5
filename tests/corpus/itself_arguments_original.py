import subprocess
import sys

print(sys.orig_argv[1:], sys.argv)
if "again" in sys.argv:
    print("started again as it was started")
else:
    done = subprocess.run([*sys.orig_argv, "again"], capture_output=True, text=True)
    print(done.returncode, done.stdout, done.stderr)
