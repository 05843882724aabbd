"""Snips datasets and the files of its benchmark."""

import json

import pytest

from canvass.corpus.formats import format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.corpus.formats.snips import BENCHMARK, FORMAT
from canvass.errors import InputError
from canvass.types import Slot, Utterance

# From the library's documentation of its format.
DOCUMENTED = {
    "language": "en",
    "intents": {
        "searchFlight": {
            "utterances": [
                {
                    "data": [
                        {"text": "find me a flight from "},
                        {"text": "Paris", "entity": "city", "slot_name": "origin"},
                        {"text": " to "},
                        {"text": "New York", "entity": "city", "slot_name": "destination"},
                    ]
                },
                {"data": [{"text": "this weekend", "entity": "snips/datetime", "slot_name": "snips/datetime"}]},
            ]
        }
    },
    "entities": {
        "snips/datetime": {},
        "city": {
            "data": [{"value": "new york", "synonyms": ["big apple"]}, {"value": "london", "synonyms": []}],
            "use_synonyms": True, "automatically_extensible": True, "matching_strictness": 1.0,
        },
    },
}  # fmt: skip
FLIGHT = "find me a flight from Paris to New York"


def read(kind, path, value, bad=None):
    path.write_text(json.dumps(value))
    return [utterance for _, utterance in kind.read(str(path), Columns(), bad or BadLines())]


def test_the_documented_dataset(tmp_path):
    losses = Losses()
    path = tmp_path / "dataset.json"
    assert read(FORMAT, path, DOCUMENTED, BadLines(losses=losses)) == [
        Utterance(FLIGHT, intent="searchFlight", slots=(Slot(22, 27, "origin"), Slot(31, 39, "destination"))),
        Utterance("this weekend", intent="searchFlight", slots=(Slot(0, 12, "snips/datetime"),)),
    ]
    assert {what: loss.count for what, loss in losses.found.items()} == {
        "values of entities": 2,
        "synonyms of values": 1,
        "entities whose name is not the slot's": 2,
    }
    assert format_of(str(path)).name == "snips"


def test_a_file_of_the_benchmark(tmp_path):
    path = tmp_path / "train_GetWeather_full.json"
    value = {
        "GetWeather": [
            {"data": [{"text": "rain in "}, {"text": "France", "entity": "country"}, {"text": " "}]}
        ]
    }
    assert read(BENCHMARK, path, value) == [
        Utterance("rain in France ", intent="GetWeather", slots=(Slot(8, 14, "country"),))
    ]
    assert format_of(str(path)).name == "snips-benchmark"


def test_a_character_whose_halves_lie_in_two_chunks_is_one(tmp_path):
    value = {
        "A": [
            {
                "data": [
                    {"text": "x", "entity": "e"},
                    {"text": "\ud83d"},
                    {"text": "\ude00 "},
                    {"text": "y", "entity": "f"},
                ]
            }
        ]
    }
    assert read(BENCHMARK, tmp_path / "a.json", value) == [
        Utterance("x😀 y", intent="A", slots=(Slot(0, 1, "e"), Slot(3, 4, "f")))
    ]
    value = {"A": [{"data": [{"text": "\ud83d", "entity": "e"}, {"text": "\ude00"}]}]}
    with pytest.raises(InputError, match="no part of the text"):
        read(BENCHMARK, tmp_path / "a.json", value)
    with pytest.raises(InputError, match="not valid UTF-8"):
        read(BENCHMARK, tmp_path / "a.json", {"A": [{"data": [{"text": "\ud83d"}]}]})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], r"is \[\]; expected an object"),
        ({"language": "en"}, "field 'intents' is missing"),
        ({"intents": {"a": {}}}, r"\$\.intents\.a: field 'utterances' is missing"),
        (
            {"intents": {"a": {"utterances": [{"data": [{"txt": ""}]}]}}},
            r"utterances\[0\]\.data\[0\]: field 'text' is missing",
        ),
        (
            {"intents": {"a": {"utterances": [{"data": [{"text": "", "entity": "b"}]}]}}},
            "no part of the text",
        ),
        (
            {"intents": {"a": {"utterances": [{"data": [{"text": "x", "slot_name": ""}]}]}}},
            "a string that is not empty",
        ),
        ({"intents": {}, "entities": {"a": {"data": 3}}}, r"\$\.entities\.a\.data is 3; expected a list"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, value, words):
    with pytest.raises(InputError, match=words) as caught:
        read(FORMAT, tmp_path / "a.json", value)
    assert str(caught.value).startswith(str(tmp_path / "a.json"))


def test_written_datasets_name_their_entities(tmp_path):
    path = tmp_path / "a.json"
    some = [
        Utterance("at ten", intent="a", slots=(Slot(3, 6, "snips/datetime"),)),
        Utterance("x", intent="b", slots=(Slot(0, 1, "e"),)),
    ]
    FORMAT.write_annotated(str(path), some, Losses())
    value = json.loads(path.read_text())
    assert value["intents"]["a"]["utterances"] == [
        {
            "data": [
                {"text": "at "},
                {"text": "ten", "entity": "snips/datetime", "slot_name": "snips/datetime"},
            ]
        }
    ]
    assert value["entities"] == {
        "snips/datetime": {},
        "e": {"data": [], "use_synonyms": True, "automatically_extensible": True, "matching_strictness": 1.0},
    }
