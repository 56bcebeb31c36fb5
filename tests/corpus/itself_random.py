import random
import sys

print(sys.flags.hash_randomization, hash("text"), hash((1, "x")), list({"b", "a", "c", "d"}))
random.seed(5)


def draw(generator):
    return generator.random()


print([draw(random) for _ in range(3)], random.sample(range(100), 5))
state = random.getstate()
first = [random.randint(0, 9) for _ in range(5)]
random.setstate(state)
print(first == [random.randint(0, 9) for _ in range(5)], draw(random.Random(1)))
