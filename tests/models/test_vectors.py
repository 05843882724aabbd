"""The vector operations that trainers share."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.compiled import compiled
from canvass.models.vectors import SMALLEST, exponentiate


@compiled
def replace(array):
    exponentiate(array)


def exponentials(values):
    array = np.array(values, dtype=np.float64)
    replace(array)
    return array


@given(st.lists(st.floats(SMALLEST, 700.0), max_size=20))
def test_exponentials_are_those_of_the_library_to_the_last_bit_but_one(values):
    expected = np.array([math.exp(value) for value in values])
    np.testing.assert_allclose(exponentials(values), expected, rtol=2.0**-51)
    assert exponentials(values)[::-1].tobytes() == exponentials(values[::-1]).tobytes()


@pytest.mark.parametrize("value", [SMALLEST - 1.0, -1e9, -np.inf])
def test_what_is_far_below_is_next_to_nothing(value):
    assert 0.0 <= exponentials([value])[0] < 1e-306


def test_the_exponential_of_zero_is_one():
    assert exponentials([0.0, -0.0, -1e-300]).tolist() == [1.0, 1.0, 1.0]
