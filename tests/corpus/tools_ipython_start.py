from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

settings = Config()
settings.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=settings, colors="nocolor")
for cell in (
    "x = 5",
    "x * 2",
    "def f(a):\n    return a / 0",
    "f(x)",
    "%who",
    "await_me = 1\n!echo from a shell",
    "%timeit -n1 -r1 -q x",
):
    result = shell.run_cell(cell, store_history=True)
    print(cell.splitlines()[0], result.success, result.result)


async def leaf():
    return 7


print(shell.run_cell("import asyncio\nawait asyncio.sleep(0, 'awaited')").result, shell.user_ns["x"])
