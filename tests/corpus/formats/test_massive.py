"""MASSIVE's JSON Lines."""

import json

import pytest

from canvass.corpus.formats import format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.corpus.formats.research import MASSIVE as FORMAT
from canvass.errors import InputError
from canvass.types import Slot, Utterance

# The record of the corpus's own description.
DOCUMENTED = {
    "id": "0", "locale": "de-DE", "partition": "test", "scenario": "alarm", "intent": "alarm_set",
    "utt": "weck mich diese woche um fünf uhr morgens auf",
    "annot_utt": "weck mich [date : diese woche] um [time : fünf uhr morgens] auf", "worker_id": "8",
    "slot_method": [{"slot": "time", "method": "translation"}], "judgments": [{"worker_id": "32", "intent_score": 1}],
}  # fmt: skip


def read(path, records, bad=None):
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return list(FORMAT.read(str(path), Columns(), bad or BadLines()))


def test_the_documented_record(tmp_path):
    path = tmp_path / "de-DE.jsonl"
    ((where, found),) = read(path, [DOCUMENTED])
    assert where == f"{path}:1"
    assert found == Utterance(
        DOCUMENTED["utt"], id="0", domain="alarm", intent="alarm_set", slots=(Slot(10, 21, "date"), Slot(25, 41, "time")), split="test"
    )  # fmt: skip
    assert format_of(str(path)).name == "massive"


def test_without_marks_nobody_annotated(tmp_path):
    secret = {name: DOCUMENTED[name] for name in ("id", "locale", "utt")} | {"partition": "MMNLU-22"}
    ((_, found),) = read(tmp_path / "a.jsonl", [secret])
    assert found == Utterance(DOCUMENTED["utt"], id="0", split="MMNLU-22")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"annot_utt": "something else"},
            "'annot_utt' is 'something else', which spells another text than 'utt', 'weck",
        ),
        ({"annot_utt": 3}, "annot_utt is 3; expected a string"),
        ({"utt": None}, "field 'utt' is missing or null"),
        ({"scenario": 3}, "field 'scenario' is 3; expected a string"),
        ({"annot_utt": "[]"}, "spells another text"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, words):
    path = tmp_path / "a.jsonl"
    with pytest.raises(InputError) as caught:
        read(path, [DOCUMENTED, DOCUMENTED | change])
    assert str(caught.value).startswith(f"{path}:2")
    assert words in str(caught.value)
    bad = BadLines(1)
    assert len(read(path, [DOCUMENTED | change, DOCUMENTED], bad)) == 1
    assert bad.count == 1


def test_what_cannot_be_marked_is_not_taken_for_unmarked(tmp_path):
    losses = Losses()
    path = tmp_path / "a.jsonl"
    FORMAT.write_annotated(str(path), [Utterance("play [a : b]", slots=(Slot(0, 4, "verb"),))], losses)
    assert json.loads(path.read_text()) == {"locale": "und", "utt": "play [a : b]"}
    assert len(losses.found) == 1


def test_whoever_names_columns_reads_columns(tmp_path):
    path = tmp_path / "a.jsonl"
    read(path, [DOCUMENTED])
    assert format_of(str(path), columns=Columns()).name == "massive"
    assert format_of(str(path), columns=Columns(text="utt")).name == "jsonl"
