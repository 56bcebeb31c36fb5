import gc


class Thing:
    pass


def allocate(number):
    made = []
    for _ in range(number):
        made.append(Thing())
    return made


gc.collect()
counts, collections = [], []
gc.callbacks.append(lambda phase, details: collections.append(details["generation"]) if phase == "stop" else None)
for number in range(4):
    kept = allocate(100)
    counts.append(gc.get_count()[0])
print([later - earlier for earlier, later in zip(counts, counts[1:], strict=False)])
kept = allocate(2500)
print(collections)
