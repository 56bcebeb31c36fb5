"""`python -m codetracer_python_recorder`: the same program as the console script.

Owns: nothing. Must not: do more than call it.
"""

from __future__ import annotations

import sys

from codetracer_python_recorder.cli import main

if __name__ == "__main__":
    status = main()
    if not sys.flags.inspect:  # with -i the prompt follows, whatever the status
        sys.exit(status)
