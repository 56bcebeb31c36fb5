import ctypes
import sys


class State(ctypes.Structure):
    _fields_ = [("active", ctypes.c_uint8), ("opaque", ctypes.c_uint8)]


def native_code(count):
    names = ", ".join(f"a{number}" for number in range(count))
    space = {}
    exec(compile(f"def native({names}): pass", __file__, "exec"), space)
    return space["native"].__code__


def tell(code):
    api = ctypes.pythonapi
    enter, fire = api.PyMonitoring_EnterScope, api._PyMonitoring_FirePyStartEvent
    enter.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t]
    fire.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_int32]
    state, version, event = (State * 1)(), ctypes.c_uint64(0), (ctypes.c_uint8 * 1)(0)
    enter(state, ctypes.byref(version), event, 1)
    if state[0].active:
        fire(state, code, 0)


if sys.version_info >= (3, 13):
    for count in 1, 4, 200:
        tell(native_code(count))
print("end")
