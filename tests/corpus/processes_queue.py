import multiprocessing
import os
import sys
import time


class Carried:
    def __init__(self, number):
        self.number = number


def work(source, target, event, name):
    event.wait()
    while (item := source.get()) is not None:
        target.put((name, Carried(item.number * 2)))
    target.close()
    print("worker", name, multiprocessing.current_process().name, sys.argv[1:], __name__, flush=True)
    if name == "failing":
        raise ValueError(name)
    sys.exit(5)


def stuck():
    while True:
        time.sleep(0.01)


def main(method):
    context = multiprocessing.get_context(method)
    source, target, event = context.Queue(), context.Queue(), context.Event()
    receiver, sender = context.Pipe(False)
    for name in ("good", "failing"):
        process = context.Process(target=work, args=(source, target, event, name), name=f"process {name}")
        process.start()
        event.set()
        for number in range(5):
            source.put(Carried(number))
        source.put(None)
        print([target.get(timeout=30)[1].number for _ in range(5)])
        process.join()
        print(name, process.exitcode)
    killed = context.Process(target=stuck, daemon=True)
    killed.start()
    killed.terminate()
    killed.join()
    print(killed.exitcode, killed.is_alive())
    other = context.Process(target=sender.send, args=({"from": "child"},))
    other.start()
    print(receiver.recv())
    other.join()
    value = context.Value("i", 5)
    print(value.value, os.path.basename(__file__))


if __name__ == "__main__":
    main(sys.argv[1])
