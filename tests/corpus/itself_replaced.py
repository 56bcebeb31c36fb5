import builtins
import json
import os
import sys
import threading
import time


def noisy(module, name):
    real = getattr(module, name)

    def stand_in(*arguments, **named):
        calls.append(name)
        return real(*arguments, **named)

    return stand_in


calls = []
for module, names in (
    (builtins, "len repr str isinstance type getattr hasattr print open id iter dict list".split()),
    (os, "getpid write open stat fspath getcwd close".split()),
    (os.path, "join abspath exists isfile".split()),
    (json, "dumps loads".split()),
    (time, "time monotonic sleep perf_counter time_ns".split()),
    (threading, "current_thread get_ident".split()),
    (sys, "_getframe exc_info settrace exit".split()),
):
    for name in names:
        setattr(module, name, noisy(module, name))


def work(numbers):
    total = 0
    for number in numbers:
        total += number
    try:
        raise ValueError(total)
    except ValueError:
        return total


sys.stdout.write(f"{work([1, 2, 3])}\n")
sys.stdout.write(f"{calls}\n")
