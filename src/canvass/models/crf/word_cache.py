"""What a tagger knows of the words it has met, so that a word costs one look-up.

Ten of a token's twelve attributes look at one word alone: six at the token's own, four at a neighbour's; and so do the
three rows of its and its neighbours' clusters. For every word form, that is a word as it was written, the product of
the seven rows of factors at its own place is kept, and the numbers of the six rows that the form contributes to its
neighbours. All are functions of the form and the weights, so that what happens to be kept changes no result. A thread
has forms of its own for the time of a call; where they are full, all are dropped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled
from canvass.features.attributes import BEFORE_HERE, BEYOND, HERE_AFTER, NAMES, OWN, pair_state
from canvass.features.clusters import PLACES
from canvass.features.extraction import TokenHashes
from canvass.features.scan import HALF, mix
from canvass.models.crf.attribute_table import EMPTY, AttributeTable, row_of
from canvass.models.crf.cluster_rows import ClusterRows
from canvass.models.vectors import Floats, aligned

CAPACITY = 1 << 15
# What a record holds: the hashes of the form and of its lower-cased word, the hashes of both pairs begun with the
# word, and the numbers of six rows of factors, two in each: what the word says as word-2 and word+2, as word-1 and
# word+1, and what its cluster says there. The low half is of the place before a token, the high half of that after it.
FORM, WORD, BEFORE, HERE, AS_SECOND, AS_NEXT, CLUSTER = range(7)
RECORD = 8
LOW = np.uint64((1 << 32) - 1)


class Table(NamedTuple):
    """The attributes seen in training and their factors, float64 (A + 1, P) or, with 3 C `clusters`, (A + 3 C + 2, P).

    Row A is all ones: that of any attribute never seen. Those of the clusters come after it, by place.
    """

    attributes: AttributeTable
    clusters: ClusterRows | None
    factors: Floats

    def cluster_rows(self, words: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Give the numbers of the rows that the clusters of words have at each place, by their hashes: int64 (N, 3)."""
        if self.clusters is None:
            return np.full((len(words), len(PLACES)), len(self.attributes.hashes))
        return self._rows_of(self.clusters.find(words), self.clusters)

    def rows_beyond(self) -> NDArray[np.int64]:
        """Give the rows of what is beyond the ends of a key, int64 (1, 3)."""
        if self.clusters is None:
            return self.cluster_rows(np.zeros(1, dtype=np.uint64))
        return self._rows_of(np.array([self.clusters.weights.shape[1] - 1]), self.clusters)

    def _rows_of(self, numbers: NDArray[np.integer], clusters: ClusterRows) -> NDArray[np.int64]:
        places, count, _ = clusters.weights.shape
        first = len(self.attributes.hashes) + 1
        rows: NDArray[np.int64] = first + numbers[:, np.newaxis] + count * np.arange(places)
        return rows


class Forms(NamedTuple):
    """The word forms that are kept, C at most; one thread at a time may use them.

    `slots` int32 (power of two,): the number of the form whose hash fell there, or EMPTY. `records` uint64
    (C + 1, RECORD), one cache line each; the last one stands for what is beyond the ends of a key. `own` float64
    (C, P): products of the factors of the OWN attributes. `kept` int64 (1,): how many forms there are.
    """

    slots: NDArray[np.int32]
    records: NDArray[np.uint64]
    own: Floats
    kept: NDArray[np.int64]


def no_forms(table: Table, capacity: int = CAPACITY) -> Forms:
    """Make room for C forms; what is not used takes no memory."""
    forms = Forms(
        np.full(1 << (2 * capacity).bit_length(), EMPTY, dtype=np.int32),
        aligned(capacity + 1, RECORD).view(np.uint64),
        aligned(capacity, table.factors.shape[1]),
        np.zeros(1, dtype=np.int64),
    )
    write_record(*table.attributes, BEYOND, BEYOND, table.rows_beyond(), 0, forms.records, capacity)
    return forms


def drop_forms(forms: Forms) -> None:
    """Forget all forms."""
    forms.slots[:] = EMPTY
    forms.kept[0] = 0


def keep_forms(forms: Forms, table: Table, tokens: TokenHashes) -> None:
    """Keep the forms of tokens that are not yet kept; there must be room for all of them."""
    clusters = table.cluster_rows(tokens.words)
    insert_forms(
        *forms, *table.attributes, table.factors, tokens.surfaces, tokens.words, tokens.attributes, clusters
    )


@compiled
def write_record(
    slots: NDArray[np.int32],
    hashes: NDArray[np.uint64],
    form: np.uint64,
    word: np.uint64,
    clusters: NDArray[np.int64],
    token: int,
    records: NDArray[np.uint64],
    number: int,
) -> None:
    """Write record `number` for a form with a lower-cased word; `slots` and `hashes` are of the attributes.

    `clusters[token]`, int64 (3,), are the rows of its cluster.
    """
    records[number, FORM] = form
    records[number, WORD] = word
    records[number, BEFORE] = pair_state(word, BEFORE_HERE)
    records[number, HERE] = pair_state(word, HERE_AFTER)
    for k in range(2):
        before = np.uint64(row_of(slots, hashes, mix(NAMES[OWN + k] ^ word)))
        after = np.uint64(row_of(slots, hashes, mix(NAMES[OWN + 3 - k] ^ word)))
        records[number, AS_SECOND + k] = before | after << HALF
    records[number, CLUSTER] = np.uint64(clusters[token, 1]) | np.uint64(clusters[token, 2]) << HALF


@compiled
def find_forms(
    slots: NDArray[np.int32],
    records: NDArray[np.uint64],
    firsts: NDArray[np.int64],
    lengths: NDArray[np.int32],
    surfaces: NDArray[np.uint64],
    numbers: NDArray[np.int32],
    missing: NDArray[np.int64],
) -> int:
    """Write the numbers of the forms of N keys to `numbers`, int32 (tokens,), EMPTY where there is none.

    The tokens of a key begin at `firsts` in `surfaces` and `numbers`. Writes the keys with a form that is missing to
    `missing`, int64 (N,), and returns how many there are.
    """
    count = 0
    last = np.uint64(len(slots) - 1)
    for key in range(len(firsts)):
        is_missing = False
        for t in range(firsts[key], firsts[key] + lengths[key]):
            at = surfaces[t] & last
            number = slots[at]
            while number != EMPTY and records[number, FORM] != surfaces[t]:
                at = (at + np.uint64(1)) & last
                number = slots[at]
            numbers[t] = number
            is_missing |= number == EMPTY
        if is_missing:
            missing[count] = key
            count += 1
    return count


@compiled
def insert_forms(
    slots: NDArray[np.int32],
    records: NDArray[np.uint64],
    own: Floats,
    kept: NDArray[np.int64],
    attribute_slots: NDArray[np.int32],
    attribute_hashes: NDArray[np.uint64],
    factors: Floats,
    surfaces: NDArray[np.uint64],
    words: NDArray[np.uint64],
    attributes: NDArray[np.uint64],
    clusters: NDArray[np.int64],
) -> None:
    """Do the work of `keep_forms` on arrays."""
    last = np.uint64(len(slots) - 1)
    for t in range(len(surfaces)):
        at = surfaces[t] & last
        while slots[at] != EMPTY and records[slots[at], FORM] != surfaces[t]:
            at = (at + np.uint64(1)) & last
        if slots[at] != EMPTY:
            continue
        number = kept[0]
        kept[0] += 1
        slots[at] = number
        write_record(attribute_slots, attribute_hashes, surfaces[t], words[t], clusters, t, records, number)
        for j in range(own.shape[1]):
            own[number, j] = factors[clusters[t, 0], j]
        for a in range(OWN):
            row = row_of(attribute_slots, attribute_hashes, attributes[t, a])
            for j in range(own.shape[1]):
                own[number, j] *= factors[row, j]
