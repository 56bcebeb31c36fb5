import concurrent.futures
import multiprocessing.pool


def square(number):
    if number == 7:
        raise ValueError("seven")
    return number * number


with concurrent.futures.ThreadPoolExecutor(4, "pool", initializer=lambda: names.add(1)) as pool:
    names = set()
    print(list(pool.map(square, range(5))))
    futures = [pool.submit(square, number) for number in range(10)]
    done, _ = concurrent.futures.wait(futures)
    print(sorted(future.result() for future in done if not future.exception()), len(done), names)
    print([repr(future.exception()) for future in futures if future.exception()])
    try:
        pool.submit(square, 7).result()
    except ValueError as error:
        print(error, error.__traceback__.tb_next.tb_frame.f_code.co_name)
with multiprocessing.pool.ThreadPool(3) as pool:
    print(pool.map(square, range(6)), pool.apply(square, (9,)))
