import asyncio


async def leaf(number):
    try:
        await asyncio.sleep(0 if number % 2 else 10)
        if number > 2:
            raise ValueError(number)
        return number
    except asyncio.CancelledError:
        print("cancelled", number)
        raise
    finally:
        print("left", number)


async def main():
    async with asyncio.TaskGroup() as group:
        good = group.create_task(leaf(1))
    print(good.result())
    try:
        async with asyncio.TaskGroup() as group:
            for number in (2, 3, 5):
                group.create_task(leaf(number))
    except* ValueError as errors:
        print(sorted(str(error) for error in errors.exceptions))
    try:
        async with asyncio.timeout(0.01):
            await leaf(4)
    except TimeoutError as error:
        print("late", type(error.__cause__).__name__)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(leaf(6))
            await asyncio.sleep(0)
            raise KeyError("body")
    except* KeyError as errors:
        print(errors.exceptions)
    raise ExceptionGroup("the end", [ValueError(1)])


asyncio.run(main())
