"""Cells that a spreadsheet would run are marked, reversibly, and slots still cover the same words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.annotation.exchange.exporting import BEGINNINGS, guarded, is_for_spreadsheets, unguarded

TEXTS = st.one_of(
    st.text(max_size=8), st.tuples(st.sampled_from(BEGINNINGS), st.text(max_size=8)).map("".join)
)


@given(TEXTS, st.text(max_size=3), st.integers(0, 4), st.integers(1, 4))
def test_a_mark_can_be_taken_away_again(text, note, start, length):
    slots = [{"start": start, "end": start + length, "label": "=A1"}]
    record = {"text": text, "note": note, "slots": slots, "count": -3, "score": -0.5, "intent": None}
    marked = guarded(record)
    assert not any(isinstance(value, str) and value.startswith(BEGINNINGS) for value in marked.values())
    assert (marked["count"], marked["score"], marked["intent"]) == (-3, -0.5, None)
    (slot,) = marked["slots"]
    assert marked["text"][slot["start"] : slot["end"]] == text[start : start + length]
    if text.startswith(BEGINNINGS):
        assert unguarded(marked["text"]) == text
    else:
        assert (marked["text"], marked["slots"]) == (text, slots)
    assert record["slots"] is slots
    assert slots[0]["start"] == start


@pytest.mark.parametrize(
    ("text", "bare"), [("'=1", "=1"), ("=1", None), ("'play", None), ("'", None), ("", None)]
)
def test_only_our_mark_is_taken_away(text, bare):
    assert unguarded(text) == bare


def test_slots_that_are_absent_stay_absent():
    assert guarded({"text": "=1", "slots": None, "predicted_slots": []}, ("slots", "predicted_slots")) == {
        "text": "'=1",
        "slots": None,
        "predicted_slots": [],
    }


def test_files_for_spreadsheets():
    assert [is_for_spreadsheets(name) for name in ("a.csv", "a.TSV.zst", "a.jsonl", "a.parquet", "-")] == [
        True,
        True,
        False,
        False,
        False,
    ]
