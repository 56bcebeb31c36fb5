import os
import subprocess

for act in (
    lambda: os.execv("/nonexistent/program", ["x"]),
    lambda: os.posix_spawn("/nonexistent/program", ["x"], {}),
    lambda: subprocess.run(["/nonexistent/program"]),
    lambda: os.execve("/dev/null", ["x"], {}),
):
    try:
        act()
    except OSError as error:
        print(type(error).__name__, error)
value = [1, 2]
print("on", value)
