"""The sketch of distinct keys, against a readable twin and the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.seeding import mix64
from canvass.selection.sketch import REGISTERS, add_hashes, empty_sketch, estimate

hashes = st.one_of(
    st.integers(0, 2**64 - 1), st.integers(0, 40), st.integers(0, 40).map(lambda i: 2**64 - 1 - i)
)
rows = st.lists(st.tuples(hashes, st.booleans()), max_size=60)


def sketch(numbers, chosen=None):
    found = empty_sketch()
    column = np.array(numbers, dtype=np.uint64)
    add_hashes(
        column,
        np.ones(len(column), dtype=np.bool_) if chosen is None else np.array(chosen, dtype=np.bool_),
        found,
    )
    return found


def twin(numbers):
    """Each register holds the largest rank: the place of the first 1 in the 50 bits behind the register's 14."""
    registers = [0] * REGISTERS
    for number in numbers:
        bits = f"{mix64(number):064b}"
        register, rest = int(bits[:14], 2), bits[14:]
        registers[register] = max(registers[register], rest.find("1") + 1 if "1" in rest else 51)
    return registers


@given(rows)
def test_registers_equal_the_twin(some):
    numbers, chosen = [row[0] for row in some], [row[1] for row in some]
    assert sketch(numbers, chosen).tolist() == twin(number for number, yes in some if yes)


def unmix(state):
    """The inverse of mix64: to make hashes with the bits that a test needs."""

    def unshift(value, by):
        found = value
        for _ in range(64 // by + 1):
            found = value ^ (found >> by)
        return found

    mask = 2**64 - 1
    state = unshift(state, 31) * pow(0x94D049BB133111EB, -1, 2**64) & mask
    state = unshift(state, 27) * pow(0xBF58476D1CE4E5B9, -1, 2**64) & mask
    return unshift(state, 30)


@pytest.mark.parametrize(
    ("state", "register", "rank"),
    [
        (0, 0, 51),
        (1, 0, 50),
        (2**50 - 1, 0, 1),
        (2**49, 0, 1),
        (2**48, 0, 2),
        (2**64 - 2**50, 2**14 - 1, 51),
        (5 * 2**50 + 1, 5, 50),
    ],
)
def test_the_rims_of_the_bits(state, register, rank):
    assert mix64(unmix(state)) == state
    found = sketch([unmix(state)])
    assert found[register] == rank
    assert np.flatnonzero(found).tolist() == [register]


def test_nothing_is_exactly_nothing():
    assert estimate(empty_sketch()) == 0
    assert estimate(sketch([7, 8], [False, False])) == 0


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "size", [1, 2, 3, 10, 100, 1000, 10_000, 20_000, 50_000, 100_000, 300_000, 1_000_000]
)
def test_the_estimate_is_near(size, seed):
    numbers = np.random.default_rng([size, seed]).integers(0, 2**64, size, dtype=np.uint64)
    found = estimate(sketch(numbers))
    assert abs(found - size) <= max(1, 0.03 * size)


def test_numbers_in_a_row_are_as_good_as_random_ones():
    assert estimate(sketch(np.arange(200_000))) == pytest.approx(200_000, rel=0.03)


@given(st.lists(hashes, max_size=40), st.lists(hashes, max_size=40), st.integers(1, 3))
def test_merging_is_the_larger_register_and_duplicates_change_nothing(one, other, times):
    union = sketch(one + other)
    assert np.maximum(sketch(one), sketch(other)).tobytes() == union.tobytes()
    assert sketch((other + one) * times).tobytes() == union.tobytes()
    # Two hashes may share a register, so even a small estimate may be one too low.
    assert abs(estimate(union) - len(set(one + other))) <= 2


def test_a_full_sketch_has_an_estimate():
    assert estimate(np.full(REGISTERS, 50, dtype=np.uint8)) > 2**60
