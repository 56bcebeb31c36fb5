import asyncio
import gc


async def numbers(name):
    try:
        for number in range(5):
            yield number
    finally:
        print("closing", name)
        await asyncio.sleep(0)
        print("closed", name)


async def main():
    left = numbers("left open")
    print(await anext(left))
    async for number in numbers("broken off"):
        print(number)
        break
    closed = numbers("closed by hand")
    await anext(closed)
    await closed.aclose()
    thrown = numbers("thrown into")
    await anext(thrown)
    try:
        await thrown.athrow(KeyError("k"))
    except KeyError as error:
        print("came out", error)
    dropped = numbers("dropped")
    await anext(dropped)
    del dropped
    gc.collect()
    await asyncio.sleep(0.01)
    print(await anext(numbers("default")), await anext(aiter(numbers("aiter"))))
    return left


asyncio.run(main())
step = numbers("by hand").asend(None)
try:
    step.send(None)
except StopIteration as stop:
    print("by hand", stop.value)
