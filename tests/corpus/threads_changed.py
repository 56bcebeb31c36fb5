import sys
import threading

sys.setswitchinterval(1e-6)
stop, thing = False, type("Thing", (), {})()
table, items, bag = {}, [], set()


def change():
    number = 0
    while not stop:
        number += 1
        table[number % 50] = [number]
        table.pop(number * 7 % 50, None)
        items.append(number)
        del items[30:]
        bag.add(number % 31)
        bag.discard(number * 3 % 31)
        setattr(thing, f"name{number % 20}", items)
        thing.__dict__.pop(f"name{number * 3 % 20}", None)


def look(mapping, sequence, some, instance):
    for number in range(200):
        seen = number
    return seen


threads = [threading.Thread(target=change) for _ in range(3)]
for thread in threads:
    thread.start()
print(look(table, items, bag, thing))
stop = True
for thread in threads:
    thread.join()
