import _io
import io
import sys


class FileIO(_io.FileIO):
    def fileno(self):
        sys.stderr.write("asked for its descriptor\n")
        return super().fileno()


_io.FileIO = FileIO


def main():
    own = io.TextIOWrapper(io.BufferedWriter(FileIO(1, "w", closefd=False)), line_buffering=True)
    sys.stdout = own
    print("written through a file of the program's own")
    own.write("and once more\n")


main()
