import _thread
import signal
import threading
import time


def wait(act):
    try:
        threading.Timer(0.05, act).start()
        while True:
            time.sleep(0.01)
    except KeyboardInterrupt:
        return "interrupted"
    finally:
        print("cleaned")


def own(act):
    lock = threading.Lock()
    lock.acquire()
    try:
        threading.Timer(0.05, act).start()
        lock.acquire()
    except KeyboardInterrupt as error:
        return type(error.__context__).__name__


print(wait(_thread.interrupt_main))
print(own(lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)))
print(wait(lambda: signal.raise_signal(signal.SIGINT)))
signal.raise_signal(signal.SIGINT)
print("never")
