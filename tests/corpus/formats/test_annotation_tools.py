"""Prodigy and doccano: what counts as an annotation, and the shapes that their projects have."""

import json

import pytest
from hypothesis import given

from canvass.corpus.formats import doccano, format_of, prodigy
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.corpus.pool import Pool
from canvass.types import Slot, Utterance
from texts import texts


@pytest.fixture
def stored(tmp_path):
    def store(*records):
        path = tmp_path / "a.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return str(path)

    return store


def read(kind, path):
    bad = BadLines(losses=Losses())
    found = [utterance for _, utterance in kind.read(path, Columns(), bad)]
    return found, {what: loss.count for what, loss in bad.losses.found.items()}


def test_answers(stored):
    path = stored(
        {"text": "a", "accept": ["x"], "answer": "accept"},
        {"text": "b", "accept": ["x"], "answer": "reject"},
        {"text": "c", "accept": [], "answer": "ignore"},
        {"text": "d", "accept": [], "spans": []},
        {"text": "e", "label": "x", "answer": "reject"},
    )
    found, losses = read(prodigy, path)
    assert found == [Utterance("a", intent="x"), Utterance("d", slots=())]
    assert losses == {"tasks that were rejected or ignored": 3}
    rows = [
        row["text"]
        for block in Pool.open([path], format="prodigy").blocks()
        for row in block.batch.to_pylist()
    ]
    assert rows == list("abcde")


SPAN = {"start": 5, "end": 9, "label": "genre"}


@pytest.mark.parametrize(
    ("more", "slots", "lost"),
    [
        ({"spans": [SPAN], "_view_id": "ner_manual"}, (Slot(5, 9, "genre"),), {}),
        ({"spans": [SPAN], "_view_id": "blocks"}, (Slot(5, 9, "genre"),), {}),
        ({"spans": [], "_view_id": "spans_manual"}, (), {}),
        ({"_view_id": "choice"}, None, {}),
        # One span was shown, and found right; nobody looked for others.
        ({"spans": [SPAN], "_view_id": "ner"}, None, {"spans of yes-or-no questions": 1}),
        ({"spans": [SPAN], "label": "music"}, None, {"spans of yes-or-no questions": 1}),
        ({"spans": [], "label": "music"}, None, {}),
    ],
)
def test_whose_spans_are_all_that_there_are(stored, more, slots, lost):
    found, losses = read(prodigy, stored({"text": "play jazz", "answer": "accept"} | more))
    assert [one.slots for one in found] == [slots]
    assert losses == lost


def test_spans_by_their_tokens_alone(stored):
    tokens = [
        {"text": "play", "start": 0, "end": 4, "id": 0},
        {"text": "jazz", "start": 5, "end": 9, "id": 1},
    ]
    span = {"token_start": 0, "token_end": 1, "label": "all"}
    found, _ = read(prodigy, stored({"text": "play jazz", "tokens": tokens, "spans": [span]}))
    assert found[0].slots == (Slot(0, 9, "all"),)


@given(text=texts)
def test_tokens_of_a_task_lie_where_they_say(text):
    slots = (Slot(0, 1, "x"),) if text else ()
    task = prodigy.task_of(Utterance(text, slots=slots), [])
    for index, token in enumerate(task["tokens"]):
        assert token["id"] == index
        assert text[token["start"] : token["end"]] == token["text"]
        assert token["ws"] == (text[token["end"] : token["end"] + 1] == " ")
    for span in task["spans"]:
        if "token_start" in span:
            assert task["tokens"][span["token_start"]]["start"] == span["start"]
            assert task["tokens"][span["token_end"]]["end"] == span["end"]
        else:
            assert text[span["start"] : span["end"]].isspace()


def test_a_task_as_prodigy_takes_it(tmp_path):
    path = tmp_path / "a.jsonl"
    some = [
        Utterance("play miles davis", id="u1", intent="play", slots=(Slot(5, 16, "artist"),)),
        Utterance("stop", intent="stop"),
    ]
    prodigy.write_annotated(str(path), some, Losses(strict=True))
    first, second = map(json.loads, path.read_text().splitlines())
    assert first == {
        "text": "play miles davis",
        "id": "u1",
        "tokens": [
            {"text": "play", "start": 0, "end": 4, "id": 0, "ws": True},
            {"text": "miles", "start": 5, "end": 10, "id": 1, "ws": True},
            {"text": "davis", "start": 11, "end": 16, "id": 2, "ws": False},
        ],
        "spans": [{"start": 5, "end": 16, "token_start": 1, "token_end": 2, "label": "artist"}],
        "options": [{"id": "play", "text": "play"}, {"id": "stop", "text": "stop"}],
        "accept": ["play"],
        "answer": "accept",
    }
    assert second["accept"] == ["stop"]
    assert "spans" not in second


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        # A project of spans: an empty list is a text without spans.
        (
            [{"text": "a", "label": []}, {"text": "b", "label": [[0, 1, "x"]]}],
            [Utterance("a", slots=()), Utterance("b", slots=(Slot(0, 1, "x"),))],
        ),
        # A project of classes: an empty list is a text without a class, and nobody looked for slots.
        (
            [{"text": "a", "label": []}, {"text": "b", "label": ["x"]}, {"text": "c", "label": []}],
            [Utterance("a"), Utterance("b", intent="x"), Utterance("c")],
        ),
        ([{"text": "a", "label": "x"}], [Utterance("a", intent="x")]),
        ([{"text": "a", "labels": [[0, 1, "x"]]}], [Utterance("a", slots=(Slot(0, 1, "x"),))]),
        (
            [{"text": "a", "label": []}, {"text": "b", "label": []}],
            [Utterance("a", slots=()), Utterance("b", slots=())],
        ),
        # A project with relations.
        (
            [
                {
                    "text": "ab",
                    "entities": [{"id": 1, "label": "x", "start_offset": 0, "end_offset": 2}],
                    "relations": [],
                    "Comments": [],
                }
            ],
            [Utterance("ab", slots=(Slot(0, 2, "x"),))],
        ),
        (
            [{"text": "a", "cats": []}, {"text": "b", "cats": ["y"]}],
            [Utterance("a"), Utterance("b", intent="y")],
        ),
    ],
)
def test_shapes_of_doccano_projects(stored, records, expected):
    assert read(doccano, stored(*records))[0] == expected


def test_records_keep_their_order_while_the_kind_is_unknown(stored):
    records = [{"text": "a", "label": []}, {"text": "b", "cats": ["y"]}, {"text": "c", "label": ["x"]}]
    assert [one.text for one in read(doccano, stored(*records))[0]] == ["a", "b", "c"]


def test_a_record_as_doccano_takes_it(tmp_path):
    path = tmp_path / "a.jsonl"
    some = [Utterance("play jazz", id="u", intent="play", slots=(Slot(5, 9, "genre"),)), Utterance("hm")]
    doccano.write_annotated(str(path), some, Losses(strict=True))
    assert list(map(json.loads, path.read_text().splitlines())) == [
        {"text": "play jazz", "id": "u", "cats": ["play"], "entities": [[5, 9, "genre"]]},
        {"text": "hm", "cats": []},
    ]
    assert format_of(str(path)).name == "doccano"
