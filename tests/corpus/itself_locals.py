import sys


def show(names):
    print(
        {
            name: value if isinstance(value, int | list) else type(value)
            for name, value in sorted(names.items())
            if name[:2] != "__"
        }
    )


def outer(first, *rest, key=2, **named):
    shared = first
    show(locals())

    def inner():
        nonlocal shared
        shared += 1
        show(locals())
        show(sys._getframe(1).f_locals)
        return shared

    inner()
    for number in range(2):
        show(sys._getframe().f_locals)
    squares = [number * number for number in range(3) if show(locals()) is None]
    del first
    show(locals())
    snapshot = locals()
    snapshot["shared"] = 99
    snapshot["extra"] = 1
    show(locals())
    print(shared, squares, sorted(snapshot), locals() is snapshot)
    return inner


class Body:
    one = 1
    show(locals())
    locals()["two"] = 2
    show(locals())


print(outer(1, 2, 3, named=4).__closure__[0].cell_contents, Body.two)
names = {}
exec("a = 1\nlocals()['b'] = a + 1\nshow = [locals() is globals() for _ in 'x']", names)
print(sorted(name for name in names if name != "__builtins__"), names["show"], globals() is locals())
