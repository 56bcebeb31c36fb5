import asyncio
import gc
import signal
import sys
import threading

print(sys.getswitchinterval(), sys.getrecursionlimit(), sys.get_int_max_str_digits(), threading.stack_size())
print(gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.callbacks, gc.get_freeze_count())
print(sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile())
print(sys.get_asyncgen_hooks(), sys.get_coroutine_origin_tracking_depth(), sys.is_finalizing())
print(sys.displayhook, sys.breakpointhook, sys.unraisablehook is sys.__unraisablehook__, sys.getdlopenflags())
print(
    [thread.name for thread in threading.enumerate()],
    threading.main_thread() is threading.current_thread(),
    threading.active_count(),
)
print(threading.excepthook is threading.__excepthook__, asyncio._get_running_loop())
for number in sorted(signal.valid_signals()):
    print(number, signal.getsignal(number))
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.getitimer(signal.ITIMER_REAL), signal.set_wakeup_fd(-1))
with open("/proc/self/status") as file:
    masks = [line.split() for line in file if line.startswith(("SigB", "SigI", "SigC"))]
    faults = sum(1 << number - 1 for number in (4, 6, 7, 8, 11))
    print([(name, hex(int(mask, 16) & 0x7FFFFFFF & ~faults)) for name, mask in masks])
