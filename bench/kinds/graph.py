"""Deep graphs of objects above all: what every variable shows leads to much, and to itself."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


@dataclass
class Place:
    name: str
    neighbours: list[Place] = field(default_factory=list)
    about: dict[str, object] = field(default_factory=dict)
    before: Place | None = None


def grid(size: int) -> list[Place]:
    places = [Place(f"place {number}") for number in range(size * size)]
    for number, place in enumerate(places):
        row, column = divmod(number, size)
        place.about = {"row": row, "column": column, "self": place, "all": places}
        if column + 1 < size:
            join(place, places[number + 1])
        if row + 1 < size:
            join(place, places[number + size])
    return places


def join(one: Place, other: Place) -> None:
    one.neighbours.append(other)
    other.neighbours.append(one)


def way(start: Place, goal: Place) -> list[Place]:
    waiting, seen = [start], {id(start)}
    while waiting:
        place = waiting.pop(0)
        if place is goal:
            break
        for neighbour in place.neighbours:
            if id(neighbour) not in seen:
                seen.add(id(neighbour))
                neighbour.before = place
                waiting.append(neighbour)
    found: list[Place] = []
    step: Place | None = goal
    while step is not None and step is not start:
        found.append(step)
        step = step.before
    return found


def main() -> int:
    places = grid(40)
    return len(way(places[0], places[-1]))


for _ in range(int(os.environ.get("TIMES", "1"))):
    main()
