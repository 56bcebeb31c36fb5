def take(value, *more):
    count = 0
    for _ in range(20):
        count += 1
    return value


numbers = list(range(1_000_000))
take(numbers, "x" * 100_000_000, bytes(50_000_000), bytearray(10_000_000))
take(dict.fromkeys(numbers), set(numbers), tuple(numbers), frozenset(numbers))
take(10**10_000, -(10**100_000), 2.0**1000, "é\U0001f600" * 100_000)
take([[number] * 1000 for number in range(300)], {number: list(range(50)) for number in range(1000)})
take({"key" * 100_000: 1, ("t" * 50_000,): 2, b"b" * 50_000: 3, frozenset({"f" * 50_000}): 4})
take(type("N" * 20_000, (), {f"name{number}": number for number in range(3000)})())
take(range(10**30), slice(0, 10**50), memoryview(bytes(1_000_000)), 1.0e308 * 10)
names = {f"name{number}": number for number in range(2000)}
exec("\n".join(f"name{number} = {number}" for number in range(300)), names)
print(len(numbers), len(names))
