"""The tagger's inner loop: from the bytes of a key to its tags and their probability, in one pass.

Each token's attributes are hashed (`features.attributes`), looked up in an open-addressing table of the hashes that
were seen in training, and their weights summed to the state scores of the lattice (`models.lattice`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.compiled import compiled
from canvass.features.attributes import ATTRIBUTES, token_attributes
from canvass.features.scan import longest, scan
from canvass.models.lattice import Transitions, log_partition, token_marginals, viterbi

if TYPE_CHECKING:
    from numpy.typing import NDArray

EMPTY = -1


class Weights(NamedTuple):
    """A tagger's weights, packed by `pack`.

    `slots` int32 (power of two,): row of the hash that fell there, or -1. `hashes` uint64 (A,), `state` float64
    (A, L): one row per attribute that was seen in training.
    """

    slots: NDArray[np.int32]
    hashes: NDArray[np.uint64]
    state: NDArray[np.float64]


def pack(hashes: NDArray[np.uint64], state: NDArray[np.float64]) -> Weights:
    """Build the table of hashes, at most a quarter full."""
    slots = np.full(1 << max(4 * len(hashes), 1).bit_length(), EMPTY, dtype=np.int32)
    _insert_all(hashes, slots)
    return Weights(slots, hashes, state)


@compiled
def _insert_all(hashes: NDArray[np.uint64], slots: NDArray[np.int32]) -> None:
    last = np.uint64(len(slots) - 1)
    for row in range(len(hashes)):
        at = hashes[row] & last
        while slots[at] != EMPTY:
            at = (at + np.uint64(1)) & last
        slots[at] = row


@compiled
def add_weights(weights: Weights, attribute: np.uint64, scores: NDArray[np.float64]) -> None:
    """Add an attribute's weights to a token's state scores, (L,); an attribute never seen adds nothing."""
    last = np.uint64(len(weights.slots) - 1)
    at = attribute & last
    while True:
        row = weights.slots[at]
        if row == EMPTY:
            return
        if weights.hashes[row] == attribute:
            for j in range(len(scores)):
                scores[j] += weights.state[row, j]
            return
        at = (at + np.uint64(1)) & last


@compiled
def tag_keys(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    weights: Weights,
    transitions: Transitions,
    log_probability: NDArray[np.float64],
    lengths: NDArray[np.int32],
    paths: NDArray[np.int32],
    certainty: NDArray[np.float64],
) -> None:
    """Tag every key of a column.

    Writes `log_probability` float64 (N,): log P(best tags | key), at most 0; `lengths` int32 (N,): T. If `paths`,
    int32, has room for a token a byte, the best tags of all keys follow one another there, and in `certainty`,
    float64, the marginal probability of each; where it is empty, only the probabilities are computed.
    """
    capacity = longest(offsets) + 1
    tags = len(transitions.scores)
    lowered = np.empty(capacity * 3 // 2 + 8, dtype=np.uint8)
    drawn = np.empty(capacity, dtype=np.uint8)
    places = np.empty((capacity, 4), dtype=np.int64)
    words = np.empty(capacity, dtype=np.bool_)
    hashes = np.empty(capacity, dtype=np.uint64)
    room = 0
    attributes = np.empty((0, len(ATTRIBUTES)), dtype=np.uint64)
    state = np.empty((0, tags), dtype=np.float64)
    work = np.empty((0, tags), dtype=np.float64)
    rows = np.empty((2, tags), dtype=np.float64)
    path = np.empty(0, dtype=np.int32)
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
            path = np.empty(room, dtype=np.int32)
        token_attributes(data, description, length, lowered, places, hashes, drawn, attributes)
        for t in range(length):
            state[t, :] = 0.0
            for a in range(len(ATTRIBUTES)):
                add_weights(weights, attributes[t, a], state[t])
        best = viterbi(state, transitions, length, path, work)
        lengths[row] = length
        if len(paths) == 0:
            log_probability[row] = min(0.0, best - log_partition(state, transitions, length, work))
            continue
        log_probability[row] = min(0.0, best - token_marginals(state, transitions, length, work, rows))
        for t in range(length):
            paths[written + t] = path[t]
            certainty[written + t] = work[t, path[t]]
        written += length
