import traceback


def first():
    raise ValueError("first")


def second():
    try:
        first()
    except ValueError as error:
        error.add_note("a note\nof two lines")
        raise KeyError("second") from error


def third():
    try:
        second()
    finally:
        {}["third"]


def fourth():
    try:
        third()
    except KeyError:
        raise OSError(2, "fourth", "name") from None


try:
    fourth()
except OSError as error:
    print(len(traceback.extract_tb(error.__traceback__)), repr(error.__context__), error.__suppress_context__)
    print(traceback.format_exc())
    print(traceback.format_exception(error.__context__)[-3:])
    print(
        [
            (frame.name, frame.lineno, frame.line)
            for frame in traceback.walk_tb(error.__traceback__) and traceback.extract_stack()
        ]
    )
third()
