import atexit
import os
import sys

how = sys.argv[1]
print("before")
if how == "stdout":
    sys.stdout.close()
elif how == "stderr":
    sys.stderr.close()
    1 / 0  # noqa: B018
elif how == "descriptor":
    os.close(1)
    print("lost")
elif how == "none":
    sys.stdout = sys.stderr = None
    print("nowhere")
    1 / 0  # noqa: B018
elif how == "deleted":
    del sys.stdout, sys.stderr
    1 / 0  # noqa: B018
elif how == "broken":
    sys.stdout.flush()
    reader, writer = os.pipe()
    os.dup2(writer, 1)
    os.close(reader)
    print("into a closed pipe")
elif how == "write":
    sys.stdout.flush()
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    atexit.register(print, "more")
    print("on a full disk")
