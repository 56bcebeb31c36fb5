@echo off & python -x "%~f0" %* & exit /b (it's no Python
# -*- coding: latin-1 -*-
import sys


def fail(text="café"):
    print(ascii(text), sys.orig_argv[1:-1], fail.__code__.co_firstlineno)
    raise ValueError(text)


fail()
