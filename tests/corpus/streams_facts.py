import io
import sys

NAMES = (
    "encoding errors newlines line_buffering write_through name mode closed readable writable seekable isatty fileno"
)
for stream in (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__):
    facts = {}
    for name in NAMES.split():
        try:
            value = getattr(stream, name)
            facts[name] = value() if callable(value) else value
        except Exception as error:
            facts[name] = type(error).__name__
    print(facts, repr(stream))
    print(type(stream), type(stream).__mro__, type(stream.buffer), type(stream.buffer.raw), stream.buffer.raw.closefd)
    print(isinstance(stream, io.TextIOBase), stream._CHUNK_SIZE, stream.buffer.name, sorted(vars(stream)))
print(sys.stdout is sys.__stdout__, sys.stdout.write.__self__ is sys.stdout, type(sys.stdout.write), sys.displayhook)
print(sys.stdout.write == sys.stdout.write, sys.stdout.write("text\n"), sys.stdout.writelines(["a\n", "b\n"]))
sys.stdout.attribute = 1
print(vars(sys.stdout), dir(sys.stdout) == dir(sys.__stdout__), hasattr(sys.stdout, "buffer"), sys.stdout.__class__)
print(print.__self__.__name__, print.__module__, input.__module__, type(print), sys.stdout.__reduce_ex__ is not None)
try:
    print(sys.stdin.tell())
except OSError as error:
    print(error)
for wrong in (5, b"bytes", None):
    try:
        sys.stdout.write(wrong)
    except TypeError as error:
        print(error)
del sys.stdout.attribute
