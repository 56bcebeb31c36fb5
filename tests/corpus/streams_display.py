import code
import sys

sys.displayhook(5)
sys.displayhook(None)
sys.ps1, sys.ps2 = "ps1 ", "ps2 "
console = code.InteractiveConsole({"given": 41})
console.interact(banner="banner", exitmsg="left")
print(sorted(name for name in console.locals if not name.startswith("__")), console.locals["made"])
exec(compile("given = 1\n'shown'", "<single>", "exec"))
exec(compile("40 + 2", "<single>", "single"))
sys.displayhook = lambda value: print("hook", value)
exec(compile("40 + 2", "<single>", "single"))
