"""The attributes that were seen in training, as an open-addressing table of their hashes, and their weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled
from canvass.features.attributes import ATTRIBUTES

EMPTY = -1


class AttributeTable(NamedTuple):
    """A rows of attributes, packed by `pack_attributes`.

    `slots` int32 (power of two,): row of the hash that fell there, or EMPTY. `hashes` uint64 (A,).
    """

    slots: NDArray[np.int32]
    hashes: NDArray[np.uint64]


def pack_attributes(hashes: NDArray[np.uint64]) -> AttributeTable:
    """Build the table of hashes, uint64 (A,), at most a quarter full."""
    slots = np.full(1 << max(4 * len(hashes), 1).bit_length(), EMPTY, dtype=np.int32)
    _insert_all(hashes, slots)
    return AttributeTable(slots, hashes)


@compiled
def _insert_all(hashes: NDArray[np.uint64], slots: NDArray[np.int32]) -> None:
    last = np.uint64(len(slots) - 1)
    for row in range(len(hashes)):
        at = hashes[row] & last
        while slots[at] != EMPTY:
            at = (at + np.uint64(1)) & last
        slots[at] = row


@compiled
def row_of(slots: NDArray[np.int32], hashes: NDArray[np.uint64], attribute: np.uint64) -> int:
    """Find the row of an attribute in an `AttributeTable`; A, one more than the last, where it was never seen."""
    last = np.uint64(len(slots) - 1)
    at = attribute & last
    while True:
        row = slots[at]
        if row == EMPTY:
            return len(hashes)
        if hashes[row] == attribute:
            return int(row)
        at = (at + np.uint64(1)) & last


@compiled
def sum_weights(
    slots: NDArray[np.int32],
    hashes: NDArray[np.uint64],
    weights: NDArray[np.float64],
    attributes: NDArray[np.uint64],
    state: NDArray[np.float64],
) -> None:
    """Sum the weights, float64 (A, L), of each token's attributes, uint64 (W, 12), to `state`, float64 (W, L)."""
    for t in range(len(state)):
        for j in range(state.shape[1]):
            state[t, j] = 0.0
        for a in range(len(ATTRIBUTES)):
            row = row_of(slots, hashes, attributes[t, a])
            if row < len(weights):
                for j in range(state.shape[1]):
                    state[t, j] += weights[row, j]
