"""Word features learnt from a pool: what kind of word each is, from where it stands among others.

Words that stand in the same places ("joni", "prince") get the same clusters, so that a tagger that was taught one of
them knows something of the other (Miller, Guinness, Zamanian 2004; Turian, Ratinov, Bengio 2010):

1. count, for each word of the vocabulary, its neighbours at -2, -1, +1 and +2, each one of the CONTEXTS most frequent
   words, "another" or "beyond the end" (`context_counts`; the twin is `features.reference.context_counts`);
2. weigh each count by its positive pointwise mutual information, context counts to the power POWER (Levy, Goldberg,
   Dagan 2015);
3. project the rows on the leading singular vectors (Halko, Martinsson, Tropp 2011), and scale them to length 1:
   `vectors`;
4. cluster the rows by k-means at the finest grain, and the centres at each coarser one: `clusters`, which are nested.

Words are the lower-cased tokens of `corpus.spans.tokens`, punctuation and symbols among them. In scripts that are
written without spaces each character is a token, and so a word.

Counts are integers and sums run on one thread, so the same keys give the same bytes in any order, on one kind of
processor; libraries of linear algebra differ in the last bits between processors, and so may a cluster.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import pyarrow as pa

from canvass import archive
from canvass.compiled import compiled
from canvass.corpus.characters import lower
from canvass.corpus.spans import tokens
from canvass.errors import ModelFileError, TrainingError
from canvass.features.extraction import hash_column, scan_column
from canvass.features.key_sample import LONGEST
from canvass.seeding import derived_seed, mix_array

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

KIND = "word features"
VERSION = 1
BLOCK = 1 << 16  # keys that are scanned together
CONTEXTS = 500
PLACES = 4  # -2, -1, +1, +2
VOCABULARY = 1 << 15
FEWEST_SEEN = 2
POWER = 0.75
DIMENSIONS = 100
POWER_ITERATIONS = 4  # of the singular vectors
GRAINS = (32, 128, 512)
LLOYD_ITERATIONS = 20
WORDS_PER_CLUSTER = 4  # on average, at least
CENTRED = 1 << 12
WORDS_AT_ONCE = 1 << 12  # whose counts are in one dense table of 33 MB
FEWEST_WORDS = 500  # with fewer, of about 800 requests, models were hardly better, or worse
APOSTROPHES = np.array([0x27, 0xE2], dtype=np.uint8)  # first bytes of the straight and the curly one
NEXT = np.uint64(0xD6E8FEB86659FD93)  # of the second word of a pair
UNKNOWN, BEYOND = (
    -1,
    -2,
)  # the clusters of a word that is not in the vocabulary, and of what is beyond the ends


class Neighbour(NamedTuple):
    """A word near another: the cosine of their vectors, and how often it stands in the sample."""

    word: str
    cosine: float
    seen: int


@dataclass(frozen=True)
class WordFeatures:
    """What was learnt of V words: vectors of D dimensions, and a cluster at each of G grains.

    * `words`: lower-cased, the most frequent first.
    * `counts`: int64 (V,): how often each stands in the sample.
    * `vectors`: float32 (V, D), rows of length 1.
    * `clusters`: int32 (V, G), coarse to fine, numbered from 0; words of one cluster share those at all coarser grains.
    * `requests`: how many distinct keys it was learnt from.
    * `digest`: of these keys.
    """

    words: tuple[str, ...]
    counts: NDArray[np.int64]
    vectors: Matrix
    clusters: NDArray[np.int32]
    requests: int
    digest: str

    def row_of(self, word: str) -> int | None:
        """Find the row of a word, in whatever case; None if it is not in the vocabulary."""
        lowered = lower(word)
        return self.words.index(lowered) if lowered in self.words else None

    def nearest(self, word: str, count: int = 10) -> list[Neighbour]:
        """List the words whose vectors are nearest to that of a word; empty if it is not in the vocabulary."""
        row = self.row_of(word)
        if row is None:
            return []
        cosines = self.vectors @ self.vectors[row]
        order = [near for near in np.argsort(-cosines, kind="stable")[: count + 1].tolist() if near != row]
        return [
            Neighbour(self.words[near], float(cosines[near]), int(self.counts[near]))
            for near in order[:count]
        ]

    def members(self, grain: int) -> list[list[str]]:
        """List the words of each cluster at a grain, 0..G-1, the most frequent first; the largest clusters first."""
        members: dict[int, list[str]] = {}
        for word, cluster in zip(self.words, self.clusters[:, grain].tolist(), strict=True):
            members.setdefault(cluster, []).append(word)
        weight = np.bincount(self.clusters[:, grain], weights=self.counts)
        return [
            members[cluster] for cluster in sorted(members, key=lambda cluster: (-weight[cluster], cluster))
        ]

    def save(self, path: str | Path) -> None:
        """Write a file that `load` reads; same features, same bytes."""
        header = {"words": list(self.words), "requests": self.requests, "digest": self.digest}
        arrays = {"counts": self.counts, "vectors": self.vectors, "clusters": self.clusters}
        archive.save(path, KIND, VERSION, header, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that `save` wrote.

        Raises FileError or ModelFileError if it cannot be read, is damaged, or was written by another version.
        """
        header, arrays = archive.load(path, KIND, VERSION)
        try:
            return cls._of_parts(header, arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"{path} is damaged: {error}") from error

    @classmethod
    def _of_parts(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        words, counts = tuple(header["words"]), arrays["counts"]
        vectors, clusters = arrays["vectors"], arrays["clusters"]
        if not (
            all(isinstance(word, str) for word in words)
            and len(words) == len(set(words)) == len(counts) == len(vectors) == len(clusters) > 0
            and [array.dtype for array in (counts, vectors, clusters)]
            == [np.dtype(kind) for kind in ("i8", "f4", "i4")]
            and (counts.ndim, vectors.ndim, clusters.ndim) == (1, 2, 2)
            and clusters.shape[1] == len(GRAINS)
            and (counts > 0).all()
            and np.isfinite(vectors).all()
            and ((clusters >= 0) & (clusters < len(words))).all()
            and is_nested(clusters)
            and type(header["requests"]) is int
            and isinstance(header["digest"], str)
        ):
            raise ValueError("its words, vectors and clusters do not fit together")
        return cls(words, counts, vectors, clusters, header["requests"], header["digest"])

    def word2vec_text(self) -> str:
        """Write the vectors in the text format of word2vec, which spaCy's `init vectors` and gensim read."""
        lines = [f"{len(self.words)} {self.vectors.shape[1]}"]
        for word, vector in zip(self.words, self.vectors.tolist(), strict=True):
            lines.append(" ".join([word, *(f"{number:.5f}" for number in vector)]))
        return "\n".join(lines) + "\n"


def is_nested(clusters: NDArray[np.int32]) -> bool:
    """Tell whether words of one cluster, int32 (V, G), share those at all coarser grains."""
    return len(np.unique(clusters, axis=0)) == len(np.unique(clusters[:, -1]))


def is_enough(column: pa.Array) -> bool:
    """Tell whether `learn` has enough words in a column of distinct keys."""
    return _is_enough(column, _count_repeated(token_hashes(column)[1]))


def _is_enough(column: pa.Array, words: int) -> bool:
    """Tell whether a column has FEWEST_WORDS words that stand there often enough, of which `words` are tokens.

    An alphabet has fewer characters than that, so where characters are tokens two that adjoin count as a word, too.
    """
    return words >= FEWEST_WORDS or words + _count_repeated(_adjoining_pairs(column)) >= FEWEST_WORDS


def _count_repeated(hashes: NDArray[np.uint64]) -> int:
    """Count the different hashes that stand there at least FEWEST_SEEN times."""
    return int((np.unique(hashes, return_counts=True)[1] >= FEWEST_SEEN).sum())


def _adjoining_pairs(column: pa.Array) -> NDArray[np.uint64]:
    """Hash each two words of a column of keys that nothing is between, uint64 (P,); clitics are no words here."""
    pairs = [np.zeros(0, dtype=np.uint64)]
    for first in range(0, len(column), BLOCK):
        scanned = scan_column(column.slice(first, BLOCK))
        count = scanned.starts[-1]
        places, hashes = scanned.places[:count], scanned.hashes[:count]
        is_word = scanned.words[:count] & ~np.isin(scanned.lowered[places[:, 2]], APOSTROPHES)
        begins = np.zeros(count + 1, dtype=np.bool_)
        begins[scanned.starts] = True
        adjoins = is_word[:-1] & is_word[1:] & (places[:-1, 1] == places[1:, 0]) & ~begins[1:count]
        pairs.append(mix_array(hashes[:-1] ^ NEXT)[adjoins] ^ hashes[1:][adjoins])
    return np.concatenate(pairs)


def learn(column: pa.Array, *, seed: int = 0) -> WordFeatures:
    """Learn word features from a column of distinct keys, in any order.

    Raises TrainingError if fewer than FEWEST_WORDS different words, or pairs of characters that are words, stand in it
    at least FEWEST_SEEN times.
    """
    words, counts, starts, numbers = _vocabulary(column)
    if not _is_enough(column, len(words)):
        raise TrainingError(
            f"too little to learn word features from: only {len(words):,} words stand more than once in "
            f"{len(column):,} different requests of at most {LONGEST:,} bytes, and {FEWEST_WORDS} are needed"
        )
    vectors = _vectors(context_counts(starts, numbers, len(words), min(CONTEXTS, len(words))), seed)
    clusters = _clusters(vectors, seed)
    return WordFeatures(words, counts, vectors, clusters, len(column), digest_of(column))


def digest_of(column: pa.Array) -> str:
    """Give the digest of a column of distinct keys, in any order: that of what is learnt from it."""
    return hashlib.blake2b(np.sort(hash_column(column)).tobytes(), digest_size=16).hexdigest()


def token_hashes(column: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Hash the lower-cased tokens of a column of keys: the first of each key, int64 (N + 1,), and uint64 (tokens,)."""
    counts, hashes = [np.zeros(1, dtype=np.int64)], [np.zeros(0, dtype=np.uint64)]
    for first in range(0, len(column), BLOCK):
        scanned = scan_column(column.slice(first, BLOCK))
        counts.append(np.diff(scanned.starts))
        hashes.append(scanned.hashes[: scanned.starts[-1]].copy())
    return np.cumsum(np.concatenate(counts)), np.concatenate(hashes)


def _vocabulary(
    column: pa.Array,
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Choose the VOCABULARY most frequent words of a column of N keys, ties by hash.

    Returns the words, their counts int64 (V,), the first token of each key int64 (N + 1,), and int32 (tokens,): the
    number of each token's word, or UNKNOWN.
    """
    starts, hashes = token_hashes(column)
    encoded = pa.array(hashes).dictionary_encode()
    numbers, different = encoded.indices.to_numpy(), encoded.dictionary.to_numpy()
    counts = np.bincount(numbers, minlength=len(different))
    # The hashes are numbered as they appear.
    first = np.flatnonzero(np.diff(np.maximum.accumulate(numbers), prepend=np.int32(-1)))
    chosen = np.lexsort((different, -counts))[:VOCABULARY]
    chosen = chosen[counts[chosen] >= FEWEST_SEEN]
    number_of = np.full(len(different), UNKNOWN, dtype=np.int32)
    number_of[chosen] = np.arange(len(chosen), dtype=np.int32)
    rows = np.searchsorted(starts, first[chosen], side="right") - 1
    words = [""] * len(chosen)
    row = -1
    # By row: a long key, in which many words stand first, is cut once.
    for word in np.argsort(rows, kind="stable").tolist():
        if rows[word] != row:
            row = int(rows[word])
            key = column[row].as_py()
            spans = tokens(key)
        token = spans[int(first[chosen[word]] - starts[row])]
        words[word] = lower(key[token.start : token.end])
    return tuple(words), counts[chosen], starts, number_of[numbers]


@compiled
def count_contexts(
    starts: NDArray[np.int64],
    numbers: NDArray[np.int32],
    contexts: int,
    first_word: int,
    counts: NDArray[np.float32],
) -> None:
    """Add the neighbours of words to `counts`, float32 (W, PLACES, contexts + 2), of those from `first_word` on.

    `numbers` int32 (tokens,): of each token's word, below V or UNKNOWN. The last two columns count any other word,
    and what is beyond the ends of a key.
    """
    for row in range(len(starts) - 1):
        first, last = starts[row], starts[row + 1]
        for t in range(first, last):
            word = numbers[t] - first_word
            if word < 0 or word >= len(counts):
                continue
            for place in range(PLACES):
                neighbour = t + place - 2 + place // 2  # -2, -1, +1, +2
                context = contexts + 1
                if first <= neighbour < last:
                    context = numbers[neighbour]
                    if context < 0 or context >= contexts:
                        context = contexts
                counts[word, place, context] += np.float32(1.0)


def context_counts(starts: NDArray[np.int64], numbers: NDArray[np.int32], words: int, contexts: int) -> Any:
    """Count the neighbours of each word: scipy CSR, float32 (V, PLACES * (contexts + 2)), whole up to 2^24."""
    from scipy.sparse import csr_matrix, vstack

    parts = []
    for first in range(0, words, WORDS_AT_ONCE):
        counts = np.zeros((min(WORDS_AT_ONCE, words - first), PLACES, contexts + 2), dtype=np.float32)
        count_contexts(starts, numbers, contexts, first, counts)
        parts.append(csr_matrix(counts.reshape(len(counts), -1)))
    return vstack(parts, format="csr")


def _vectors(counts: Any, seed: int) -> Matrix:
    """Weigh counts, CSR float32 (V, ...), by mutual information, in place, and reduce them to (V, D)."""
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    contexts = np.asarray(counts.sum(axis=0, dtype=np.float64)).ravel() ** POWER
    words = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    rows = np.repeat(np.arange(len(words)), np.diff(counts.indptr))
    expected = words[rows] * (contexts / contexts.sum())[counts.indices]
    counts.data[:] = np.log(np.maximum(counts.data / expected, 1.0))
    with threadpool_limits(1):
        left, values, _ = randomized_svd(
            counts,
            min(DIMENSIONS, min(counts.shape) - 1),
            n_iter=POWER_ITERATIONS,
            random_state=derived_seed(seed, "word features/vectors"),
        )
    projected = left * values
    lengths = np.linalg.norm(projected, axis=1, keepdims=True)
    return np.ascontiguousarray(projected / np.maximum(lengths, 1e-9), dtype=np.float32)


def _clusters(vectors: Matrix, seed: int) -> NDArray[np.int32]:
    """Cluster vectors by k-means at the finest grain, and its centres at each coarser one: int32 (V, G).

    Centres are those of the CENTRED most frequent words; any other word has the nearest.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    columns: list[NDArray[np.int64]] = []
    points, weights = vectors[:CENTRED], None
    numbers = np.zeros(0, dtype=np.int64)
    for grain in reversed(GRAINS):
        learner = KMeans(
            max(min(grain, len(points) // WORDS_PER_CLUSTER), 1),
            n_init=1,
            max_iter=LLOYD_ITERATIONS,
            random_state=derived_seed(seed, f"word features/{grain}"),
        )
        with threadpool_limits(1), warnings.catch_warnings():
            # Words that stand in the same places are one point, and there may be fewer points than clusters.
            warnings.simplefilter("ignore", ConvergenceWarning)
            clusters = learner.fit_predict(points, sample_weight=weights)
            numbers = clusters[numbers] if columns else learner.predict(vectors)
        columns.append(numbers)
        points = learner.cluster_centers_
        # Of centres that are one point, the first is the nearest, and the others have no word.
        weights = np.bincount(numbers, minlength=len(points)).astype(np.float32)
    return np.stack(columns[::-1], axis=1).astype(np.int32)
