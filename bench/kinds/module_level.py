"""Numbers, in loops that stand in no function: every variable is the module's."""

import math
import os

total = 0
points: list[tuple[float, float]] = []
for _ in range(int(os.environ.get("TIMES", "1"))):
    x, y, angle = 1.0, 0.0, 0.1
    for number in range(20_000):
        total += number * number % 7
        x, y = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
        if number % 100 == 0:
            points.append((x, y))
    length = math.hypot(x, y)
