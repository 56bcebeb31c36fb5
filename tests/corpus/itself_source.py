import inspect
import linecache


# A comment above.
def function(
    number,
    text="default",
):
    """Documented."""
    return number, text


class Thing:
    def method(self):
        return lambda: self


print(inspect.getsource(function), inspect.getsource(Thing), inspect.getsourcefile(Thing.method) == __file__)
print(inspect.getcomments(function), inspect.getdoc(function), inspect.signature(function))
print(inspect.getsourcelines(Thing().method()), inspect.getmodule(function).__name__, inspect.getmodulename(__file__))
print(linecache.getline(__file__, 3), linecache.getlines("library.py")[0])
print(inspect.getframeinfo(inspect.currentframe()).code_context, sorted(linecache.cache) == sorted({__file__}))
