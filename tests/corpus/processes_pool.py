import multiprocessing
import os
import sys

total = 0


def start(number):
    global total
    total = number


def square(number):
    if number == 9:
        raise ValueError("nine")
    return number * number + total


def main(method):
    context = multiprocessing.get_context(method)
    with context.Pool(2, start, (100,)) as pool:
        print(
            pool.map(square, range(5)), pool.apply_async(square, (6,)).get(30), sorted(pool.imap_unordered(square, ""))
        )
        try:
            pool.apply(square, (9,))
        except ValueError as error:
            print(error, type(error.__cause__).__name__)
            print(str(error.__cause__).strip().splitlines()[-2:])
    print(method, total, __name__, os.path.basename(sys.argv[0]), len(multiprocessing.active_children()))


if __name__ == "__main__":
    main(sys.argv[1])
