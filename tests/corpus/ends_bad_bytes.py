print(1)
name = "ÿ"
