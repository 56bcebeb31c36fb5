import signal


def handler(number, frame):
    global seen
    seen += 1
    if seen == 3:
        raise TimeoutError("enough")


def busy(number):
    total = 0
    while True:
        for item in range(number):
            total += item
        values = [item * 2 for item in range(20)]
        total += sum(values)


seen = 0
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
try:
    busy(10)
except TimeoutError as error:
    print(error, seen, error.__traceback__.tb_next.tb_frame.f_code.co_name)
signal.setitimer(signal.ITIMER_REAL, 0)
print("on")
