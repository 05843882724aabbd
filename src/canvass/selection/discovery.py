"""What a labelled set lacks of a pool: groups of requests that its labels do not cover, and labels with few examples.

The pool is read twice. The first pass draws a bounded sample by hash of the key, from which groups are learnt
(`selection.groups`); the second counts the traffic of every group and of every label as predicted. Counts are whole
numbers, so that order, threads and blocks change nothing.

A label is an intent, or a domain where a request has none. A request is *lost* where the intent classifier gives
its likeliest label less than SURE. Groups come in the order of

    mean(1 - p) / (1 + LABELLED_WEIGHT r) * log(1 + n)

where p is the probability of the likeliest label, the mean is over the group's n sampled requests, and r is the group's
share of the labelled set by its share of the sample.
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
from canvass.processors import map_in_order
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.groups import SAMPLED, Groups
from canvass.selection.variety import folded, thin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from canvass.corpus.formats.records import Block
    from canvass.corpus.pool import Pool
    from canvass.types import Utterance

SURE = 0.5
LABELLED_WEIGHT = 3.0
FEWEST_FOLDED = 5  # different requests of a group, up to punctuation at the rims
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
        The sampled keys, nearest to the centre first.
    near_copies
        How many of these are another one but for punctuation at the rims.
    labelled
        Annotated requests that belong to the group.
    nearest_label, label_share
        The label that is predicted most often in the sample, and how often.
    score
        By which groups are ordered, see above.
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


class _Traffic(NamedTuple):
    """Sums of counts, int64: of each group (G,), of its lost requests (G,), each label (K,), and annotated rows ()."""

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
    return IntentClassifier().fit(pa.array(sorted(annotated), pa.string()), labels)


def likeliest_labels(classifier: IntentClassifier, column: pa.Array) -> NDArray[np.int32]:
    """Predict the label of each key, int32 (N,); K where it is lost."""
    found = classifier.predict(column)
    return np.where(np.exp(found.log_probability) < SURE, len(classifier.names), found.intents)


def discover(
    labelled: Sequence[Utterance],
    pool: Pool,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Discovery:
    """Find what a labelled set lacks of a pool.

    `progress` is called with the rows and bytes of each block, in both passes.

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
    classifier = label_classifier(labelled)
    known, labels = pa.array(sorted(annotated), pa.string()), [annotated[key] for key in sorted(annotated)]
    excluded = ExcludedKeys(annotated)
    column = KeySample.of_pool(pool, threads=threads, progress=progress).keys()
    column = column.filter(pa.array(~excluded.mask(column, hash_column(column))))
    groups = Groups.learn(column, known, labels, seed=seed)
    traffic = _count(
        pool, groups=groups, classifier=classifier, excluded=excluded, threads=threads, progress=progress
    )
    return _describe(
        column[:SAMPLED], known=known, labels=labels, groups=groups, classifier=classifier, traffic=traffic
    )


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
    group_count, label_count = groups.centres.shape[1], len(classifier.names)

    def count_block(block: Block) -> _Traffic:
        column = keys(block.batch.column("text"))
        counts = block.batch.column("count").to_numpy()
        is_labelled = excluded.mask(column, hash_column(column))
        is_blank = pc.equal(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
        rest = np.flatnonzero(~(is_labelled | is_blank))
        column = column.take(pa.array(rest))
        counts_of_rest = counts[rest]
        group_of, _ = groups.assign(column)
        labels = likeliest_labels(classifier, column)
        lost = labels == label_count
        return _Traffic(
            _sums(group_of, counts_of_rest, group_count),
            _sums(group_of, counts_of_rest * lost, group_count),
            _sums(labels, counts_of_rest, label_count + 1)[:-1],
            counts[is_labelled].sum(),
        )

    total = _Traffic(*(np.zeros(size, np.int64) for size in (group_count, group_count, label_count, ())))
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
    groups: Groups,
    classifier: IntentClassifier,
    traffic: _Traffic,
) -> Discovery:
    """Order, name and illustrate the groups."""
    texts = sample.to_pylist()
    group_of, cosines = groups.assign(sample)
    points = groups.points(sample)
    found = classifier.predict(sample)
    unsure = 1 - np.exp(found.log_probability)
    size = len(traffic.groups)
    sampled = np.bincount(group_of, minlength=size)
    in_labelled = np.bincount(groups.assign(known)[0], minlength=size)
    rate = (in_labelled / len(known)) / np.maximum(sampled / len(sample), 1 / len(sample))
    mean = np.bincount(group_of, unsure, minlength=size) / np.maximum(sampled, 1)
    scores = mean / (1 + LABELLED_WEIGHT * rate) * np.log1p(sampled)
    terms = [_terms(text) for text in texts]
    seen = Counter(term for some in terms for term in some)
    described: list[Group] = []
    places = np.full(size, -1, dtype=np.int32)
    for group in np.lexsort((np.arange(size), -scores)).tolist():
        rows = np.flatnonzero(group_of == group)
        rows = rows[np.lexsort((rows, -cosines[rows]))]
        members = [texts[row] for row in rows]
        different = len({folded(text).casefold() for text in members})
        if different < FEWEST_FOLDED:
            continue
        label, times = Counter(found.intents[rows].tolist()).most_common(1)[0]
        places[group] = len(described)
        described.append(
            Group(
                _name([terms[row] for row in rows], seen, len(texts)),
                int(traffic.groups[group]),
                int(traffic.lost[group]),
                tuple(members),
                len(members) - different,
                int(in_labelled[group]),
                classifier.names[label],
                times / len(rows),
                float(scores[group]),
                tuple(members[place] for place in thin(members, EXAMPLES).places),
                tuple(members[place] for place in _far_apart(points[rows])),
            )
        )
    centred = points - points.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]
    shown = centred[:MAPPED] @ axes
    return Discovery(
        tuple(described),
        _scarce(classifier.names, Counter(labels), traffic.labels),
        int(traffic.groups.sum()) + int(traffic.labelled),
        int(traffic.lost.sum()),
        int(traffic.labelled),
        shown.astype(np.float32),
        places[group_of[:MAPPED]],
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
