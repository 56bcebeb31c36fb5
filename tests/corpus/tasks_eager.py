import asyncio
import inspect
import types


@types.coroutine
def switch():
    got = yield "switch"
    return got


async def work(number):
    if number:
        await asyncio.sleep(0)
    return number


class Awaits:
    def __init__(self, number):
        self.number = number

    def __await__(self):
        got = yield from work(self.number).__await__()
        return got * 10


async def main():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    tasks = [asyncio.create_task(work(number)) for number in range(3)]
    print([task.done() for task in tasks], [await task for task in tasks])
    print(await Awaits(4), [await Awaits(number) for number in range(2)])
    async with Manager() as value:
        print(value)
    return {number: number async for number in generate()}


class Manager:
    async def __aenter__(self):
        return await Awaits(1)

    async def __aexit__(self, *details):
        await asyncio.sleep(0)
        print(details)


async def generate():
    got = yield 1
    print("got", got)
    yield 2


print(asyncio.run(main()))
coroutine = switch()
print(coroutine.send(None), inspect.getgeneratorstate(coroutine))
try:
    coroutine.send("value")
except StopIteration as stop:
    print(stop.value)
