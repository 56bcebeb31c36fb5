import collections
import types


class Node:
    def __init__(self):
        self.me = self


def cycles():
    table = {}
    table["self"] = table
    items = [1]
    items.append(items)
    pair = ([],)
    pair[0].append(pair)
    everything = globals()
    own = locals()
    own["own"] = own
    queue = collections.deque()
    queue.append(queue)
    space = types.SimpleNamespace()
    space.space = space
    node = Node()
    first, second = Node(), Node()
    first.other, second.other = second, first
    proxy = types.MappingProxyType(table)
    table["proxy"] = proxy
    ordered = collections.OrderedDict()
    ordered["o"] = [ordered]
    error = ValueError()
    error.args = (error,)
    error.__cause__ = error.__context__ = None
    function = lambda: function  # noqa: E731
    function.me = function
    kind = type("Kind", (), {})
    kind.kind = kind
    shared = [items] * 5 + [table] * 5
    return shared, everything, error, kind


shared, *_ = cycles()
print(len(shared), repr(shared[0]), repr(shared[-1]["self"] is shared[-1]))
