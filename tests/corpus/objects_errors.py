import sys
import traceback

log = []


class Evil(Exception):
    def __str__(self):
        log.append("str")
        raise RuntimeError

    __repr__ = __str__

    @property
    def args(self):
        log.append("args")
        return ()

    @property
    def __cause__(self):
        log.append("cause")
        return None

    def __getattribute__(self, name):
        log.append(name)
        return super().__getattribute__(name)


class Text(str):
    def __str__(self):
        log.append("text")
        return "text"

    __repr__ = __format__ = __str__


class Number(Exception):
    args = 5
    __traceback__ = "no traceback"


def fails(error):
    raise error


def catch(error):
    try:
        fails(error)
    except BaseException:
        return len(traceback.extract_tb(sys.exc_info()[2]))


for error in (Evil("x"), ValueError(Text("t")), KeyError(Text("k")), OSError(2, Text("o"), Text("f"))):
    print(catch(error), log)
    log.clear()
print(
    catch(Number(1)),
    catch(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")),
    catch(SyntaxError("s", ("f", 1, 1, "t"))),
)
again = ValueError("again")
print([catch(again) for _ in range(3)])
shared = ValueError("with_traceback")
try:
    fails(shared.with_traceback(None))
except ValueError as error:
    try:
        raise TypeError("second") from error
    except TypeError as second:
        print(repr(second.__cause__), second.__cause__ is second.__context__, len(traceback.format_exception(second)))


def depths():
    try:
        fails(KeyError(1))
    except KeyError:
        try:
            fails(ValueError(2))
        except ValueError:
            print(repr(sys.exception()), repr(sys.exception().__context__))
        print(repr(sys.exception()))
        raise
    finally:
        print(repr(sys.exception()))


print(catch(ExceptionGroup("g", [ValueError(1), Evil("y")])), log)
try:
    depths()
except KeyError as error:
    print(error.__traceback__.tb_next.tb_lineno, error.__context__)
for number in range(3):
    try:
        raise StopIteration(number) if number else StopAsyncIteration
    except (StopIteration, StopAsyncIteration) as error:
        print(repr(error))
        continue
    finally:
        print("finally", number)
