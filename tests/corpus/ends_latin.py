# -*- coding: latin-1 -*-
name = "café"
print(ascii(name), name)


def fail(été):
    raise ValueError(été)


fail("é")  # café
