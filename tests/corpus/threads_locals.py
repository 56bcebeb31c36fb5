import contextvars
import decimal
import threading

local = threading.local()
variable = contextvars.ContextVar("variable", default="unset")


class Own(threading.local):
    made = 0

    def __init__(self):
        type(self).made += 1
        self.number = 0

    def __del__(self):
        pass


own = Own()


def work(number):
    local.value = number
    own.number += number
    variable.set(f"thread {number}")
    decimal.getcontext().prec = number + 2
    results.append((local.value, own.number, variable.get(), str(decimal.Decimal(1) / 3)))


def inside(text):
    token = variable.set(text)
    found = variable.get(), token.old_value
    variable.reset(token)
    return found


results = []
for number in range(3):
    thread = threading.Thread(target=work, args=(number,))
    thread.start()
    thread.join()
print(results, Own.made, hasattr(local, "value"), variable.get(), decimal.getcontext().prec)
context = contextvars.copy_context()
print(context.run(inside, "inner"), variable.get(), context.get(variable, "nothing"), len(context))
thread = threading.Thread(target=context.run, args=(variable.set, "kept"))
thread.start()
thread.join()
print(context[variable], variable.get())
