import sys


class Named:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name, sys is None, __name__, "helper" in globals())
        helper(self.name)


def helper(name):
    local = name * 2
    sys.stdout.write(f"helped {local}\n")


first = Named("a")
second = Named("b")
cycle = Named("c")
cycle.me = cycle
_private = Named("d")
sys.kept = Named("e")
sys.modules["fake"] = Named("f")
print("end")
