import gc
import weakref


class Thing:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)

    def method(self):
        return self.name


def take(value, inside):
    held = value
    other = inside
    return held is other


def own(name):
    thing = Thing(name)
    reference = weakref.ref(thing, lambda _: print("callback", name))
    proxy = weakref.proxy(thing)
    take(reference, [reference])
    take(proxy, [proxy, {"p": proxy}])
    take(thing, [thing])
    print(weakref.getweakrefcount(thing), proxy.name)
    thing = None
    print("after", reference())
    take(proxy, [proxy])
    return proxy


dead = own("first")
take(dead, [dead])
try:
    print(dead.name)
except ReferenceError as error:
    print(error)
values, keys, bag = weakref.WeakValueDictionary(), weakref.WeakKeyDictionary(), weakref.WeakSet()
for number in range(3):
    thing = Thing(number)
    values[number], keys[thing] = thing, number
    bag.add(thing)
    take(values, keys)
print(len(values), len(keys), len(bag))
del thing
print(len(values), len(keys), len(bag))
bound = weakref.WeakMethod(Thing("bound").method)
take(bound, [bound])
print(bound())
cycle = Thing("cycle")
cycle.me = weakref.ref(cycle), cycle
take(cycle, [cycle])
del cycle
print(gc.collect() > 0)
