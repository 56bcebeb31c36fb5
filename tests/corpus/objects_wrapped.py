import functools
import operator


class Proxy:
    __slots__ = ("__wrapped__",)

    def __init__(self, wrapped):
        object.__setattr__(self, "__wrapped__", wrapped)

    def __getattribute__(self, name):
        log.append(name)
        return getattr(object.__getattribute__(self, "__wrapped__"), name)

    def __setattr__(self, name, value):
        setattr(object.__getattribute__(self, "__wrapped__"), name, value)


for name in "repr str bytes hash eq lt len iter contains bool int float index call getitem add dir".split():

    def method(self, *arguments, name=f"__{name}__"):
        log.append(name)
        return getattr(type(object.__getattribute__(self, "__wrapped__")), name)(
            object.__getattribute__(self, "__wrapped__"), *arguments
        )

    setattr(Proxy, f"__{name}__", method)

log = []


def use(value, others):
    held = value
    for other in others:
        held = other
    return held


for wrapped in (5, "text", [1, 2], {"a": 1}, ValueError("x"), int, use, None, use.__code__, iter([1]), Proxy(1)):
    use(Proxy(wrapped), [Proxy(wrapped), (Proxy(wrapped), {"p": Proxy(wrapped)})])
print(log)
partial = functools.partial(use, Proxy(1))
print(
    use(partial, [operator.attrgetter("x"), functools.cmp_to_key(use), functools.partialmethod(use)]) is not None, log
)


@functools.wraps(use)
def wrapper(*arguments, **named):
    return use(*arguments, **named)


print(wrapper(1, [2]), wrapper.__wrapped__ is use, wrapper.__name__)
