import os

os.closerange(3, 256)


def write(name, text):
    with open(name, "w") as file:
        for part in range(200):
            file.write(text)


handles = [open(f"data{number}.txt", "w") for number in range(8)]
for number, handle in enumerate(handles):
    write(f"other{number}.txt", "own text\n")
    handle.write(f"line {number}\n" * 500)
    handle.flush()
print([handle.fileno() for handle in handles])
for handle in handles:
    handle.close()
