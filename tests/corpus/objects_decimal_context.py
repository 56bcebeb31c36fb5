"""A thread makes its decimal context when it computes, not when a number is shown."""

import contextvars
import decimal
import threading


class Own(decimal.Decimal):
    pass


def work(*numbers):
    shown = numbers
    before = len(contextvars.copy_context())
    decimal.DefaultContext.prec = 5
    return before, [str(1 / number) for number in shown]


for numbers in (["3"], ["1E+400", "-0.5"], ["3"]):
    decimal.DefaultContext.prec = 28
    made = [kind(number) for kind in (decimal.Decimal, Own) for number in numbers]
    thread = threading.Thread(target=lambda made=made: print(work(*made)))
    thread.start()
    thread.join()
    print(contextvars.Context().run(work, *made))
