import sys
import types

NUMBERS = [10**4299, 10**4300, -(10**5000), 2**63, 2**64, -(2**63) - 1, 0, True, 2**53 + 1, 1 << 70]
REALS = [float("nan"), float("inf"), -float("inf"), -0.0, 5e-324, 1e308, 0.1, complex("nan"), complex("-inf-0j")]
TEXTS = [
    "",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udcff\ud83d",
    "\U0010ffff",
    "\x1b[31m",
    "\r\n\t",
    "\u2028",
    '"\\/',
    "e\u0301",
    "\ufeff",
]
BYTES = [b"", b"\x00\xff", bytearray(b"\x80"), memoryview(b"abc")[::2], memoryview(b"")]
SINGLES = [None, ..., NotImplemented, type, object, object(), int, len, print.__self__, [].append, str.join, types]


def take(value, **named):
    key = {value: 1} if isinstance(value, str | int | float | bytes) else {}
    inside = [value, (value,), key]
    try:
        raise ValueError(value)
    except ValueError:
        return inside


for value in [*NUMBERS, *REALS, *TEXTS, *BYTES, *SINGLES]:
    take(value, named=value)
    take(value, **{text: value for text in TEXTS})
print(sys.get_int_max_str_digits(), [ascii(text) for text in TEXTS])
try:
    str(NUMBERS[2])
except ValueError as error:
    print(error)
globals()["\ud800"] = globals()["not a name"] = globals()[""] = 1
names = {"\udc80": 1, 5: 6, None: 7}
exec("inner = 1\nouter = inner\n", names)
exec(compile("x = 1\nprint(x)\n", "\udc80 name\n.py", "exec"))
exec(compile("x = 1\nprint(x)\n", "", "exec"))
exec(compile("\n" * 5000 + "x = 2\nprint(x)\n", __file__, "exec"))
function = types.FunctionType(take.__code__.replace(co_name="\udc80\n", co_qualname="\x00"), globals(), "\ud801")
print(len(function("x")), ascii(function.__name__))
