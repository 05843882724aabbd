"""What is probably wrong with an annotated set, before anything is trained on it."""

import json

import pytest

from canvass.corpus.checking import check_labelled
from canvass.corpus.labelled import read_labelled


def kinds(tmp_path, rows):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [(one.kind, one.words) for one in check_labelled(read_labelled([str(path)]))]


def slot(start, end, label="genre"):
    return {"start": start, "end": end, "label": label}


def row(text, intent="Play", domain="music", slots=()):
    return {"text": text, "intent": intent, "domain": domain, "slots": list(slots)}


FINE = [
    row("play jazz", slots=[slot(5, 9)]),
    row("Play jazz!", slots=[slot(5, 9)]),
    row("stop it", "Stop"),
    row("stop", "Stop"),
]


@pytest.mark.parametrize(
    ("rows", "kind", "words"),
    [
        ([row("go on"), row("Go on.", "Stop")], "contradiction", ["intent 'Play' at", "a.jsonl:5", "intent 'Stop' at", "a.jsonl:6"]),
        ([row("go on"), row("go on", domain="car")], "contradiction", ["domain 'music'", "domain 'car'"]),
        ([row("go on", slots=[slot(0, 2)]), row("go  on")], "contradiction", ["tagged genre 'go'", "without slots"]),
        ([row("go on", slots=[slot(0, 2)]), row("go on", slots=[slot(3, 5)])], "contradiction", ["genre 'go'", "genre 'on'"]),
        ([row("go on", domain="Music")], "names", ["domains 'Music' (1), 'music' (4) differ by case or blanks"]),
        ([row("go on", "stop "), row("go off", "stop ")], "names", ["intents 'Stop' (2), 'stop ' (2)"]),
        ([row("go on", slots=[slot(0, 2, "Genre")])], "names", ["slot labels 'Genre' (1), 'genre' (2)"]),
        ([row("go on", "Go")], "single example", ["the intent 'Go' has one example"]),
        ([{"text": "what now"}], "unlabelled", ["1 record without domain", "a.jsonl:5"]),
        ([row("\u200b\u200b")], "text", ["a.jsonl:5", "has no word"]),
        ([row("x" * 200_000)], "text", ["a.jsonl:5", "a word of 200,000 characters"]),
    ],
)  # fmt: skip
def test_what_is_found(tmp_path, rows, kind, words):
    assert kinds(tmp_path, FINE) == []
    ((found, sentence),) = kinds(tmp_path, [*FINE, *rows])
    assert found == kind
    for word in words:
        assert word in sentence
