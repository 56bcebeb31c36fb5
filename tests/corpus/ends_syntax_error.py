x = 1
print("never")
def f(:
    pass
