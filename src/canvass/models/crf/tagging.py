"""The tagger's inner loop: from the bytes of a key to its tags and their certainty, in one pass.

Each token's attributes are hashed (`features.attributes`), looked up in the table of those that were seen in training,
and their weights summed to the state scores of the lattice (`models.crf.lattice`). `decoding` has a faster way to the
tags and the probability of all of them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.compiled import compiled
from canvass.features.attributes import ATTRIBUTES, token_attributes
from canvass.features.scan import longest, scan
from canvass.models.crf.attribute_table import AttributeTable, pack_attributes, row_of
from canvass.models.crf.lattice import Transitions, log_partition, pack_transitions, token_marginals, viterbi

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Weights(NamedTuple):
    """A tagger's weights, packed by `pack_weights`: `state` float64 (A, L), one row for each row of `table`."""

    table: AttributeTable
    state: NDArray[np.float64]
    transitions: Transitions


def pack_weights(
    hashes: NDArray[np.uint64], state: NDArray[np.float64], transitions: NDArray[np.float64]
) -> Weights:
    """Pack uint64 (A,) and float64 (A, L) by attribute, and float64 (L, L) from tag i to tag j."""
    return Weights(
        pack_attributes(np.ascontiguousarray(hashes)),
        np.ascontiguousarray(state),
        pack_transitions(transitions),
    )


@compiled
def state_scores(
    weights: Weights, attributes: NDArray[np.uint64], length: int, state: NDArray[np.float64]
) -> None:
    """Sum the weights of each token's attributes, uint64 (>= T, 12), to `state`, float64 (>= T, L)."""
    for t in range(length):
        scores = state[t]
        scores[:] = 0.0
        for a in range(len(ATTRIBUTES)):
            row = row_of(weights.table, attributes[t, a])
            if row < len(weights.state):
                for j in range(len(scores)):
                    scores[j] += weights.state[row, j]


@compiled
def log_probability_of(
    weights: Weights, attributes: NDArray[np.uint64], length: int, path: NDArray[np.int32]
) -> float:
    """Compute log P(best tags | key), at most 0, of a key of T tokens with attributes uint64 (>= T, 12).

    The best tags are written to `path`, int32 (>= T,).
    """
    shape = length, len(weights.transitions.scores)
    state, work = np.empty(shape), np.empty(shape)
    state_scores(weights, attributes, length, state)
    best = viterbi(state, weights.transitions, length, path, work)
    return min(0.0, best - log_partition(state, weights.transitions, length, work))


@compiled
def tag_keys(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    weights: Weights,
    paths: NDArray[np.int32],
    certainty: NDArray[np.float64],
) -> None:
    """Tag every key of a column.

    Writes the best tags of all keys one after another to `paths`, int32, and the marginal probability of each to
    `certainty`, float64; both must have room for a token a byte.
    """
    capacity = longest(offsets) + 1
    tags = len(weights.transitions.scores)
    lowered = np.empty(capacity * 3 // 2 + 8, dtype=np.uint8)
    drawn = np.empty(capacity + 8, dtype=np.uint8)
    places = np.empty((capacity, 4), dtype=np.int64)
    words = np.empty(capacity, dtype=np.bool_)
    hashes = np.empty(capacity, dtype=np.uint64)
    room = 0
    attributes = np.empty((0, len(ATTRIBUTES)), dtype=np.uint64)
    state = np.empty((0, tags), dtype=np.float64)
    work = np.empty((0, tags), dtype=np.float64)
    rows = np.empty((2, tags), dtype=np.float64)
    written = 0
    for row in range(len(offsets) - 1):
        length = scan(
            data, offsets[row], offsets[row + 1], capacity, description, lower, lowered, places, words, hashes
        )
        if length > room:
            room = 2 * length
            attributes = np.empty((room, len(ATTRIBUTES)), dtype=np.uint64)
            state = np.empty((room, tags), dtype=np.float64)
            work = np.empty((room, tags), dtype=np.float64)
        token_attributes(data, description, length, lowered, places, hashes, drawn, attributes)
        state_scores(weights, attributes, length, state)
        path = paths[written : written + length]
        viterbi(state, weights.transitions, length, path, work)
        token_marginals(state, weights.transitions, length, work, rows)
        for t in range(length):
            certainty[written + t] = work[t, path[t]]
        written += length
