import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from canvass.corpus.normalise import key_of
from canvass.corpus.spans import tokens
from canvass.features import reference
from canvass.features.attributes import ATTRIBUTES
from canvass.features.extraction import MemberTable, feature_matrix, hash_column, hash_tokens, score_column
from canvass.seeding import hash64, mix64, salt, uniform, uniforms
from texts import NOTABLE, texts

BITS = 8
TABLE = np.random.Generator(np.random.PCG64(0)).normal(size=(1 << BITS, 3)).astype(np.float32)
TABLE[::3] = 0  # buckets without a weight
BIAS = np.array([0.5, -0.25, 0.125])
USED = np.flatnonzero(TABLE.any(axis=1))
MEMBERS = MemberTable(USED, TABLE[USED], BIAS, bits=BITS)

columns = st.lists(texts.map(key_of), max_size=6)
LONG = "x" * 100_000
LONG_RUN = "ab " * 30_000 + "c"


def sliced(keys):
    return pa.array(["é", *keys], type=pa.string()).slice(1)


LONG_KEYS = [LONG, "", LONG_RUN, "歌" * 40_000]


@given(columns)
@example([key_of(text) for text in NOTABLE])
def test_fused_scores_are_those_of_the_reference_to_the_bit(keys):
    check_fused_scores(keys)


@pytest.mark.slow
def test_fused_scores_of_long_keys_are_those_of_the_reference():
    check_fused_scores(LONG_KEYS)


def check_fused_scores(keys):
    scored = score_column(sliced(keys), MEMBERS)
    table = TABLE.tolist()
    assert scored.scores.tolist() == [reference.scores(key, table, BIAS.tolist(), BITS) for key in keys]
    assert scored.lengths.tolist() == [len(tokens(key)) for key in keys]
    assert scored.hashes.tolist() == [hash64(key.encode()) for key in keys]
    assert hash_column(sliced(keys)).tolist() == scored.hashes.tolist()


@given(columns)
def test_the_training_matrix_is_that_of_the_reference(keys):
    check_training_matrix(keys)


@pytest.mark.slow
def test_the_training_matrix_of_long_keys_is_that_of_the_reference():
    check_training_matrix(LONG_KEYS)


def check_training_matrix(keys):
    matrix = feature_matrix(sliced(keys), bits=BITS)
    expected = np.zeros((len(keys), 1 << BITS))
    for row, key in enumerate(keys):
        for bucket, value in reference.features(key, BITS):
            expected[row, bucket] += value
    np.testing.assert_allclose(matrix.toarray(), expected, rtol=1e-9)


@given(columns)
@example([key_of(text) for text in NOTABLE])
def test_attributes_are_those_of_the_reference(keys):
    check_attributes(keys)


@pytest.mark.slow
def test_attributes_of_long_keys_are_those_of_the_reference():
    check_attributes(LONG_KEYS)


def check_attributes(keys):
    starts, attributes, *_ = hash_tokens(sliced(keys))
    expected = [reference.attributes(key) for key in keys]
    assert np.diff(starts).tolist() == [len(rows) for rows in expected]
    assert attributes.tolist() == [row for rows in expected for row in rows]


def test_the_names_of_the_attributes_are_those_of_the_reference():
    assert ATTRIBUTES == reference.ATTRIBUTES


@given(st.integers(0, 6), texts.map(key_of))
def test_a_key_beyond_the_limit_is_not_scored(limit, key):
    scored = score_column(pa.array([key, "play"]), MEMBERS, limit=max(limit, 1))
    count = len(tokens(key))
    assert scored.lengths[0] == min(count, max(limit, 1) + 1)
    assert scored.lengths[1] == 1
    if count > limit:
        assert count <= max(limit, 1) or scored.scores[0].tolist() == [0.0, 0.0, 0.0]


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_hashes_tell_bytes_apart(one, other):
    assert (hash64(one) == hash64(other)) == (one == other)


@given(st.integers(-5, 2**70), st.lists(texts.map(key_of), min_size=1, max_size=5))
def test_uniform_draws_are_those_of_the_reference(seed, keys):
    draws = uniforms(salt(seed, "purpose"), hash_column(pa.array(keys)))
    assert draws.tolist() == [uniform(seed, "purpose", key) for key in keys]


def test_uniform_draws_are_uniform():
    draws = uniforms(
        salt(1, "x"), np.array([hash64(str(i).encode()) for i in range(20_000)], dtype=np.uint64)
    )
    counts = np.histogram(draws, bins=50, range=(0, 1))[0]
    assert abs(draws.mean() - 0.5) < 0.01
    assert counts.min() > 300
    assert counts.max() < 500
    assert mix64(0) != mix64(1)


def test_buckets_are_spread():
    buckets = [reference.bucket(hash64(str(i).encode()), 10) for i in range(50_000)]
    assert np.bincount(buckets, minlength=1024).max() < 49 + 8 * 7


def test_keys_around_the_sizes_of_words_and_masks():
    """Where the fast scans change hands: 8 bytes a word, 64 bytes a short key, apostrophes, the end of the memory."""
    keys = [
        text[:size].strip()
        for size in (1, 7, 8, 9, 15, 16, 17, 62, 63, 64, 65, 66, 127, 128, 129)
        for text in (
            "X" * 200,
            "aB3 " * 50,
            "it's " * 40,
            "a." * 100,
            "abcdefgh " * 20,
            "1234567 " * 20,
            "z" * 63 + "é" * 9,
        )
    ]
    for column in (sliced(keys), *(sliced([key]) for key in keys)):
        scored = score_column(column, MEMBERS)
        expected = [reference.scores(key, TABLE.tolist(), BIAS.tolist(), BITS) for key in column.to_pylist()]
        assert scored.scores.tolist() == expected
        assert scored.lengths.tolist() == [len(tokens(key)) for key in column.to_pylist()]
        assert scored.hashes.tolist() == [hash64(key.encode()) for key in column.to_pylist()]
