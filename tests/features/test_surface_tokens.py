"""The surface tokens of a key: against `corpus.spans.tokens`, on any text and around the borders of chunks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.normalise import key_of
from canvass.corpus.spans import tokens
from canvass.features.surface_tokens import hash_surface, surface_tokens
from canvass.features.words import GENERAL
from canvass.machine import CHUNK
from canvass.seeding import hash64
from texts import NOTABLE, texts

ascii_keys = st.text(" 'aB7.,\x01_~", max_size=200).map(key_of)


def found(key, before=b"a'", after=b"s and more"):
    """Tokens (start, end, hash) of a key that stands between other bytes, or None if it is left to `scan`."""
    text = before + key.encode() + after
    data = np.frombuffer(text.ljust(CHUNK, b"\0"), dtype=np.uint8)
    low, high = len(before), len(before) + len(key.encode())
    places = np.full((high - low + 1, 4), -1, dtype=np.int64)
    forms = np.zeros(high - low + 1, dtype=np.uint64)
    count = surface_tokens(data, low, high, places, forms)
    if count == GENERAL:
        return None
    again = np.zeros_like(forms)
    hash_surface(data, count, places, again)
    assert again[:count].tolist() == forms[:count].tolist()
    return [
        (first - low, end - low, form)
        for (first, end), form in zip(places[:count, :2].tolist(), forms.tolist(), strict=False)
    ]


def check(key, **around):
    """Compare with the reference, or see that the key is left to `scan`, for a reason."""
    spans = tokens(key)
    longest = max((span.end - span.start for span in spans), default=0)
    of_key = found(key, **around)
    if of_key is None:
        assert not key.isascii() or min(key) < " " or longest >= CHUNK
    else:
        assert of_key == [
            (span.start, span.end, hash64(key[span.start : span.end].encode())) for span in spans
        ]
        assert key.isascii()
        assert longest <= CHUNK


@given(st.one_of(ascii_keys, texts.map(key_of)))
def test_tokens_are_those_of_the_reference(key):
    check(key)
    check(key, before=b"", after=b"")


@pytest.mark.parametrize("text", NOTABLE)
def test_notable_texts(text):
    check(key_of(text))


@pytest.mark.parametrize("size", [7, 8, 9, 63, 64, 65, 127, 128, 129, 192])
@pytest.mark.parametrize("end", ["", "x", "'", "'s", " s", ".", "'7", " 's", "é"])
def test_borders_of_chunks(size, end):
    for start in ("x" * size, "x'" * (size // 2), "a b" * (size // 3), "x" * (size - 1) + "'"):
        for cut in range(3):
            key = key_of(start[: len(start) - cut] + end)
            check(key)
