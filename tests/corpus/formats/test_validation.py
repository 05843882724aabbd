"""The one validator: what it accepts, and the sentence for each thing it does not."""

import pytest

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.formats.validation import pool_utterance_of, utterance_of
from canvass.errors import InputError, OptionError
from canvass.types import Slot, Utterance

WHERE = "pool.jsonl:7"
TEXT = "play jazz now"


def slots(*triples):
    return [dict(zip(("start", "end", "label"), triple, strict=True)) for triple in triples]


def test_a_whole_record():
    record = {
        "text": TEXT,
        "id": 17,
        "count": 3,
        "domain": "music",
        "intent": None,
        "slots": slots((10, 13, "when"), (5, 9, "genre")),
        "split": "dev",
        "other": {"ignored": []},
    }
    expected = Utterance(TEXT, "17", 3, "music", None, (Slot(5, 9, "genre"), Slot(10, 13, "when")), "dev")
    assert utterance_of(record, WHERE, Columns()) == expected


def test_absent_and_empty_slots_differ():
    assert utterance_of({"text": "a"}, WHERE, Columns()).slots is None
    assert utterance_of({"text": "a", "slots": None}, WHERE, Columns()).slots is None
    assert utterance_of({"text": "a", "slots": []}, WHERE, Columns()).slots == ()


def test_absent_and_null_fields_have_defaults():
    assert utterance_of({"text": "", "id": None, "count": None}, WHERE, Columns()) == Utterance("")


def test_the_names_of_the_user():
    fields = Columns(text="utt", id="uid", count="n", domain="scenario")
    record = {"utt": "a", "uid": "x", "n": 2, "scenario": "m", "text": 3, "domain": 4}
    assert utterance_of(record, WHERE, fields) == Utterance("a", "x", 2, "m")


def test_offsets_are_code_points():
    assert utterance_of({"text": "😀😀", "slots": slots((1, 2, "face"))}, WHERE, Columns()).slots == (
        Slot(1, 2, "face"),
    )


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (
            {"id": "3", "utt": "a"},
            "'text' is missing (the record has: id, utt); name the column with --columns text=NAME",
        ),
        ({"text": None}, "field 'text' is null; expected a string"),
        ({"text": 3}, "field 'text' is 3; expected a string"),
        ({"text": "a\ud800b"}, "field 'text' is not valid UTF-8 at character 1"),
        ({"text": "a", "id": 1.5}, "field 'id' is 1.5; expected a string or a whole number"),
        ({"text": "a", "id": True}, "field 'id' is True; expected a string or a whole number"),
        ({"text": "a", "id": "\udcff"}, "field 'id' is not valid UTF-8"),
        ({"text": "a", "count": 0}, "field 'count' is 0; expected a whole number of at least 1"),
        ({"text": "a", "count": -2}, "field 'count' is -2;"),
        ({"text": "a", "count": True}, "field 'count' is True;"),
        ({"text": "a", "count": 2.0}, "field 'count' is 2.0;"),
        ({"text": "a", "count": "3"}, "field 'count' is '3';"),
        ({"text": "a", "count": 1 << 63}, "field 'count' is 9223372036854775808;"),
        ({"text": "a", "domain": 3}, "field 'domain' is 3; expected a string or null"),
        ({"text": "a", "intent": ["x"]}, "field 'intent' is ['x']; expected a string or null"),
        ({"text": "a", "split": {}}, "field 'split' is {}; expected a string or null"),
        (
            {"text": "a", "slots": {}},
            "field 'slots' is {}; expected a list of objects with start, end and label",
        ),
        ({"text": "a", "slots": "[]"}, "field 'slots' is '[]'; expected a list"),
        ({"text": "a", "slots": [3]}, "slot 1 of field 'slots' is 3; expected an object"),
        ({"text": "a", "slots": [{"start": 0}]}, "slot 1 of field 'slots' lacks end and label"),
        (
            {"text": TEXT, "slots": slots((0, 4, "x"), (True, 4, "x"))},
            "slot 2 of field 'slots' has start True;",
        ),
        ({"text": TEXT, "slots": slots((0, 4.0, "x"))}, "slot 1 of field 'slots' has end 4.0;"),
        ({"text": TEXT, "slots": slots((0, None, "x"))}, "slot 1 of field 'slots' has end None;"),
        (
            {"text": TEXT, "slots": slots((0, 4, ""))},
            "slot 1 of field 'slots' has label ''; expected a string that",
        ),
        ({"text": TEXT, "slots": slots((0, 4, None))}, "slot 1 of field 'slots' has label None;"),
        ({"text": TEXT, "slots": slots((0, 4, "\ud800"))}, "field 'label' is not valid UTF-8"),
        (
            {"text": TEXT, "slots": slots((5, 14, "x"))},
            "'x' at 5-14, is out of bounds; expected 0 <= start < end <= 13",
        ),
        ({"text": TEXT, "slots": slots((-1, 4, "x"))}, "'x' at -1-4, is out of bounds"),
        ({"text": TEXT, "slots": slots((4, 4, "x"))}, "'x' at 4-4, is out of bounds"),
        (
            {"text": TEXT, "slots": slots((0, 6, "x"), (5, 9, "y"))},
            "overlapping slots, 'x' at 0-6 and 'y' at 5-9",
        ),
        ({"text": TEXT, "slots": slots((5, 9, "x"), (5, 9, "x"))}, "overlapping slots"),
    ],
)
def test_a_bad_record_gets_a_sentence(record, words):
    with pytest.raises(InputError) as caught:
        utterance_of(record, WHERE, Columns())
    assert str(caught.value).startswith(WHERE)
    assert words in str(caught.value)
    str(caught.value).encode()  # a sentence can be printed whatever the record holds


def test_annotations_of_a_pool_do_not_matter():
    record = {"text": "a", "slots": 3, "domain": 3, "intent": 3}
    assert pool_utterance_of(record, WHERE, Columns()) == Utterance("a")


def test_long_values_and_many_names_are_cut_short():
    with pytest.raises(InputError) as caught:
        utterance_of({"text": ["x" * 1000]}, WHERE, Columns())
    assert len(str(caught.value)) < 200
    with pytest.raises(InputError, match=r"f10, f11, \.\.\.\)"):
        utterance_of({f"f{index}": 1 for index in range(100)}, WHERE, Columns())
    with pytest.raises(InputError) as caught:
        utterance_of({"x" * 1000: 1, "y\n": 2}, WHERE, Columns())
    assert len(str(caught.value)) < 250
    assert "..., 'y\\n')" in str(caught.value)


def test_fields_of_a_pool_must_differ():
    with pytest.raises(OptionError, match="three different columns"):
        Columns(text="a", id="a")


def test_bad_lines_are_counted_until_the_tolerance_is_used_up():
    bad = BadLines(2)
    bad.report(InputError("f:1: one"))
    bad.report(InputError("f:2: two"))
    assert (bad.count, bad.first) == (2, "f:1: one")
    with pytest.raises(
        InputError, match=r"f:3: three \(bad line 3, but --skip-bad tolerates 2; the first was f:1"
    ):
        bad.report(InputError("f:3: three"))


def test_without_tolerance_the_sentence_is_as_it_was():
    with pytest.raises(InputError, match=r"^f:1: one$"):
        BadLines().report(InputError("f:1: one"))
