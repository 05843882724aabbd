"""Groups of alike requests in a sample of a pool, in a space where a request stands for what it asks.

A request is a linear function of its hashed n-grams, scaled to length 1:

1. n-grams are weighed by inverse document frequency, and reduced by truncated singular value decomposition (latent
   semantic analysis; Deerwester and others 1990);
2. beside that stands the sum of the words' vectors, weighed likewise (`features.word_features`);
3. the whole is whitened by the covariance within the labels of the annotated requests (within-class covariance
   normalisation; Hatch, Kajarekar, Stolcke 2006): how requests for one thing differ is what tells no groups apart.

So the space is one table of weights, and a pool is placed in it by the kernel that scores members. Groups are the cores
of small clusters of k-means: a request belongs to the group whose centre is nearest by cosine, if it is nearer than
the median of the cluster's sampled requests.

Nearly all requests of a pool are in no core. They are told by a projection on few axes that hold the centres: products
with the centres stay, lengths do not grow, so that cosines do not fall (filter and refine; Faloutsos, Ranganathan,
Manolopoulos 1994). Only what may be near is placed in the whole space.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canvass.compiled import compiled
from canvass.corpus.spans import lower_words
from canvass.errors import TrainingError
from canvass.features.extraction import MemberTable, compact, feature_matrix, score_column
from canvass.features.word_features import is_enough, learn
from canvass.seeding import derived_seed

Matrix = NDArray[np.float64]

BITS = 18
DIMENSIONS = 64  # of each half
SAMPLED_FOR_AXES, SAMPLED = 1 << 14, 1 << 13  # keys that the space, and groups, are learnt from
FEWEST_KEYS = 50
FEWEST_SEEN = 2
WITHIN = 0.8  # of the covariance within labels; the rest is that of a sphere
KEYS_PER_GROUP = 8  # on average
FEWEST_GROUPS = 2
NAMED_BY = 3  # words and phrases
POWER_ITERATIONS, LLOYD_ITERATIONS = 4, 20
AXES = 32  # of a projection, or as many as there are centres: two lines of the cache a row of weights
SLACK = 1e-3  # of a cosine: ten thousand times what rounding weights to float32 changes


@compiled
def nearest(
    points: NDArray[np.float64],
    centres: NDArray[np.float32],
    groups: NDArray[np.int32],
    cosines: NDArray[np.float64],
) -> None:
    """Write the centre nearest by cosine to each of `points`, float64 (N, D), and the cosine; 0 for one at the origin.

    `centres` float32 (D, G), columns of length 1. Each point is computed by itself, so that the result does not depend
    on what stands beside it, as that of a product of matrices does in its last bits.
    """
    sums = np.empty(centres.shape[1], dtype=np.float32)
    for row in range(len(points)):
        square = 0.0
        sums[:] = 0.0
        for d in range(points.shape[1]):
            square += points[row, d] * points[row, d]
            coordinate = np.float32(points[row, d])
            for k in range(len(sums)):
                sums[k] += coordinate * centres[d, k]
        best = 0
        for k in range(1, len(sums)):
            if sums[k] > sums[best]:
                best = k
        groups[row] = best
        cosines[row] = sums[best] / np.sqrt(square) if square > 0.0 else 0.0


class Projection(NamedTuple):
    """A space on A orthonormal axes that hold the centres of groups, float32 (A, G) along them."""

    table: MemberTable
    centres: NDArray[np.float32]

    @classmethod
    def of(cls, table: MemberTable, centres: NDArray[np.float32], others: NDArray[np.float32]) -> Self:
        """Take the axes of the centres (D, G), and the leading ones of what other centres (D, C) are beside them."""
        axes = np.linalg.qr(centres.astype(np.float64))[0]
        rest = others - axes @ (axes.T @ others)
        leading = np.linalg.svd(rest, full_matrices=False)[0][:, : max(AXES - axes.shape[1], 0)]
        axes = np.hstack([axes, leading])
        used = table.used
        weights = (table.rows[:, : len(table.bias)] @ axes.astype(np.float32))[table.index[used]]
        projected = MemberTable(used, weights, np.zeros(axes.shape[1]), bits=table.bits)
        return cls(projected, np.ascontiguousarray(axes.T @ centres, dtype=np.float32))


@dataclass(frozen=True)
class Groups:
    """A space of D dimensions, and groups in it: centres float32 (D, G), each of length 1, and float64 (G,) `least`.

    `least` is the cosine to its centre that a request of the group has at least. With a `projection`, most of what is
    in no group is told by it, which changes nothing but the time.
    """

    table: MemberTable
    centres: NDArray[np.float32]
    least: NDArray[np.float64]
    projection: Projection | None = None

    @classmethod
    def learn(cls, column: pa.Array, labelled: pa.Array, labels: Sequence[str], *, seed: int = 0) -> Self:
        """Learn the space and whole clusters from distinct keys, and from annotated keys with the label of each.

        Clusters are of the first SAMPLED keys; word features are learnt from all. The same columns give the same bytes.
        Raises TrainingError if there are fewer than FEWEST_KEYS keys.
        """
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits

        if len(column) < FEWEST_KEYS:
            raise TrainingError(
                f"too little to group: POOL has {len(column):,} different requests that are not annotated, and "
                f"{FEWEST_KEYS} are needed"
            )
        sample = column[:SAMPLED_FOR_AXES]
        with threadpool_limits(1):
            used, weights = _weights(column, sample, seed)
            table = MemberTable(used, weights, np.zeros(weights.shape[1]), bits=BITS)
            whitening = _whitening(scaled(score_column(labelled, table).scores), labels)
            weights = (weights @ whitening).astype(np.float32)
            table = MemberTable(used, weights, np.zeros(weights.shape[1]), bits=BITS)
            points = scaled(score_column(sample[:SAMPLED], table).scores).astype(np.float32)
            count = max(len(points) // KEYS_PER_GROUP, FEWEST_GROUPS)
            learner = KMeans(
                count, n_init=1, max_iter=LLOYD_ITERATIONS, random_state=derived_seed(seed, "groups")
            )
            centres = scaled(learner.fit(points).cluster_centers_)
        return cls(table, np.ascontiguousarray(centres.T, dtype=np.float32), np.full(count, -np.inf))

    def cores(self, chosen: Sequence[int], least: Sequence[float]) -> Groups:
        """Choose some of the groups, with the cosine that their requests have at least."""
        centres = np.ascontiguousarray(self.centres[:, list(chosen)])
        projection = Projection.of(self.table, centres, self.centres) if chosen else None
        return Groups(self.table, centres, np.array(least, np.float64), projection)

    def points(self, column: pa.Array) -> Matrix:
        """Place keys in the space: float64 (N, D), rows of length 1, or 0 where nothing is known of a key."""
        return scaled(score_column(column, self.table).scores)

    def assign(self, column: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Find the group of each key, int32 (N,), G where it is in none, and the cosine to its centre, float64 (N,)."""
        groups, cosines = np.zeros(len(column), dtype=np.int32), np.zeros(len(column))
        if not len(self.least):
            return groups, cosines
        nearest(score_column(column, self.table).scores, self.centres, groups, cosines)
        groups[cosines < self.least[groups]] = len(self.least)
        return groups, cosines

    def find(self, column: pa.Array) -> NDArray[np.int32]:
        """Find the group of each key as `assign` does, int32 (N,)."""
        if self.projection is None:
            return self.assign(column)[0]
        groups, bounds = np.empty(len(column), dtype=np.int32), np.empty(len(column))
        projected = score_column(column, self.projection.table).scores
        nearest(projected, self.projection.centres, groups, bounds)
        least = self.least.min() - SLACK
        # A cosine below 0 may rise in the whole space.
        rows = np.flatnonzero((bounds >= least) | (least <= 0.0))
        groups[:] = len(self.least)
        groups[rows] = self.assign(column.take(pa.array(rows)))[0]
        return groups


def scaled(points: Matrix) -> Matrix:
    """Scale rows, float64 (N, D), to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.where(lengths > 0.0, lengths, 1.0))


def terms_of(key: str) -> set[str]:
    """Give the words of a key, lower-cased, and the pairs of neighbours."""
    words = lower_words(key)
    return {*words, *(f"{left} {right}" for left, right in itertools.pairwise(words))}


def telling_terms(members: Sequence[set[str]], seen: Counter[str], total: int) -> tuple[str, ...]:
    """Choose the terms that tell a group from the rest: the largest p log(p / q), p their share in it, q in all.

    A word and a phrase with it do not stand side by side.
    """
    within = Counter(term for terms in members for term in terms)
    share = {term: times / len(members) for term, times in within.items()}
    weight = {term: share[term] * float(np.log(share[term] * total / seen[term])) for term in within}
    chosen: list[str] = []
    for term in sorted(weight, key=lambda term: (-weight[term], term)):
        words = set(term.split(" "))
        if all(words.isdisjoint(other.split(" ")) for other in chosen):
            chosen.append(term)
        if len(chosen) == NAMED_BY:
            break
    return tuple(chosen)


def far_apart(points: NDArray[np.float64], count: int) -> list[int]:
    """Choose `count` rows of points (n, D): the first, then each the farthest from those before (Gonzalez 1985)."""
    chosen = [0]
    distance = np.full(len(points), np.inf)
    while len(chosen) < min(count, len(points)):
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(distance.argmax()))
    return chosen


def _weights(column: pa.Array, sample: pa.Array, seed: int) -> tuple[NDArray[np.int64], Matrix]:
    """Learn the coordinates of each n-gram before whitening: its bucket, int64 (F,), and float64 (F, D)."""
    from sklearn.utils.extmath import randomized_svd

    matrix = feature_matrix(sample, bits=BITS)
    used = compact(matrix)
    matrix.sum_duplicates()
    seen = np.bincount(matrix.indices, minlength=len(used))
    common = np.flatnonzero(seen >= FEWEST_SEEN)
    if len(common) <= 1:
        raise TrainingError("too little to group: no two requests of POOL have a word in common")
    inverse_frequency = np.log(len(sample) / seen[common])
    weighed = matrix[:, common].multiply(inverse_frequency).tocsr()
    count = min(DIMENSIONS, min(weighed.shape) - 1)
    _, _, axes = randomized_svd(
        weighed, count, n_iter=POWER_ITERATIONS, random_state=derived_seed(seed, "groups/axes")
    )
    used, matrix = used[common], matrix[:, common]
    del weighed
    halves = [axes.T]
    if is_enough(column):
        halves.append(_vectors(column, used, seed))
    weights = np.hstack(halves)
    del halves, axes
    weights *= inverse_frequency[:, np.newaxis]
    for first in range(0, weights.shape[1], count):
        half = weights[:, first : first + count]
        # Both halves are of the same length on average.
        half /= max(np.sqrt(((matrix @ half) ** 2).sum(axis=1).mean()), 1e-9)
    return used, weights


def _vectors(column: pa.Array, used: NDArray[np.int64], seed: int) -> Matrix:
    """Learn the vectors of words: float64 (F, D), zeros for n-grams of several words."""
    features = learn(column, seed=seed)
    single = feature_matrix(pa.array(features.words, pa.string()), bits=BITS)
    is_word = np.flatnonzero(np.diff(single.indptr) == 1)
    buckets = single.indices[single.indptr[is_word]]
    places = np.minimum(np.searchsorted(used, buckets), len(used) - 1)
    known = used[places] == buckets
    vectors = np.zeros((len(used), DIMENSIONS))
    width = min(DIMENSIONS, features.vectors.shape[1])
    vectors[places[known], :width] = features.vectors[is_word[known], :width]
    return vectors


def _whitening(points: Matrix, labels: Sequence[str]) -> Matrix:
    """Compute the inverse square root of the covariance within labels, float64 (D, D), of points (N, D)."""
    names, numbers, counts = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    means: Any = np.zeros((len(names), points.shape[1]))
    np.add.at(means, numbers, points)
    within = points - (means / counts[:, np.newaxis])[numbers]
    covariance = within.T @ within / len(points)
    size = len(covariance)
    spread = np.trace(covariance) / size
    if spread <= 0.0:  # one request a label
        return np.eye(size)
    values, vectors = np.linalg.eigh(WITHIN * covariance + (1 - WITHIN) * spread * np.eye(size))
    return np.asarray(vectors @ np.diag(values**-0.5) @ vectors.T)
