"""The cluster attributes of `features.reference`: what kind of word a token and its two neighbours are.

A tagger keeps the words and their clusters that it was trained with; the clusters are those of `word_features`.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canvass.features.extraction import hash_column
from canvass.features.word_features import BEYOND, GRAINS, UNKNOWN, WordFeatures, is_nested
from canvass.seeding import hash64, mix_array

PLACES = ("", "-1", "+1")  # of the token itself, of the one before, of the one after
NAMES = np.array(
    [[hash64(f"cluster/{grain}{place}".encode()) for place in PLACES] for grain in GRAINS], dtype=np.uint64
)


class WordClusters(NamedTuple):
    """The words that a tagger knows the clusters of: `hashes` uint64 (V,) ascending, `clusters` int32 (V, G) nested."""

    hashes: NDArray[np.uint64]
    clusters: NDArray[np.int32]

    @classmethod
    def of_features(cls, features: WordFeatures) -> Self:
        """Take those of all words that were learnt."""
        hashes = hash_column(pa.array(features.words, pa.string()))
        order = np.argsort(hashes)
        return cls(hashes[order], features.clusters[order])

    def check(self) -> None:
        """Raise ValueError where they do not fit together."""
        if not (
            (self.hashes.dtype, self.clusters.dtype) == (np.dtype("u8"), np.dtype("i4"))
            and self.hashes.ndim == 1
            and self.clusters.shape == (len(self.hashes), len(GRAINS))
            and len(self.hashes) > 0
            and (self.hashes[1:] > self.hashes[:-1]).all()
            and ((self.clusters >= 0) & (self.clusters < len(self.hashes))).all()
            and is_nested(self.clusters)
        ):
            raise ValueError("the words and their clusters do not fit together")

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Find the clusters of words by their hashes, uint64 (N,): int32 (N, G), UNKNOWN for one that is not there."""
        rows = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        known = self.hashes[rows] == hashes
        return np.where(known[:, np.newaxis], self.clusters[rows], np.int32(UNKNOWN))


def attribute_of(clusters: NDArray[np.int32], grain: int, place: int) -> NDArray[np.uint64]:
    """Hash the attribute that names the cluster at a grain and a place, each a number, for int32 (N,) clusters."""
    return mix_array(NAMES[grain, place] ^ clusters.astype(np.int64).view(np.uint64))


def neighbours(
    starts: NDArray[np.int64], values: NDArray[np.int32], beyond: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Give what stands before and after each token, int32 (tokens, ...); `beyond` where its key begins or ends.

    `starts` int64 (N + 1,): the first token of each key.
    """
    before, after = (np.full_like(values, beyond) for _ in range(2))
    before[1:], after[:-1] = values[:-1], values[1:]
    inner = starts[(starts > 0) & (starts < len(values))]
    before[inner] = beyond
    after[inner - 1] = beyond
    return before, after


def cluster_attributes(
    starts: NDArray[np.int64], hashes: NDArray[np.uint64], words: WordClusters
) -> NDArray[np.uint64]:
    """Hash the cluster attributes of the tokens of keys: uint64 (tokens, 3 G), by grain and place.

    `starts` int64 (N + 1,) and `hashes` uint64 (tokens,) are of the lower-cased tokens.
    """
    here = words.find(hashes)
    before, after = neighbours(starts, here, BEYOND)
    attributes = [
        attribute_of(clusters[:, grain], grain, place)
        for grain in range(len(GRAINS))
        for place, clusters in enumerate((here, before, after))
    ]
    return np.stack(attributes, axis=1)
