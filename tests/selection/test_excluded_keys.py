import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.normalise import key_of
from canvass.features.extraction import hash_column
from canvass.selection.excluded_keys import ExcludedKeys
from texts import texts

keys = texts.map(key_of)


@given(st.sets(keys, max_size=30), st.lists(keys, max_size=30))
def test_the_mask_is_membership(excluded, column):
    column = [*column, *list(excluded)[::2]]
    array = pa.array(column, type=pa.string())
    mask = ExcludedKeys(excluded).mask(array, hash_column(array))
    assert mask.tolist() == [key in excluded for key in column]


def test_many_keys():
    excluded = ExcludedKeys(f"key {i}" for i in range(0, 20_000, 2))
    array = pa.array([f"key {i}" for i in range(20_000)])
    mask = excluded.mask(array, hash_column(array))
    assert np.array_equal(mask, np.arange(20_000) % 2 == 0)


def test_equal_hashes_do_not_make_equal_keys():
    array = pa.array(["play river", "stop", "play rivet"])
    hashes = np.repeat(hash_column(array)[:1], 3)  # as if all had the hash of the first
    assert ExcludedKeys(["play river"]).mask(array, hashes).tolist() == [True, False, False]
