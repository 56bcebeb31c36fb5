import asyncio


async def stubborn():
    for attempt in range(3):
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError as error:
            print("refused", attempt, error.args)
    return "done"


async def shielded(name):
    await asyncio.sleep(0.01)
    print("shielded", name)


async def nested(level):
    try:
        if level:
            await nested(level - 1)
        await asyncio.sleep(10)
    finally:
        print("leaving", level)


async def main():
    task = asyncio.create_task(stubborn())
    for text in ("one", "two", "three"):
        await asyncio.sleep(0)
        task.cancel(text)
    print(await task, task.cancelled(), task.cancelling())
    outer = asyncio.create_task(nested(3))
    await asyncio.sleep(0)
    outer.cancel("outer")
    try:
        await outer
    except asyncio.CancelledError as error:
        print("cancelled", error.args)
    inner = asyncio.create_task(shielded("inner"))
    try:
        await asyncio.wait_for(asyncio.shield(inner), 0.001)
    except TimeoutError:
        print("timed out", inner.done())
    await inner
    before = asyncio.create_task(nested(0))
    before.cancel()
    await asyncio.gather(before, return_exceptions=True)
    print(before)
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


try:
    asyncio.run(main())
except asyncio.CancelledError as error:
    print("main was cancelled", error.args)
