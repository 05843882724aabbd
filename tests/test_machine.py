"""The instructions that kernels are made of, each against a line of Python."""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.machine import (
    CHUNK,
    bytes_between,
    copy_bytes,
    copy_lowered,
    count_ones,
    leading_zeros,
    load_word,
    sum_4_doubles,
    sum_4_singles,
    sum_line_of_doubles,
    sum_line_of_singles,
    trailing_zeros,
)

words = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 64).map(lambda bit: (1 << bit) - 1))


@numba.njit
def between(data, at, first, last):
    return bytes_between(data, at, first, last)


@numba.njit
def lowered(data, at, out):
    copy_lowered(data, at, out)


@numba.njit
def copied(data, at, out, to, count):
    copy_bytes(data, at, out, to, count)


@numba.njit
def word_at(data, at):
    return load_word(data, at)


@numba.njit
def bits_of(word):
    return trailing_zeros(word), leading_zeros(word), count_ones(word)


@numba.njit
def sums_of_singles(rows, places, ends, few, sums):
    if few:
        sum_4_singles(rows, 0, places, ends[0], ends[1], sums)
    else:
        for column in range(0, len(sums), 16):
            sum_line_of_singles(rows, column, places, ends[0], ends[1], sums)


@numba.njit
def sums_of_doubles(rows, places, ends, few, sums):
    if few:
        sum_4_doubles(rows, 0, places, ends[0], ends[1], sums)
    else:
        for column in range(0, len(sums), 8):
            sum_line_of_doubles(rows, column, places, ends[0], ends[1], sums)


def bytes_of(data):
    return np.frombuffer(data, dtype=np.uint8)


@given(
    st.binary(min_size=CHUNK, max_size=CHUNK + 9),
    st.integers(0, 72),
    st.integers(0, 255),
    st.integers(0, 255),
)
def test_bytes_between_two_bounds(data, at, one, other):
    first, last = sorted((one, other))
    at = min(at, len(data) - 1)
    marks = int(between(bytes_of(data), at, first, last))
    wanted = [first <= byte <= last for byte in data[at : at + CHUNK]]
    assert [bool(marks >> i & 1) for i in range(CHUNK)] == wanted + [False] * (CHUNK - len(wanted))


@given(st.binary(min_size=CHUNK, max_size=CHUNK + 9), st.integers(0, 72))
def test_lower_case_is_that_of_ascii(data, at):
    at = min(at, len(data) - 1)
    out = np.zeros(2 * CHUNK + 1, dtype=np.uint8)
    lowered(bytes_of(data), at, out)
    wanted = data[at : at + CHUNK].lower()
    assert out[CHUNK:].tobytes() == wanted + bytes(CHUNK + 1 - len(wanted))


@given(st.binary(max_size=100), st.integers(0, 100), st.integers(0, 5))
def test_bytes_are_copied(data, at, to):
    at = min(at, len(data))
    out = np.zeros(to + len(data) - at + 1, dtype=np.uint8)
    copied(bytes_of(data), at, out, to, len(data) - at)
    assert out.tobytes() == bytes(to) + data[at:] + b"\0"


@given(st.binary(min_size=8, max_size=20))
def test_a_word_is_little_endian_from_any_byte(data):
    assert word_at(bytes_of(data), len(data) - 8) == int.from_bytes(data[-8:], "little")


@given(words)
def test_bits_are_counted(word):
    digits = f"{word:064b}"
    ends = len(digits) - len(digits.rstrip("0")), len(digits) - len(digits.lstrip("0"))
    assert bits_of(np.uint64(word)) == (*ends, digits.count("1"))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_rows_are_summed_one_after_the_other_in_float64(dtype, data):
    draw = np.random.Generator(np.random.PCG64(data.draw(st.integers(0, 100))))
    line = 64 // np.dtype(dtype).itemsize
    rows = draw.normal(size=(9, 2 * line)).astype(dtype)
    places = draw.integers(0, 9, size=(3, 7)).astype(np.int32)
    first, last = sorted(data.draw(st.tuples(st.integers(0, 7), st.integers(0, 7))))
    wanted = np.zeros(2 * line)
    for place in places[:, first:last].T.ravel():
        wanted += rows[place]
    sums = np.ones(2 * line)
    sums_of = sums_of_singles if dtype == np.float32 else sums_of_doubles
    sums_of(rows.view(np.uint8), places, (first, last), False, sums)
    assert sums.tolist() == wanted.tolist()
    sums_of(np.ascontiguousarray(rows[:, :4]).view(np.uint8), places, (first, last), True, sums)
    assert sums[:4].tolist() == wanted[:4].tolist()
