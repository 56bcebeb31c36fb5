"""A web application that answers 500 requests: pages, forms, JSON. Its framework, Flask, is not recorded."""

import os
from dataclasses import asdict, dataclass

from flask import Flask, abort, jsonify, render_template_string, request
from flask.typing import ResponseReturnValue


@dataclass
class Note:
    number: int
    title: str
    text: str

    @property
    def short(self) -> str:
        return self.text if len(self.text) < 30 else self.text[:29] + "…"


app = Flask(__name__)
notes: dict[int, Note] = {}
PAGE = "<h1>{{ title }}</h1><ul>{% for note in notes %}<li>{{ note.title }}: {{ note.short }}</li>{% endfor %}</ul>"


@app.get("/")
def index() -> ResponseReturnValue:
    newest = sorted(notes.values(), key=lambda note: -note.number)[:10]
    return render_template_string(PAGE, title="Notes", notes=newest)


@app.post("/notes")
def add() -> ResponseReturnValue:
    title = request.form.get("title", "").strip()
    if not title:
        abort(400)
    note = Note(len(notes) + 1, title, request.form.get("text", ""))
    notes[note.number] = note
    return jsonify(asdict(note)), 201


@app.get("/notes/<int:number>")
def show(number: int) -> ResponseReturnValue:
    note = notes.get(number)
    if note is None:
        abort(404)
    return jsonify({**asdict(note), "short": note.short})


@app.get("/search")
def search() -> ResponseReturnValue:
    words = request.args.get("words", "").lower().split()
    found = [note.number for note in notes.values() if all(word in note.text.lower() for word in words)]
    return jsonify(found)


def main() -> None:
    notes.clear()  # more rounds are more of the same work
    client = app.test_client()
    for number in range(125):
        client.post("/notes", data={"title": f"Note {number}", "text": f"what is to be kept of {number} " * 3})
        client.get("/")
        client.get(f"/notes/{number}")
        client.get(f"/search?words=kept+{number}")


for _ in range(int(os.environ.get("TIMES", "1"))):
    main()
