import sys
import traceback

import library


def hook(kind, error, entry):
    print("hook", kind.__name__, error, len(traceback.extract_tb(entry)), len(traceback.extract_stack()))
    print(sys.exc_info(), sys.last_exc if hasattr(sys, "last_exc") else "no last")
    print(*traceback.format_tb(entry), sep="", end="")
    print(entry.tb_frame.f_code.co_name, entry.tb_frame.f_back, entry.tb_lineno)
    sys.__excepthook__(kind, error, entry)


print(sys.excepthook is sys.__excepthook__)
sys.excepthook = hook
library.fail(1)
