import os
import signal
import sys


def work(number):
    return number * 2


def run(act):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        act()
        os._exit(9)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), work(1))


def nested():
    run(lambda: print("grandchild", work(3), flush=True))


os.register_at_fork(
    before=lambda: print("before", flush=True),
    after_in_parent=lambda: None,
    after_in_child=lambda: print("after in child", flush=True),
)
run(lambda: os._exit(work(2)))
run(lambda: os.execv("/bin/echo", ["echo", "from echo"]))
run(lambda: os.kill(os.getpid(), signal.SIGKILL))
run(nested)
run(lambda: os.abort())
run(lambda: sys.stdout.write("not flushed") and os._exit(0))
print(work(5))
