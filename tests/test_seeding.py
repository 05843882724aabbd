"""Draws: the compiled and the readable hash agree, and draws of different purposes have nothing in common."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.features.extraction import hash_column
from canvass.seeding import derived_seed, generator, hash64, mix64, salt, uniform, uniforms
from texts import texts

seeds = st.one_of(st.integers(0, 5), st.integers(-(2**70), 2**70))


@given(st.lists(texts, max_size=8), seeds, st.sampled_from(["selection", "test", "", "é"]))
def test_draws_of_a_column_equal_those_of_its_keys(keys, seed, purpose):
    hashes = hash_column(pa.array(keys, type=pa.string()))
    assert hashes.tolist() == [hash64(key.encode()) for key in keys]
    found = uniforms(salt(seed, purpose), hashes)
    assert found.tolist() == [uniform(seed, purpose, key) for key in keys]
    assert found.dtype == np.float64
    assert ((found >= 0.0) & (found < 1.0)).all()


def test_the_values_stay_what_they_are():
    """Batches and test sets that were drawn once must be drawn again."""
    assert [f"{hash64(data):016x}" for data in (b"", b"a", b"play river", b"12345678", b"123456789")] == [
        "4d0a2bbe78b92ab1",
        "5e02c8ca8bea0269",
        "c72f35af5ff839db",
        "531282ebc646053b",
        "552d243dc29a63c3",
    ]
    assert uniform(7, "selection", "play river") == 0.3198495406471227
    assert [derived_seed(0, "x"), derived_seed(1, "x"), derived_seed(0, "x", 1)] == [
        810380451,
        1105573755,
        954718545,
    ]


def test_padding_and_length_count():
    assert (
        len({hash64(data) for data in (b"", b"\0", b"\0\0", b"a", b"a\0", b"a" + bytes(7), b"a" + bytes(8))})
        == 7
    )


def test_short_tokens_of_one_length_never_collide():
    numbers = np.random.default_rng(0).integers(0, 2**32, 20_000).tolist()
    assert len({hash64(number.to_bytes(4, "little")) for number in numbers}) == len(set(numbers))


@pytest.mark.parametrize("bit", range(0, 64, 7))
def test_every_bit_of_a_state_spreads(bit):
    changes = [(mix64(state) ^ mix64(state ^ 1 << bit)).bit_count() for state in range(200)]
    assert 28 < sum(changes) / len(changes) < 36


def test_draws_are_uniform_and_those_of_two_seeds_or_purposes_independent():
    keys = [f"play song {number}" for number in range(4000)]
    draws = [
        np.array([uniform(seed, purpose, key) for key in keys])
        for seed, purpose in ((0, "a"), (1, "a"), (0, "b"))
    ]
    for draw in draws:
        counts = np.bincount((draw * 10).astype(int), minlength=10)
        assert counts.min() > 320
        assert counts.max() < 480
    assert np.abs(np.corrcoef(draws) - np.eye(3)).max() < 0.06


def test_generators_are_their_own():
    found = {
        (seed, purpose, index): generator(seed, purpose, index).integers(2**63)
        for seed in (0, 1, -1)
        for purpose in ("a", "b")
        for index in (0, 1)
    }
    assert len(set(found.values())) == len(found)
    assert all(generator(*case).integers(2**63) == first for case, first in found.items())


@given(seeds, st.text(max_size=5), st.integers(0, 9))
def test_derived_seeds_are_small_enough_for_everyone(seed, purpose, index):
    assert 0 <= derived_seed(seed, purpose, index) < 2**31
