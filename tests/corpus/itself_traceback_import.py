import traceback

try:
    import broken
except ZeroDivisionError:
    traceback.print_exc()
with open("unparsable.py", "w") as file:
    file.write("x = 1\ndef f(:\n")
try:
    import unparsable
except SyntaxError:
    traceback.print_exc()
try:
    import missing_module
except ModuleNotFoundError as error:
    print(error.name, error.path)
try:
    from library import missing_name
except ImportError as error:
    print(error)
with open("circle.py", "w") as file:
    file.write("from circle import later\nlater = 1\n")
try:
    import circle
except ImportError as error:
    print(str(error).partition("(/")[0])
import broken
