import multiprocessing
import multiprocessing.managers
import multiprocessing.shared_memory


def double(name, lock, counter, proxy):
    memory = multiprocessing.shared_memory.SharedMemory(name)
    with lock:
        memory.buf[0] *= 2
        counter.value += 1
        proxy.append(counter.value)
    memory.close()


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    memory = multiprocessing.shared_memory.SharedMemory(create=True, size=16)
    memory.buf[0] = 3
    lock, counter = context.Lock(), context.Value("i", 0)
    with context.Manager() as manager:
        proxy, names = manager.list(), manager.dict(a=1)
        processes = [context.Process(target=double, args=(memory.name, lock, counter, proxy)) for _ in range(3)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        print(memory.buf[0], counter.value, sorted(proxy), names.copy())
    memory.close()
    memory.unlink()
