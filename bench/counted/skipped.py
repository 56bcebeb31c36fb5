"""Many code objects of which none is recorded, one that runs on and on, and one that raises."""

code = compile("pass", __file__, "exec")
for number in range(5_000):
    exec(code.replace(co_name=f"made_{number}"))


def work(count: int) -> int:
    total = 0
    for number in range(count):
        total += number
    return total


work(20_000)


def raises(count: int) -> None:
    for number in range(count):
        try:
            [][number]
        except IndexError:
            pass


raises(5_000)
