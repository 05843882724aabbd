"""Scoring a pool: members packed to rows, tiles of keys, chunks of 64 bytes."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from canvass.corpus.normalise import key_of, keys
from canvass.corpus.spans import tokens
from canvass.features import reference
from canvass.features.extraction import FEW, LINE, MemberTable, join_tables, score_column
from canvass.features.kernels import TILE, TILE_WORDS
from canvass.seeding import hash64
from texts import NOTABLE, texts

BITS = 8
NUMBERS = np.random.Generator(np.random.PCG64(4))


def weights_of(members, *, dtype=np.float32, bits=BITS):
    weights = NUMBERS.normal(size=(1 << bits, members)).astype(dtype)
    weights[:: members + 2] = 0  # buckets without a weight
    return weights


def dense_table(weights, bias):
    used = np.flatnonzero((weights != 0).any(axis=1))
    return MemberTable(used, weights[used], bias, bits=len(weights).bit_length() - 1)


def table_of(members, **kinds):
    return dense_table(weights_of(members, **kinds), NUMBERS.normal(size=members))


def column(some):
    return pa.array(some, type=pa.string())


def expected(some, table):
    return [reference.scores(one, table.weights.tolist(), table.bias.tolist(), table.bits) for one in some]


FEW_MEMBERS = table_of(3)
# Words, apostrophes and blanks in any order, long enough for several chunks of 64 bytes.
PIECES = st.sampled_from([
    "a", "it's", "'", "'s", "s'", " ", "  ", "7", "!", "WORD", "abcdefgh", "x" * 17, "y" * 63, "z" * 65, "\t", "\0",
    "é", "歌", "’s", "e\u0301",
])  # fmt: skip
long_texts = st.lists(PIECES, max_size=40).map("".join)
ascii_texts = st.text(st.sampled_from("aZ09' .'s"), max_size=140)
any_texts = st.one_of(texts, long_texts, ascii_texts)


@given(st.lists(any_texts, max_size=8), st.integers(0, 2))
@example(NOTABLE, 0)
def test_texts_to_keys_and_scores_are_those_of_the_reference_to_the_bit(some, skip):
    check_keys_and_scores(some, skip)


@pytest.mark.slow
def test_long_texts_to_keys_and_scores_are_those_of_the_reference_to_the_bit():
    check_keys_and_scores(["x" * 100_000, " ", "ab " * 30_000, "歌" * 40_000], 1)


def check_keys_and_scores(some, skip):
    found = keys(column(["é"] * skip + some).slice(skip))
    scored = score_column(found, FEW_MEMBERS)
    wanted = [key_of(text) for text in some]
    assert found.to_pylist() == wanted
    assert scored.scores.tolist() == expected(wanted, FEW_MEMBERS)
    assert scored.lengths.tolist() == [len(tokens(key)) for key in wanted]
    assert scored.hashes.tolist() == [hash64(key.encode()) for key in wanted]


@given(st.lists(any_texts, max_size=6), st.integers(1, 30))
def test_a_key_beyond_the_limit_has_no_score(some, limit):
    some = [key_of(one) for one in some]
    scored = score_column(column(some), FEW_MEMBERS, limit=limit)
    for key, length, scores in zip(some, scored.lengths, scored.scores.tolist(), strict=True):
        count = len(tokens(key))
        assert length == min(count, limit + 1)
        assert scores == ([0.0] * 3 if count > limit else expected([key], FEW_MEMBERS)[0])


def test_every_size_around_words_and_chunks():
    """Where chunks change hands: 8 bytes a word, 64 bytes a chunk, an apostrophe or a word on the border."""
    patterns = ["X" * 200, "aB3 " * 50, "it's " * 40, "a'" * 100, "' " * 100, "a." * 100, "abcdefgh " * 20]
    patterns += ["1234567 " * 20, "rock'n'roll " * 20, "z" * 63 + "é" * 9]
    sizes = [*range(1, 20), *range(55, 75), *range(120, 136), 190, 191, 192, 193]
    some = sorted(
        {key_of(pattern[start:size]) for pattern in patterns for start in (0, 1, 5) for size in sizes}
    )
    wanted = expected(some, FEW_MEMBERS)
    assert score_column(column(some), FEW_MEMBERS).scores.tolist() == wanted
    for one, scores in zip(some, wanted, strict=True):  # alone, the key ends where the memory does
        assert score_column(column([one]), FEW_MEMBERS).scores.tolist() == [scores]


def test_needless_blanks_on_the_border_of_chunks():
    some = ["a" * size + blanks + "b" * rest for size in (61, 62, 63, 64, 126, 127, 128) for blanks in (" ", "  ") for rest in (0, 1, 70)]  # fmt: skip
    some += ["ab " * size + " c" for size in (20, 21, 41, 42)]
    for texts_at_hand in ([text] for text in some), [some]:
        for part in texts_at_hand:
            found = keys(column(part))
            assert found.to_pylist() == [key_of(text) for text in part]
            assert score_column(found, FEW_MEMBERS).scores.tolist() == expected(
                found.to_pylist(), FEW_MEMBERS
            )


def test_scores_depend_on_no_tile_and_no_neighbour():
    words = [" ".join(f"w{(i * j) % 61}" for j in range(i % 13)) for i in range(2 * TILE + 7)]
    some = [*words, "a b c " * TILE_WORDS, "a b", "", "?", *words[:TILE]]
    found = score_column(column(some), FEW_MEMBERS).scores
    assert found.tolist() == expected([key_of(one) for one in some], FEW_MEMBERS)
    for start in (1, TILE - 1, TILE, TILE + 1, len(words) + 1):
        part = score_column(column(some).slice(start), FEW_MEMBERS).scores
        assert part.tobytes() == found[start:].tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("members", [0, 1, 2, 4, 5, 8, 9, 16, 17, 60])
def test_any_number_of_members(members, dtype):
    table = table_of(members, dtype=dtype)
    some = [key_of(text) for text in NOTABLE]
    assert score_column(column(some), table).scores.tolist() == expected(some, table)
    assert table.rows.dtype == dtype
    assert table.rows.ctypes.data % LINE == 0
    assert table.rows.shape[1] == FEW or table.rows.shape[1] * table.rows.itemsize % LINE == 0


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.lists(texts.map(key_of), max_size=4))
def test_members_side_by_side_score_as_they_do_alone(sizes, some):
    parts = [table_of(size) for size in sizes]
    both = join_tables(parts)
    alone = [score_column(column(some), part).scores for part in parts]
    assert score_column(column(some), both).scores.tobytes() == np.concatenate(alone, axis=1).tobytes()
    assert both.bias.tolist() == [constant for part in parts for constant in part.bias.tolist()]


def test_a_table_without_members_may_have_another_number_of_features():
    nothing, some = table_of(0, bits=1), table_of(3)
    assert join_tables([nothing, some]).weights.tobytes() == some.weights.tobytes()
    assert join_tables([nothing]).rows.shape == (1, FEW)


def test_a_table_gives_back_its_weights_also_after_pickling():
    weights = weights_of(3)
    table = pickle.loads(pickle.dumps(dense_table(weights, np.zeros(3))))
    assert table.weights.tobytes() == weights.tobytes()
    assert table.bits == BITS
    assert table.used.tolist() == np.flatnonzero(weights.any(axis=1)).tolist()
    packed = MemberTable(table.used, weights[table.used], np.zeros(3), bits=BITS)
    assert packed.index.tobytes() == table.index.tobytes()


def test_no_weight_at_all_leaves_the_constants():
    table = dense_table(np.zeros((1 << BITS, 2), dtype=np.float32), np.array([0.5, -1.0]))
    assert score_column(column(["play river", ""]), table).scores.tolist() == [[0.5, -1.0]] * 2
    assert table.rows.shape == (1, FEW)
