import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from canvass.corpus import characters
from canvass.corpus import normalise as normalise_module
from canvass.corpus.normalise import key_of, keys, normalise
from texts import NOTABLE, texts


@pytest.mark.slow
def test_the_tables_are_what_describe_says_for_every_code_point():
    description = characters.tables().description
    wrong = [
        hex(code)
        for code in range(characters.CODE_POINTS)
        if characters.describe.__wrapped__(chr(code)) != description[code]
    ]
    assert wrong == []


def test_white_space_is_what_python_splits_at():
    assert [chr(code) for code in range(0x110000) if chr(code).isspace()] == list(characters.WHITE_SPACE)


def test_lower_table_and_function_agree_for_every_code_point():
    lower = characters.tables().lower
    cased = [code for code in range(characters.CASED_CODE_POINTS) if not 0xD800 <= code <= 0xDFFF]
    assert "".join(chr(lower[code]) for code in cased) == characters.lower("".join(map(chr, cased)))


def test_no_character_beyond_the_table_has_case():
    assert not [
        code for code in range(characters.CASED_CODE_POINTS, 0x110000) if chr(code).lower() != chr(code)
    ]


@given(texts)
def test_key_is_nfc_with_single_blanks_and_stable(text):
    key = key_of(text)
    assert unicodedata.is_normalized("NFC", key)
    assert key == " ".join(key.split())
    assert key_of(key) == key


@given(st.lists(texts, max_size=8), st.integers(0, 3))
@example(NOTABLE, 0)
@example([], 0)
def test_the_fast_way_gives_the_same_keys(column, skip):
    # A sliced column, as the offsets of a slice do not start at zero.
    array = pa.array(["é"] * skip + column, type=pa.string()).slice(skip)
    assert keys(array).to_pylist() == [key_of(text) for text in column]


def test_a_column_that_might_grow_too_large_is_left_to_arrow(monkeypatch):
    monkeypatch.setattr(normalise_module, "MOST_BYTES", 3)
    assert keys(pa.array(["a  b", "c", " d "])).to_pylist() == ["a b", "c", "d"]


@given(st.lists(texts, min_size=1, max_size=8))
def test_both_ways_to_put_keys_in_their_places_agree(column):
    array = pa.array(column, type=pa.string())
    chosen = np.array([i % 3 != 1 for i in range(len(column))])
    found = normalise_module.keys_of(array, chosen)
    put = normalise_module.with_keys(array, chosen, found)
    assert put.equals(pc.replace_with_mask(array, pa.array(chosen), found))
    put.validate(full=True)


def test_a_settled_column_is_not_copied():
    array = pa.array(["play river", "音楽を流して", "Łódź 👍"])
    assert keys(array) is array


@given(texts)
def test_the_map_back_covers_the_text_that_each_character_came_from(text):
    normalised = normalise(text)
    assert len(normalised.starts) == len(normalised.ends) == len(normalised.key)
    assert list(normalised.starts) == sorted(normalised.starts)
    for i, character in enumerate(normalised.key):
        start, end = normalised.text_span(i, i + 1)
        assert 0 <= start < end <= len(text)
        assert character in (key_of(text[start:end]) or " ")


@pytest.mark.parametrize(
    ("text", "key", "span", "back"),
    [
        ("play  river", "play river", (5, 10), (6, 11)),
        ("cafe\u0301 noir", "café noir", (5, 9), (6, 10)),
        ("  x", "x", (0, 1), (2, 3)),
        ("\u1112\u1161\u11ab a", "한 a", (0, 1), (0, 3)),
        # A syllable of two letters, and an ideograph that NFC replaces: it keeps them apart.
        ("\u1100\u1161\U0002f800", "\uac00\u4e3d", (0, 1), (0, 2)),
        ("\u1100\u1161\U0002f800", "\uac00\u4e3d", (1, 2), (2, 3)),
    ],
)
def test_known_maps(text, key, span, back):
    normalised = normalise(text)
    assert normalised.key == key
    assert normalised.text_span(*span) == back
