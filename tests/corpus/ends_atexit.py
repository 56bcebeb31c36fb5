import atexit
import sys
import threading
import weakref


class Thing:
    pass


def say(text, *, loud=False):
    print("bye", text.upper() if loud else text)


def more():
    print("registering more")
    atexit.register(say, "from within")
    threading.current_thread().name = "renamed"


def leave():
    sys.exit(4)


kept = Thing()
weakref.finalize(kept, say, "finalized")
atexit.register(say, "first")
atexit.register(say, "second", loud=True)
atexit.register(lambda: 1 / 0)
atexit.register(leave)
atexit.register(more)
unwanted = atexit.register(print, "unwanted")
atexit.unregister(unwanted)
threading._register_atexit(say, "threading")
sys.exit(2)
