"""Owns: one run of one command: its wall and processor time, its peak memory. Must not: import more than it needs.

usage: measure.py SECONDS BYTES COMMAND…
Prints `WALL CPU PEAK STATUS` (seconds, seconds, bytes of resident memory, exit status; minus the signal that ended it)
as the last line. After SECONDS the command is killed; it gets no more than BYTES of address space.

A process of its own, because a child's peak begins at that of the process it was started from.
"""

import os
import resource
import signal
import sys
import time


def main() -> None:
    seconds, limit, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, flags, 0) for fd, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY))]
    began = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=nowhere)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(seconds)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(wall, usage.ru_utime + usage.ru_stime, peak, os.waitstatus_to_exitcode(status))


main()
