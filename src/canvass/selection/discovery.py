"""What a labelled set lacks of a pool: groups of requests that its labels do not cover, and labels with few examples.

The pool is read twice. The first pass draws a bounded sample by hash of the key, from which groups are learnt
(`selection.groups`) and the first of them chosen; the second counts the traffic of these and of every label as
predicted. Counts are whole numbers, so that order, threads and blocks change nothing.

A label is an intent, or a domain where a request has none. A request is *lost* where the intent classifier gives
its likeliest label less than SURE. Groups are chosen one after the other, each time the one of the largest

    mean(1 - p) / (1 + LABELLED_WEIGHT r) * log(1 + n) * c^2 * (1 - s)

where p is the probability of the likeliest label, the mean is over the cluster's n sampled requests, r is the cluster's
share of the labelled set by its share of the sample, c the mean cosine to its centre, and s the largest cosine to the
centre of a group chosen before (maximal marginal relevance; Carbonell, Goldstein 1998), at least 0.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from canvass.corpus.normalise import key_of, keys
from canvass.corpus.spans import tokens
from canvass.errors import OptionError, TrainingError
from canvass.features.extraction import hash_column
from canvass.features.key_sample import KeySample
from canvass.files import STANDARD_STREAM
from canvass.models.intents import IntentClassifier
from canvass.processors import map_in_order, thread_pool
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.groups import SAMPLED, Groups
from canvass.selection.variety import folded, thin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from canvass.corpus.formats.format import Block
    from canvass.corpus.pool import Pool
    from canvass.types import Utterance

SURE = 0.5
LABELLED_WEIGHT = 3.0
SHOWN = 20  # groups
REFUSED = 0.25  # refused requests by sampled ones, from which on a cluster is refused; its core is half of it
SAMPLE = 8 << 20  # bytes of the keys that the space is learnt from
FEWEST_FOLDED = 5  # different requests of a cluster, up to punctuation at the rims
BLOCK = 1 << 13  # requests that a thread scores together
EXAMPLES = 6
NAMED_BY = 3  # words and phrases
PLENTY = 3.0  # times the labelled share that the share of the pool is
MAPPED = 2000  # requests on the map


class Requests(NamedTuple):
    """Numbers of requests: with a label as predicted, and in all."""

    label: str
    labelled: int
    requests: int


@dataclass(frozen=True)
class Group:
    """A group of requests, with what tells it from the rest.

    Attributes
    ----------
    name
        Its telling words and phrases.
    requests, lost
        Traffic: the sum of the counts of all requests, and of those that are lost.
    sampled
        The sampled keys of the group, nearest to the centre first.
    near_copies
        How many of these are another one but for punctuation at the rims.
    labelled
        Annotated requests that belong to the group.
    nearest_label, label_share
        The label that is predicted most often in the sample, and how often.
    score
        What it was chosen by, see above.
    typical, various
        Keys: nearest to the centre, near copies folded; and far from each other.

    """

    name: tuple[str, ...]
    requests: int
    lost: int
    sampled: tuple[str, ...]
    near_copies: int
    labelled: int
    nearest_label: str
    label_share: float
    score: float
    typical: tuple[str, ...]
    various: tuple[str, ...]


@dataclass(frozen=True)
class Discovery:
    """The groups, the most wanted first, and the labels of which the pool has plenty and the labelled set little.

    `requests`, `lost` and `labelled` are traffic: of the pool, of its lost requests, and of annotated requests.
    `points` float32 (P, 2) and `group_of` int32 (P,) are a map of the sample: its leading principal components, and the
    place in `groups` or -1.
    """

    groups: tuple[Group, ...]
    scarce: tuple[Requests, ...]
    requests: int
    lost: int
    labelled: int
    points: NDArray[np.float32]
    group_of: NDArray[np.int32]


class _Chosen(NamedTuple):
    """The groups that are shown, and what each was chosen by, see above."""

    groups: Groups
    scores: list[float]


class _Traffic(NamedTuple):
    """Sums of counts, int64: of groups and the rest (G + 1,), of the lost of each, of labels and the lost (K + 1,).

    `labelled` is that of rows that are annotated, ().
    """

    groups: NDArray[np.int64]
    lost: NDArray[np.int64]
    labels: NDArray[np.int64]
    labelled: NDArray[np.int64]

    def plus(self, other: _Traffic) -> _Traffic:
        """Add other rows."""
        return _Traffic(
            self.groups + other.groups,
            self.lost + other.lost,
            self.labels + other.labels,
            self.labelled + other.labelled,
        )


def label_of(utterance: Utterance) -> str | None:
    """Give what an annotated request is for: its intent, or else its domain."""
    return utterance.intent or utterance.domain


def _labels_by_key(labelled: Sequence[Utterance]) -> dict[str, str]:
    return {key_of(utterance.text): label for utterance in labelled if (label := label_of(utterance))}


def label_classifier(labelled: Sequence[Utterance]) -> IntentClassifier:
    """Train the classifier of labels (see `label_of`); raises TrainingError where there are fewer than two."""
    annotated = _labels_by_key(labelled)
    labels = [annotated[key] for key in sorted(annotated)]
    if len(set(labels)) < 2:  # noqa: PLR2004 - what one label does not claim cannot be told
        raise TrainingError(
            f"LABELLED has {len(set(labels))} intents or domains; at least two are needed to tell what is lost"
        )
    return IntentClassifier(dtype=np.float32).fit(pa.array(sorted(annotated), pa.string()), labels)


def likeliest_labels(classifier: IntentClassifier, column: pa.Array) -> NDArray[np.int32]:
    """Predict the label of each key, int32 (N,); K where it is lost."""
    found = classifier.predict(column)
    return np.where(np.exp(found.log_probability) < SURE, len(classifier.names), found.intents)


def discover(
    labelled: Sequence[Utterance],
    pool: Pool,
    *,
    shown: int = SHOWN,
    refused: Sequence[str] = (),
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Discovery:
    """Find what a labelled set lacks of a pool: `shown` groups, or as many as there are.

    Groups of `refused` texts are not shown, and what is like them comes later. `progress` is called with the rows and
    bytes of each block, in both passes.

    Raises
    ------
    OptionError
        If the pool is standard input, which cannot be read twice.
    TrainingError
        If fewer than two labels are annotated, or the pool has too few different requests.
    InputError, FileError
        If the pool cannot be read, or is empty.

    """
    if STANDARD_STREAM in pool.files:
        raise OptionError(
            "POOL is read twice, which standard input (-) cannot be; write it to a file, and name that"
        )
    annotated = _labels_by_key(labelled)
    known, labels = pa.array(sorted(annotated), pa.string()), [annotated[key] for key in sorted(annotated)]
    excluded = ExcludedKeys(annotated)

    def learn() -> tuple[pa.Array, Groups]:
        column = KeySample.of_pool(pool, limit=SAMPLE, threads=threads, progress=progress).keys()
        column = column.filter(pa.array(~excluded.mask(column, hash_column(column))))
        return column[:SAMPLED], Groups.learn(column, known, labels, seed=seed)

    with thread_pool(1) as executor:
        training = executor.submit(label_classifier, labelled)
        if threads == 1:
            training.result()
        sample, clusters = learn()
        classifier = training.result()
    chosen = _choose(
        sample,
        known=known,
        refused=pa.array(sorted(set(map(key_of, refused))), pa.string()),
        clusters=clusters,
        classifier=classifier,
        shown=shown,
    )
    traffic = _count(
        pool,
        groups=chosen.groups,
        classifier=classifier,
        excluded=excluded,
        threads=threads,
        progress=progress,
    )
    return _describe(
        sample, known=known, labels=labels, chosen=chosen, classifier=classifier, traffic=traffic
    )


def _choose(
    sample: pa.Array,
    *,
    known: pa.Array,
    refused: pa.Array,
    clusters: Groups,
    classifier: IntentClassifier,
    shown: int,
) -> _Chosen:
    """Choose the cores of clusters that are least covered, tight, and unlike each other and what is refused."""
    cluster_of, cosines = clusters.assign(sample)
    size = len(clusters.least)
    sampled = np.maximum(np.bincount(cluster_of, minlength=size), 1)
    unsure = -np.expm1(classifier.predict(sample).log_probability)
    rate = np.bincount(clusters.assign(known)[0], minlength=size) / len(known) / (sampled / len(sample))
    scores = np.bincount(cluster_of, unsure, minlength=size) / sampled / (1 + LABELLED_WEIGHT * rate)
    scores *= np.log1p(sampled) * (np.bincount(cluster_of, cosines, minlength=size) / sampled) ** 2
    different: list[set[str]] = [set() for _ in range(size)]
    for cluster, text in zip(cluster_of.tolist(), sample.to_pylist(), strict=True):
        different[cluster].add(folded(text).casefold())
    scores[[len(texts) < FEWEST_FOLDED for texts in different]] = 0.0
    is_refused = np.bincount(clusters.assign(refused)[0], minlength=size) >= REFUSED * sampled
    scores[is_refused] = 0.0
    similarity = (clusters.centres.T @ clusters.centres[:, is_refused]).max(axis=1, initial=0.0).clip(max=1.0)
    chosen: list[int] = []
    worth: list[float] = []
    while len(chosen) < shown:
        left = scores * (1 - similarity)
        best = int(left.argmax())
        if left[best] <= 0.0:
            break
        chosen.append(best)
        worth.append(float(left[best]))
        similarity = np.maximum(similarity, clusters.centres.T @ clusters.centres[:, best]).clip(max=1.0)
        scores[best] = 0.0
    least = [float(np.median(cosines[cluster_of == cluster])) for cluster in chosen]
    return _Chosen(clusters.cores(chosen, least), worth)


def _count(
    pool: Pool,
    *,
    groups: Groups,
    classifier: IntentClassifier,
    excluded: ExcludedKeys,
    threads: int | None,
    progress: Callable[[int, int], None] | None,
) -> _Traffic:
    """Read the pool, and sum up the counts of its groups and labels."""
    sizes = (len(groups.least) + 1, len(groups.least) + 1, len(classifier.names) + 1, ())
    nothing = _Traffic(*(np.zeros(size, np.int64) for size in sizes))

    def count_block(block: Block) -> _Traffic:
        total = nothing
        for first in range(0, len(block.batch), BLOCK):
            batch = block.batch.slice(first, BLOCK)
            column = keys(batch.column("text"))
            counts = batch.column("count").to_numpy()
            is_labelled = excluded.mask(column, hash_column(column))
            is_blank = pc.equal(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
            rest = np.flatnonzero(~(is_labelled | is_blank))
            column, counts_of_rest = column.take(pa.array(rest)), counts[rest]
            group_of, _ = groups.assign(column)
            labels = likeliest_labels(classifier, column)
            lost = counts_of_rest * (labels == len(classifier.names))
            total = total.plus(
                _Traffic(
                    _sums(group_of, counts_of_rest, sizes[0]),
                    _sums(group_of, lost, sizes[1]),
                    _sums(labels, counts_of_rest, sizes[2]),
                    counts[is_labelled].sum(),
                )
            )
        return total

    total = nothing
    for block, counted in map_in_order(count_block, pool.blocks(), threads=threads):
        total = total.plus(counted)
        if progress is not None:
            progress(len(block.batch), block.consumed)
    return total


def _sums(numbers: NDArray[np.int32], counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Add up the counts, int64 (N,), of each number, int32 (N,) below `size`: int64 (size,)."""
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, numbers, counts)
    return sums


def _describe(
    sample: pa.Array,
    *,
    known: pa.Array,
    labels: Sequence[str],
    chosen: _Chosen,
    classifier: IntentClassifier,
    traffic: _Traffic,
) -> Discovery:
    """Name and illustrate the groups."""
    groups = chosen.groups
    texts = sample.to_pylist()
    group_of, cosines = groups.assign(sample)
    points = groups.points(sample)
    nearest_labels = classifier.predict(sample).intents
    in_labelled = np.bincount(groups.assign(known)[0], minlength=len(groups.least) + 1)
    terms = [_terms(text) for text in texts]
    seen = Counter(term for some in terms for term in some)
    described: list[Group] = []
    for group, score in enumerate(chosen.scores):
        rows = np.flatnonzero(group_of == group)
        rows = rows[np.lexsort((rows, -cosines[rows]))]
        members = [texts[row] for row in rows]
        label, times = Counter(nearest_labels[rows].tolist()).most_common(1)[0]
        described.append(
            Group(
                _name([terms[row] for row in rows], seen, len(texts)),
                int(traffic.groups[group]),
                int(traffic.lost[group]),
                tuple(members),
                len(members) - len({folded(text).casefold() for text in members}),
                int(in_labelled[group]),
                classifier.names[label],
                times / len(rows),
                score,
                tuple(members[place] for place in thin(members, EXAMPLES).places),
                tuple(members[place] for place in _far_apart(points[rows])),
            )
        )
    centred = points - points.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]
    shown = centred[:MAPPED] @ axes
    places = np.where(group_of < len(described), group_of, -1).astype(np.int32)
    return Discovery(
        tuple(described),
        _scarce(classifier.names, Counter(labels), traffic.labels[:-1]),
        int(traffic.labels.sum()) + int(traffic.labelled),
        int(traffic.labels[-1]),
        int(traffic.labelled),
        shown.astype(np.float32),
        places[:MAPPED],
    )


def _terms(key: str) -> set[str]:
    """Give the words of a key, lower-cased, and the pairs of neighbours."""
    words = [key[token.start : token.end].lower() for token in tokens(key) if token.is_word]
    return {*words, *(f"{left} {right}" for left, right in itertools.pairwise(words))}


def _name(members: Sequence[set[str]], seen: Counter[str], total: int) -> tuple[str, ...]:
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


def _far_apart(points: NDArray[np.float64]) -> list[int]:
    """Choose EXAMPLES rows of points (n, D): the first, then each the farthest from those before (Gonzalez 1985)."""
    chosen = [0]
    distance = np.full(len(points), np.inf)
    while len(chosen) < min(EXAMPLES, len(points)):
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(distance.argmax()))
    return chosen


def _scarce(names: Sequence[str], labelled: Counter[str], traffic: NDArray[np.int64]) -> tuple[Requests, ...]:
    """Find labels whose share of the claimed traffic is PLENTY times that of the labelled set, or more."""
    total = max(int(traffic.sum()), 1)
    ratio = {
        name: (requests / total) / (labelled[name] / labelled.total())
        for name, requests in zip(names, traffic.tolist(), strict=True)
    }
    return tuple(
        Requests(name, labelled[name], int(traffic[names.index(name)]))
        for name in sorted(names, key=lambda name: (-ratio[name], name))
        if ratio[name] >= PLENTY
    )
