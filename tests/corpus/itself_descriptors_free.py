import os
import tempfile

print([os.open("/dev/null", os.O_RDONLY) for _ in range(3)], os.pipe())
with tempfile.TemporaryFile() as file:
    print(file.fileno())
os.close(4)
print(os.dup(0), os.dup2(1, 20), os.open("made.txt", os.O_CREAT | os.O_WRONLY, 0o600))
