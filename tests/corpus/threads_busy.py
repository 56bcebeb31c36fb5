import sys
import threading

sys.setswitchinterval(1e-5)
results = {}


def work(name, count):
    total = 0
    for number in range(count):
        total += number * len(name)
    results[name] = total


threads = [threading.Thread(target=work, args=(f"w{number}", 2000), name=f"w{number}") for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(results.items()))
