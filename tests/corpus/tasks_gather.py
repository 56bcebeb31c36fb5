import asyncio


async def leaf(number):
    await asyncio.sleep(0)
    if number == 3:
        raise ValueError(number)
    return number * 2


async def slow(name, event):
    await event.wait()
    print("slow", name, asyncio.current_task().get_name())
    return name


async def main():
    print(await asyncio.gather(*map(leaf, range(3))))
    print(await asyncio.gather(leaf(1), leaf(3), return_exceptions=True))
    event = asyncio.Event()
    tasks = [asyncio.create_task(slow(name, event), name=name) for name in "ab"]
    done, pending = await asyncio.wait(tasks, timeout=0.01)
    print(len(done), len(pending))
    event.set()
    for future in asyncio.as_completed(tasks):
        print(await future in ("a", "b"))
    async with asyncio.Lock(), asyncio.Semaphore(1):
        print([number async for number in count(3)], len(asyncio.all_tasks()))
    return "end"


async def count(limit):
    for number in range(limit):
        await asyncio.sleep(0)
        yield number


print(asyncio.run(main()))
with asyncio.Runner() as runner:
    print(runner.run(leaf(5)), runner.run(leaf(6)))
