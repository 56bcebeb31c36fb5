try:
    from _testcapi import remove_mem_hooks, set_nomemory
except ImportError:  # a distribution may leave it out
    set_nomemory = None


def numbers():
    while True:
        yield 1


def step(generator):
    set_nomemory(0, 0)
    try:
        generator.send(None)
    except MemoryError:
        return "memory"
    finally:
        remove_mem_hooks()
    return "fine"


first, generator = numbers(), numbers()
next(first)
next(generator)
print(step(generator) if set_nomemory else "fine")
