import gc
import resource

with open("/proc/self/statm") as file:
    size = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 60_000_000, -1))


class Node:
    def __init__(self, number):
        self.number = number
        self.text = bytes(30_000)


def grow(nodes):
    while True:
        nodes.append(Node(len(nodes)))


for _ in range(2):
    found = []
    try:
        grow(found)
    except MemoryError:
        found.clear()
        print("full")
    gc.collect()
print("on", [number for number in range(3)])
