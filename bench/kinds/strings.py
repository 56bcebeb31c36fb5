"""Texts above all: built by pieces, formatted, split, joined, encoded; long ones that change at every step."""

import os


def table(rows: int) -> str:
    lines = []
    for row in range(rows):
        name = f"row {row:05d}"
        cells = [f"{row * column:>8}" for column in range(8)]
        lines.append(f"{name} | {' | '.join(cells)}")
    return "\n".join(lines)


def page(text: str) -> str:
    html = "<table>"
    for line in text.splitlines():
        head, *cells = line.split("|")
        html += f"<tr><th>{head.strip()}</th>"
        for cell in cells:
            html += "<td>" + cell.strip() + "</td>"
        html += "</tr>"
    return html + "</table>"


def main() -> int:
    html = page(table(1_000))
    data = html.encode()
    size = 0
    for start in range(0, len(data), 100):
        piece = data[start : start + 100]
        size += len(piece.decode().upper().replace("TD", "td"))
    return size


for _ in range(int(os.environ.get("TIMES", "1"))):
    main()
