import asyncio
import sys


async def leaf(number):
    await asyncio.sleep(0)
    return number


async def forgotten():
    leaf(1)


async def fails():
    raise ValueError("never looked at")


async def main():
    asyncio.get_running_loop().slow_callback_duration = 100
    print(sys.get_coroutine_origin_tracking_depth() > 0, asyncio.get_running_loop().get_debug())
    await forgotten()
    task = asyncio.create_task(fails(), name="failing")
    await asyncio.sleep(0)
    del task
    asyncio.get_running_loop().call_exception_handler({"message": "by hand", "exception": KeyError("k")})
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: print("handler", context["message"]))
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)
    return await leaf(2)


print(asyncio.run(main(), debug="debug" in sys.argv or None))
leaf(3)
print("end")
