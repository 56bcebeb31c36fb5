import asyncio
import contextvars
import threading
import time

variable = contextvars.ContextVar("variable")


def block(number):
    time.sleep(0.01)
    return number, variable.get(), threading.current_thread() is threading.main_thread()


async def main():
    variable.set("seen")
    print(await asyncio.gather(*(asyncio.to_thread(block, number) for number in range(3))))
    loop = asyncio.get_running_loop()
    print(await loop.run_in_executor(None, sum, [1, 2]))
    future = loop.create_future()
    threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, "from a thread")).start()
    print(await future)
    queue = asyncio.Queue(1)

    async def produce():
        for number in range(4):
            await queue.put(number)

    task = asyncio.create_task(produce())
    print([await queue.get() for _ in range(4)])
    await task


def other():
    asyncio.run(main())


thread = threading.Thread(target=other)
thread.start()
thread.join()
asyncio.run(main())
loop = asyncio.new_event_loop()
worker = threading.Thread(target=loop.run_forever)
worker.start()
variable.set("outside")
print(asyncio.run_coroutine_threadsafe(asyncio.sleep(0, "result"), loop).result())
loop.call_soon_threadsafe(loop.stop)
worker.join()
loop.close()
