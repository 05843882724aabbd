"""What a tagger's cluster attributes weigh, folded: one row of weights for each cluster and place.

Clusters are nested, so the finest one of a word tells those at all grains, and the weights of its attributes at one
place, one a grain, are summed when a model is packed. A token then has three rows more: one for its own cluster, one
for that of the word before, one for that of the word after.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.features.clusters import PLACES, WordClusters, attribute_of, neighbours
from canvass.features.word_features import BEYOND, UNKNOWN
from canvass.models.vectors import Floats


class ClusterRows(NamedTuple):
    """The folded weights of a tagger, packed by `pack_clusters`.

    `hashes` uint64 (V,), ascending, and `numbers` int32 (V + 1,): the number of each word's cluster, 0..C-1, and that
    of all other words. Number C - 1 stands for what is beyond the ends of a key. `weights` float64 (3, C, L), by place.
    """

    hashes: NDArray[np.uint64]
    numbers: NDArray[np.int32]
    weights: Floats

    def find(self, words: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Find the numbers of the clusters of words by their hashes, uint64 (N,): int32 (N,)."""
        rows = np.searchsorted(self.hashes, words)
        known = self.hashes[np.minimum(rows, len(self.hashes) - 1)] == words
        return self.numbers[np.where(known, rows, len(self.hashes))]

    def sum(self, starts: NDArray[np.int64], words: NDArray[np.uint64]) -> Floats:
        """Sum the weights of each token of N keys, float64 (tokens, L); `starts` int64 (N + 1,): their first tokens."""
        here = self.find(words)
        before, after = neighbours(starts, here, self.weights.shape[1] - 1)
        total: Floats = self.weights[0, here] + self.weights[1, before] + self.weights[2, after]
        return total


def pack_clusters(words: WordClusters, hashes: NDArray[np.uint64], state: Floats) -> ClusterRows:
    """Fold the weights of cluster attributes; `hashes` uint64 (A,) and `state` float64 (A, L) are those of all."""
    different, numbers = np.unique(words.clusters, axis=0, return_inverse=True)
    grains = words.clusters.shape[1]
    clusters = np.concatenate([different, [[UNKNOWN] * grains, [BEYOND] * grains]]).astype(np.int32)
    rows = {attribute: row for row, attribute in enumerate(hashes.tolist())}
    weights = np.zeros((len(PLACES), len(clusters), state.shape[1]))
    for place in range(len(PLACES)):
        for grain in range(grains):
            for number, attribute in enumerate(attribute_of(clusters[:, grain], grain, place).tolist()):
                if attribute in rows:
                    weights[place, number] += state[rows[attribute]]
    of_words = np.append(numbers.ravel(), len(different)).astype(np.int32)
    return ClusterRows(words.hashes, of_words, weights)
