"""The commands, one module for each group.

Owns: nothing itself. Must not: be imported by anything but the command line.
"""
