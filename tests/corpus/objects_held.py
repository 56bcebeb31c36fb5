import array
import collections
import ctypes
import io
import mmap
import sqlite3
import threading


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("next", ctypes.c_void_p)]


def take(value):
    inside = [value, {"v": value}]
    held = value
    return held, inside


def resize(data, act):
    take(data)
    act(data)
    return len(data)


print(resize(bytearray(b"abc"), lambda data: data.extend(b"x" * 100)))
print(resize(array.array("i", [1, 2]), lambda data: data.extend(range(100))))
print(resize({1: 2}, lambda data: data.update(dict.fromkeys(range(100)))))
print(resize({1}, lambda data: data.update(range(100))))
print(resize(collections.deque([1], 5), lambda data: data.extend(range(100))))
buffer = io.BytesIO(b"text")
take(buffer.getbuffer())
take(buffer)
buffer.write(b"a longer text than before")
mapped = mmap.mmap(-1, 4096)
take(mapped)
mapped.close()
take(mapped)
stream = open("made.txt", "w+")
take(stream)
stream.close()
take(stream)
view = memoryview(bytearray(b"abc"))
view.release()
take(view)
take(Point(1, None))
take(ctypes.POINTER(Point)())
take(ctypes.cast(8, ctypes.POINTER(ctypes.c_int)))
database = sqlite3.connect(":memory:")
cursor = database.execute("select 1 union select 2")
take(cursor)
row = cursor.fetchone()
take(row)
print(cursor.fetchall())
thread = threading.Thread(target=take, args=(database,))
thread.start()
thread.join()
database.close()
take(database)
table = {number: number for number in range(5)}
for key in table:
    take(table)
    take(table.items())
try:
    for key in table:
        table[key + 10] = take(key)
except RuntimeError as error:
    print(error)
lock = threading.RLock()
with lock:
    take(lock)
    take(threading.Condition(lock))
