class Names(dict):
    def __setitem__(self, name, value):
        log.append(f"set {name}")
        super().__setitem__(name, value)

    def __getitem__(self, name):
        log.append(f"get {name}")
        return super().__getitem__(name)

    def __missing__(self, name):
        if name.startswith("magic"):
            return name.upper()
        raise KeyError(name)


class Meta(type):
    @classmethod
    def __prepare__(cls, name, bases, **options):
        log.append(f"prepare {name} {options}")
        return Names()

    def __new__(cls, name, bases, names, **options):
        return super().__new__(cls, name, bases, dict(names))

    def __init__(cls, name, bases, names, **options):
        super().__init__(name, bases, names)

    def __call__(cls, *arguments):
        log.append("call")
        return super().__call__(*arguments)

    def __instancecheck__(cls, value):
        log.append("instance")
        return True

    def __subclasscheck__(cls, other):
        log.append("subclass")
        return True

    def __getattribute__(cls, name):
        log.append(f"meta get {name}")
        return super().__getattribute__(name)

    def __repr__(cls):
        log.append("meta repr")
        return "Meta"

    def __eq__(cls, other):
        log.append("meta eq")
        return cls is other

    def __hash__(cls):
        log.append("meta hash")
        return 5


log = []


class Made(metaclass=Meta, option=1):
    first = magic_one
    for number in range(2):
        second = first, number
    squares = [number * number for number in range(3)]

    def method(self, value):
        return value


class Sub(Made):
    third = magic_two


def take(value, kind):
    inside = [value, kind, {kind: value}]
    return inside


print(log)
log.clear()
take(Sub(), Sub)
take([Made(), Made], 1)
print(log)
print(Sub().method(3), isinstance(5, Made), Made.second, log)
