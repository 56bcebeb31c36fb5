import traceback


def fail(error):
    raise error


def collect(*errors):
    found = []
    for error in errors:
        try:
            fail(error)
        except Exception as caught:
            found.append(caught)
    return found


class Own(ExceptionGroup):
    def derive(self, errors):
        return Own("derived", errors)


try:
    raise Own("own", collect(ValueError(1), TypeError("t"), KeyError("k")))
except* ValueError as group:
    print("values", group.exceptions, type(group).__name__)
except* KeyError:
    traceback.print_exc()
    try:
        raise ExceptionGroup("inner", collect(IndexError(2)))
    except ExceptionGroup as inner:
        raise BaseExceptionGroup("outer", [inner, KeyboardInterrupt("k"), *collect(OSError(1, "x"))]) from inner
