import gc
import threading

import greenlet


def first(value):
    print("first", value)
    got = second_let.switch("from first")
    print("first again", got)
    try:
        return deep(3)
    finally:
        print("first is done")


def second(value):
    print("second", value)
    got = first_let.switch("from second")
    print("never", got)


def deep(number):
    if number:
        return deep(number - 1)
    return main.switch("from the deep")


def fails():
    try:
        main.switch("ready")
    except ValueError as error:
        print("thrown", error)
        raise KeyError("out") from error


def numbers():
    for number in range(3):
        yield greenlet.getcurrent().parent.switch(number)


def generate(_):
    return list(numbers())


main = greenlet.getcurrent()
first_let, second_let = greenlet.greenlet(first), greenlet.greenlet(second)
print(first_let.switch("start"))
print(first_let.switch("finish"), first_let.dead, second_let.dead)
failing = greenlet.greenlet(fails)
print(failing.switch())
try:
    failing.throw(ValueError("in"))
except KeyError as error:
    print(repr(error), repr(error.__cause__))
inner = greenlet.greenlet(generate)
print([inner.switch(text) for text in "abcd"])
del second_let, failing
gc.collect()
many = [greenlet.greenlet(deep) for _ in range(20)]
print([let.switch(number) for number, let in enumerate(many)][-1], [let.switch(1) for let in many][:3])


def thread():
    let = greenlet.greenlet(lambda value: [value, greenlet.getcurrent().parent.switch("out")])
    print(let.switch(1), let.switch(2))


worker = threading.Thread(target=thread)
worker.start()
worker.join()
left_open = greenlet.greenlet(fails)
left_open.switch()
