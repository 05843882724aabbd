"""SLURP's JSON Lines."""

import json

import pytest

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.formats.research import SLURP as FORMAT
from canvass.errors import InputError
from canvass.types import Slot, Utterance

# The shape of a row of devel.jsonl.
ROW = {
    "slurp_id": 10732, "sentence": "tell me about morel mushrooms", "intent": "definition", "action": "definition", "scenario": "qa",
    "sentence_annotation": "tell me about [definition_word : morel mushrooms]",
    "tokens": [{"surface": word, "id": place, "lemma": word, "pos": "NN"} for place, word in enumerate(["tell", "me", "about", "morel", "mushrooms"])],
    "recordings": [{"file": "audio-1.flac", "wer": 0.0, "ent_wer": 0.0, "status": "correct"}],
    "entities": [{"span": [3, 4], "type": "definition_word"}],
}  # fmt: skip
EXPECTED = Utterance(
    ROW["sentence"], id="10732", domain="qa", intent="qa_definition", slots=(Slot(14, 29, "definition_word"),)
)


def read(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [utterance for _, utterance in FORMAT.read(str(path), Columns(), BadLines())]


def test_the_intent_has_the_scenario_in_every_row(tmp_path):
    assert read(tmp_path / "a.jsonl", ROW, ROW | {"intent": "qa_definition"}) == [EXPECTED] * 2


@pytest.mark.parametrize("marks", ["tell me about [definition_word : mushrooms]", None])
def test_tokens_stand_in_for_marks_that_spell_something_else(tmp_path, marks):
    assert read(tmp_path / "a.jsonl", ROW | {"sentence_annotation": marks}) == [EXPECTED]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"entities": [{"span": [3, 5], "type": "x"}]}, "one after the other"),
        ({"entities": [{"span": [4, 5], "type": "x"}]}, "a span within the 5 tokens"),
        ({"entities": [{"span": [], "type": "x"}]}, "one after the other"),
        ({"entities": [{"span": [-1], "type": "x"}]}, "one after the other"),
        ({"tokens": [{"surface": "other"}]}, "spell the sentence"),
        ({"tokens": None}, "spell the sentence"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, words):
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path / "a.jsonl", ROW, ROW | {"sentence_annotation": "other"} | change)
    assert f"{tmp_path / 'a.jsonl'}:2" in str(caught.value)


def test_rows_without_annotation(tmp_path):
    (found,) = read(tmp_path / "a.jsonl", {"slurp_id": 1, "sentence": "stop"})
    assert found == Utterance("stop", id="1")
