import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.spans import bio_tags, misaligned_slot, slots_of, text_tokens, tokens, tokens_by_kind
from canvass.errors import InputError
from canvass.types import Slot
from texts import texts


def cut(text):
    return [text[token.start : token.end] for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("play tobymac's", ["play", "tobymac", "'s"]),
        ("rock ’n’ roll", ["rock", "’n", "’", "roll"]),
        ("''s 's '", ["'", "'s", "'s", "'"]),
        ("7:30 p.m.!", ["7", ":", "30", "p", ".", "m", ".", "!"]),
        ("हिन्दी गाना", ["हिन्दी", "गाना"]),
        ("音楽を流して abc", ["音", "楽", "を", "流", "し", "て", "abc"]),
        ("コーヒー", ["コ", "ー", "ヒ", "ー"]),
        ("กี่โมง", ["กี่", "โ", "ม", "ง"]),
        ("❤️👍🏽x", ["❤️", "👍", "🏽", "x"]),
        ("'歌", ["'", "歌"]),
        ("a歌b", ["a", "歌", "b"]),
        (" \u0301a", ["\u0301a"]),
        ("", []),
        ("x2²½", ["x2²½"]),
    ],
)
def test_known_tokens(text, expected):
    assert cut(text) == expected


def test_words_and_symbols():
    text = "it's 7, 歌!"
    assert [text[t.start : t.end] for t in tokens(text) if t.is_word] == ["it", "'s", "7", "歌"]


@given(texts)
def test_tokens_are_all_that_is_not_white_space(text):
    spans = tokens(text)
    assert "".join(cut(text)) == "".join(text.split())
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


@given(
    st.text(st.characters(max_codepoint=127))
    | st.text("aZ09 '_-\t\x1c")
    | st.text("a0' ", min_size=4)
    | texts
)
def test_the_fast_way_finds_the_same_tokens(text):
    assert tokens(text) == tokens_by_kind(text)


@given(st.text("a0' -\t") | texts, st.data())
def test_the_fast_way_finds_the_same_borders(text, data):
    spans = text_tokens(text)
    start = data.draw(st.integers(0, len(text)))
    slot = Slot(start, data.draw(st.integers(start, len(text))), "x")
    fits = any(slot.start == span.start for span in spans) and any(slot.end == span.end for span in spans)
    assert misaligned_slot(text, (slot,)) == (None if fits else slot)


@st.composite
def annotated(draw):
    text = draw(texts)
    spans = text_tokens(text)
    slots = []
    at = 0
    while at < len(spans) and draw(st.booleans()):
        first = draw(st.integers(at, len(spans) - 1))
        last = draw(st.integers(first, len(spans) - 1))
        slots.append(Slot(spans[first].start, spans[last].end, draw(st.sampled_from(["a", "b-c", "B-x"]))))
        at = last + 1
    return text, tuple(slots)


SYLLABLE, IDEOGRAPH, MARKED = "\u1100\u1161", "\U0002f800", "e\u0323\u0301"


@given(st.lists(st.sampled_from([SYLLABLE, IDEOGRAPH, MARKED, "a", " ", "\u212b", "\u0f43"]), max_size=6))
def test_tokens_of_what_nfc_changes_do_not_overlap(parts):
    spans = text_tokens("".join(parts))
    assert all(span.end <= following.start for span, following in itertools.pairwise(spans))


@given(annotated())
def test_slots_to_tags_and_back(case):
    text, slots = case
    spans = text_tokens(text)
    assert misaligned_slot(text, slots) is None
    assert slots_of(bio_tags(text, slots), spans) == slots


@pytest.mark.parametrize("slot", [Slot(0, 3, "x"), Slot(1, 4, "x"), Slot(4, 6, "x"), Slot(0, 5, "x")])
def test_slots_off_the_token_borders(slot):
    assert misaligned_slot("play river", (slot,)) == slot
    with pytest.raises(InputError, match="token borders"):
        bio_tags("play river", [slot])


def test_overlapping_slots_are_an_error():
    with pytest.raises(InputError, match="overlaps"):
        bio_tags("play river", [Slot(0, 10, "a"), Slot(5, 10, "b")])


def test_an_inside_tag_without_its_beginning_begins_a_slot():
    spans = tokens("a b c d")
    assert slots_of(["I-x", "I-y", "O", "I-y"], spans) == (Slot(0, 1, "x"), Slot(2, 3, "y"), Slot(6, 7, "y"))
