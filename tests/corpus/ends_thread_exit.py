import _thread
import sys
import threading
import time

done = threading.Event()


def leave(how):
    try:
        if how == "exit":
            sys.exit("not shown")
        if how == "raise":
            raise SystemExit(9)
        _thread.exit()
    finally:
        print("left by", how)


for how in ("exit", "raise", "thread"):
    thread = threading.Thread(target=leave, args=(how,))
    thread.start()
    thread.join()
    print(thread.is_alive())


def raw():
    done.set()
    sys.exit(3)


_thread.start_new_thread(raw, ())
done.wait()
time.sleep(0.05)
print("goes on")
