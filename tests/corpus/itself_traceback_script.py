import library


def helper(value):
    return library.call(lambda: value + library.fail(3))


class Thing:
    def method(self):
        numbers = [helper(number) for number in range(3)]
        return numbers

    def __str__(self):
        return f"{self.method()}"


def generator():
    yield str(Thing())


print("before", flush=True)
list(generator())
