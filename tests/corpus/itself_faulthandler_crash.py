import ctypes
import faulthandler

faulthandler.enable()


def crash(address):
    return ctypes.string_at(address)


print("before", flush=True)
crash(0)
