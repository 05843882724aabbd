"""The surface tokens of a key: against `corpus.spans.tokens`, on any text and around the borders of chunks."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.characters import lower as reference_lower
from canvass.corpus.normalise import key_of, keys
from canvass.corpus.spans import tokens
from canvass.features.extraction import hash_tokens
from canvass.features.words import GENERAL, hash_surfaces
from canvass.machine import CHUNK
from canvass.seeding import hash64
from texts import NOTABLE, texts

ascii_keys = st.text(" 'aB7.,\x01_~", max_size=200).map(key_of)


def found(key, before=b"a'", after=b"s and more"):
    """Hashes of the tokens of a key that stands between other bytes, or None if it is left to `scan`."""
    text = before + key.encode() + after
    data = np.frombuffer(text.ljust(CHUNK, b"\0"), dtype=np.uint8)
    low, high = len(before), len(before) + len(key.encode())
    # The key stands between two others, so that all see where it begins and ends.
    firsts, lengths = np.full(3, -1, dtype=np.int64), np.full(3, -9, dtype=np.int32)
    surfaces = np.zeros(len(text) + 1, dtype=np.uint64)
    offsets = np.array([0, low, high, len(text)])
    count = hash_surfaces(offsets, data, firsts, lengths, surfaces)
    assert firsts[0] == 0
    assert firsts[1] == max(lengths[0], 0)
    assert firsts[2] == firsts[1] + max(lengths[1], 0)
    assert count == np.maximum(lengths, 0).sum()
    if lengths[1] == GENERAL:
        return None
    return surfaces[firsts[1] : firsts[2]].tolist()


def surface_hashes(key):
    return [hash64(key[span.start : span.end].encode()) for span in tokens(key)]


def check(key, **around):
    """Compare with the reference, or see that the key is left to `scan`, for a reason."""
    spans = tokens(key)
    longest = max((span.end - span.start for span in spans), default=0)
    of_key = found(key, **around)
    if of_key is None:
        assert not key.isascii() or min(key) < " " or longest >= CHUNK
    else:
        assert of_key == surface_hashes(key)
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


@given(st.lists(texts.map(key_of), max_size=4))
def test_the_general_way_gives_the_same_hashes(pool):
    hashed = hash_tokens(keys(pa.array(pool, type=pa.string())))
    expected = [surface_hashes(key) for key in pool]
    assert np.diff(hashed.starts).tolist() == [len(hashes) for hashes in expected]
    assert hashed.surfaces.tolist() == [surface for hashes in expected for surface in hashes]
    lowered = [reference_lower(key[span.start : span.end]) for key in pool for span in tokens(key)]
    assert hashed.words.tolist() == [hash64(word.encode()) for word in lowered]
