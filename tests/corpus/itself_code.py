import copy
import dis
import io
import marshal
import pickle
import types


def function(number, *, key=None):
    total = 0
    for item in range(number):
        total += item if item % 2 else -item
    try:
        return total / number
    except ZeroDivisionError:
        return key


def show():
    text = io.StringIO()
    dis.dis(function, file=text)
    return text.getvalue()


code = function.__code__
before = code.co_code, show(), hash(code)
for number in range(50):
    function(number)
print(before == (code.co_code, show(), hash(code)), code == code.replace(), hash(code) == hash(code.replace()))
print(marshal.loads(marshal.dumps(code)) == code, copy.copy(code) is code, list(code.co_lines())[:3])
print([position[:2] for position in code.co_positions()][:4], show().count("INSTRUMENTED"))
again = types.FunctionType(code.replace(co_name="renamed", co_varnames=code.co_varnames), {"range": range})
again.__kwdefaults__ = {"key": 0}
print(again(5), again.__name__, code.co_stacksize, code.co_flags, code.co_exceptiontable)
function.__code__ = (lambda number: number * 3).__code__
print(function(4), pickle.dumps(function) == pickle.dumps(function))
print(before[1])
