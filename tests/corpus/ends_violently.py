import ctypes
import os
import signal
import sys
import threading


def end(how):
    numbers = [number for number in range(5)]
    print(how, numbers, flush=True)
    if how == "abort":
        os.abort()
    if how == "crash":
        ctypes.string_at(0)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "thread":
        thread = threading.Thread(target=end, args=("crash",))
        thread.start()
        thread.join()
    if how == "stop":
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
    if how == "overflow":
        resource_limit()
    signal.raise_signal(getattr(signal, how))


def resource_limit():
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
    sum(range(10**12))


end(sys.argv[1])
