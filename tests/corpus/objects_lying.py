import enum
import types
import unittest.mock


class Lie:
    __slots__ = ("kind",)

    def __init__(self, kind):
        self.kind = kind

    @property
    def __class__(self):
        asked.append(self.kind.__name__)
        return self.kind


class Renamed:
    pass


class Named(type):
    @property
    def __name__(cls):
        asked.append("name")
        return 5

    @property
    def __module__(cls):
        asked.append("module")
        return None

    @property
    def __flags__(cls):
        asked.append("flags")
        return 0


class ByMeta(metaclass=Named):
    pass


def take(value):
    inside = [value, (value, {"k": value})]
    return inside


asked = []
for kind in (int, str, list, dict, tuple, BaseException, type, types.ModuleType, types.FunctionType, enum.Enum, bool):
    take(Lie(kind))
take(ByMeta())
take(ByMeta)
Renamed.__name__ = "not a <name>"
Renamed.__qualname__ = "not.a<name>"
Renamed.__module__ = 5
take(Renamed())
Mock = unittest.mock.MagicMock(name="mock")
take(Mock)
take(unittest.mock.create_autospec(dict))
take(type("", (), {"__module__": None, "__doc__": 5})())
changed = Lie.__new__(Lie)
take(changed)
print(asked, Mock.mock_calls, Mock.method_calls, isinstance(Lie(int), int), asked)
