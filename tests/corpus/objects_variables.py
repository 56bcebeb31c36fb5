import builtins


def unbound(flag):
    if flag:
        value = 1
        later = 2
    else:
        del flag
    try:
        print(value)
    except UnboundLocalError as error:
        print(error)

    def inner():
        return later

    try:
        print(inner())
    except NameError as error:
        print(error)
    later = 5
    print(inner())
    del later
    return inner


def walrus(numbers):
    if any((found := number) > 2 for number in numbers):
        print(found)
    squares = [double := number * 2 for number in numbers]
    print(double, squares)
    number = "outer"
    print([number for number in numbers], number, {number: 1 for number in numbers}, number)
    return [lambda: number for number in numbers]


def many():
    a, (b, *c), d = 1, (2, 3, 4), [5]
    for a, d[0] in ((6, 7), (8, 9)):
        pass
    with open("made.txt", "w") as file, open(file.name) as other:
        pass
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError as error:
        shown = type(error)
    print(a, b, c, d, shown, "error" in locals(), file.closed, other.name)


def matched(value):
    match value:
        case {"kind": str(kind), **rest} if rest:
            return kind, rest
        case [first, *_, last]:
            return first, last
        case int(number) | float(number):
            return number
        case Point(x=0, y=y):
            return y
        case _:
            return "other"


class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


def star(*args, **kwargs):
    args += (1,)
    kwargs["new"] = args
    return kwargs


unbound(True)
unbound(False)
print([function() for function in walrus([1, 2, 3])])
many()
print([matched(value) for value in ({"kind": "k", "a": 1}, [1, 2, 3], 5, 1.5, Point(0, 3), Point(1, 1), None)])
print(star(1, a=2))
builtins._ = None
type Alias[T] = list[T]


def generic[T](value: T) -> T:
    return value


class Box[T]:
    held: T


print(generic(5), Alias.__value__, Box[int], generic.__type_params__)
