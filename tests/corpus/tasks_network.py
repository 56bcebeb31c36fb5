import asyncio
import signal


async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def talk(port, text):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    writer.write_eof()
    found = await reader.read()
    writer.close()
    await writer.wait_closed()
    return found


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        print(await asyncio.gather(*(talk(port, f"text {number}\n".encode()) for number in range(3))))
    process = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    print(await process.communicate(b"through cat"), process.returncode)
    loop, seen = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, seen.set)
    signal.raise_signal(signal.SIGUSR1)
    await seen.wait()
    loop.remove_signal_handler(signal.SIGUSR1)
    print("signal seen")
    loop.call_later(0.01, signal.raise_signal, signal.SIGINT)
    await asyncio.sleep(10)


try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
