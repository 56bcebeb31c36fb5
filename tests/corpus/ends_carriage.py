print(__file__[-7:])
for number in range(2):
    print(number)

print("no newline at the end")
raise ValueError("é")
