"""A run of pytest: tests that pyflakes brings, and pyflakes itself, which lies beside this script."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
TESTS = "pyflakes.test.test_dict"
# A configuration of its own: that of a project around the folder is not meant.
options = ["-c", os.devnull, "-q", "-p", "no:cacheprovider", "-p", "no:codetracer", "--pyargs", TESTS]
sys.exit(int(pytest.main(options)))
