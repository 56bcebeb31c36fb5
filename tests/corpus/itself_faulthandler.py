import faulthandler
import re
import signal
import sys
import tempfile
import threading

gate = threading.Event()


def waits():
    gate.wait()


def shown(act):
    with tempfile.TemporaryFile("w+") as file:
        act(file)
        file.seek(0)
        return re.sub(r"0x\w+", "0x", file.read())


def middle():
    return shown(faulthandler.dump_traceback)


print(faulthandler.is_enabled())
print(middle())
thread = threading.Thread(target=waits, name="waits")
thread.start()
print(shown(lambda file: faulthandler.dump_traceback(file, all_threads=False)))
gate.set()
thread.join()


def by_signal(file):
    faulthandler.register(signal.SIGUSR1, file, all_threads=False)
    signal.raise_signal(signal.SIGUSR1)
    faulthandler.unregister(signal.SIGUSR1)


print(shown(by_signal))
faulthandler.enable(sys.stderr)
print(faulthandler.is_enabled())
