import sys

if sys.version_info >= (3, 13):
    import _interpreters as interpreters
else:
    import _xxsubinterpreters as interpreters

CODE = """
import sys
def work(number):
    total = 0
    for item in range(number):
        total += item
    return total
print('inside', work(5), sys.gettrace(), [sys.monitoring.get_tool(number) for number in range(3)], flush=True)
"""


def run(code):
    made = interpreters.create()
    try:
        interpreters.run_string(made, code)
    finally:
        interpreters.destroy(made)


def work(number):
    return [item * item for item in range(number)]


run(CODE)
print(work(3), flush=True)
run(CODE)
print(work(4), len(interpreters.list_all()))
