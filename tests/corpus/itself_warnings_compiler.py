import warnings

pattern = "\d+"
if 1 is 1:
    print("same")
assert (1, "always true")
try:
    print("x" is not "y")
except TypeError:
    pass
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    compile("'\\w' is 'x'", "other.py", "exec")
    print([(entry.category.__name__, entry.lineno, entry.filename) for entry in caught])
open("never_closed.txt", "w")
print(pattern)
