import queue
import sys
import threading

sys.setswitchinterval(1e-5)
lock, again, gate = threading.Lock(), threading.RLock(), threading.Semaphore(2)
condition, barrier, event = threading.Condition(), threading.Barrier(4), threading.Event()
counts = {"lock": 0, "again": 0, "gate": 0, "turn": 0, "barrier": 0}


def add(name, kind):
    for _ in range(100):
        with kind:
            with kind if kind is again else threading.Lock():
                counts[name] += 1


def turns(own):
    for _ in range(20):
        with condition:
            condition.wait_for(lambda: counts["turn"] % 4 == own)
            counts["turn"] += 1
            condition.notify_all()


def meet(number):
    event.wait()
    for _ in range(5):
        if barrier.wait() == 0:
            counts["barrier"] += 1


def pump(source, target):
    while (item := source.get()) is not None:
        target.put(item + 1)
    target.put(None)


first, last = queue.Queue(2), queue.SimpleQueue()
threads = [threading.Thread(target=add, args=(name, kind)) for name, kind in (("lock", lock), ("again", again)) * 2]
threads += [threading.Thread(target=turns, args=(number,)) for number in range(4)]
threads += [threading.Thread(target=meet, args=(number,)) for number in range(4)]
threads += [threading.Thread(target=pump, args=(first, last))]
for thread in threads:
    thread.start()
event.set()
for number in range(20):
    first.put(number)
first.put(None)
for thread in threads:
    thread.join()
with gate, gate:
    print(gate.acquire(timeout=0.01))
print(counts, sum(iter(last.get, None)))
