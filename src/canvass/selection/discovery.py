"""What a labelled set lacks of a pool: groups of requests that its labels do not cover, and labels with few examples.

The pool is read twice. The first pass draws a bounded sample by hash of the key, from which groups are learnt
(`selection.clustering`) and the first of them chosen; the second counts the traffic of these and of every label as
predicted. Counts are whole numbers, so that order, threads and blocks change nothing.

Labels, and what is lost: see `selection.predicted_labels`. Groups are chosen one after the other, each time that of
the largest

    mean(1 - p) / (1 + LABELLED_WEIGHT r) * log(1 + n) * c^2 * (1 - s)

where p is the probability of the likeliest label, the mean is over the cluster's n sampled requests, r is the cluster's
share of the labelled set by its share of the sample, c the mean cosine to its centre, and s the largest cosine to the
centre of a group chosen before (maximal marginal relevance; Carbonell, Goldstein 1998), at least 0.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from canvass.corpus.formats.format import Block
from canvass.corpus.normalise import key_of, keys
from canvass.corpus.pool import Pool
from canvass.errors import InputError, OptionError
from canvass.features.extraction import hash_column
from canvass.features.key_sample import KeySample
from canvass.files import STANDARD_STREAM
from canvass.models.intents import IntentClassifier
from canvass.processors import map_in_order, thread_pool
from canvass.selection.clustering import SAMPLED, Groups, far_apart, telling_terms, terms_of
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.growth import ByDay, Halves, days_of, halves, has_days, joined, sums_by_day
from canvass.selection.predicted_labels import label_classifier, labels_by_key, likeliest_labels
from canvass.selection.variety import folded, thin
from canvass.types import Utterance

LABELLED_WEIGHT = 3.0
SHOWN = 20  # groups
REFUSED = 0.25  # refused requests by sampled ones, from which on a cluster is refused; its core is half of it
SAMPLE = 8 << 20  # bytes of the keys that the space is learnt from
FEWEST_FOLDED = 5  # different requests of a cluster, up to punctuation at the rims
BLOCK = 1 << 11  # requests that a thread scores together: 4 MB of decisions where there are 223 labels
EXAMPLES = 6
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
    place in `groups` or -1. `halves` are those of the traffic of groups and of the rest, without what is annotated, or
    None where requests have no days.
    """

    groups: tuple[Group, ...]
    scarce: tuple[Requests, ...]
    requests: int
    lost: int
    labelled: int
    points: NDArray[np.float32]
    group_of: NDArray[np.int32]
    halves: Halves | None

    def growth(self, place: int) -> float | None:
        """Compare the share of the group at a place in the newer half with its share in the older one, as a ratio.

        It is infinite where the older half has none; None where requests have no days, or neither half has the group.
        """
        if self.halves is None:
            return None
        older, newer = self.halves.older, self.halves.newer
        if not older[place]:
            return math.inf if newer[place] else None
        return float(newer[place] / newer.sum() * older.sum() / older[place])


class _Traffic(NamedTuple):
    """Sums of counts, int64: of groups and the rest (G + 1,), of the lost of each, of labels and the lost (K + 1,).

    `labelled` is that of rows that are annotated, (); `days` has the sums of groups and the rest of each day.
    """

    groups: NDArray[np.int64]
    lost: NDArray[np.int64]
    labels: NDArray[np.int64]
    labelled: NDArray[np.int64]
    days: ByDay

    def plus(self, other: _Traffic) -> _Traffic:
        """Add other rows."""
        sums = [left + right for left, right in zip(self[:4], other[:4], strict=True)]
        return _Traffic._make([*sums, joined(self.days, other.days)])


def discover(
    labelled: Sequence[Utterance],
    pool: Pool,
    *,
    shown: int = SHOWN,
    refused: Sequence[str] = (),
    date: str | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Discovery:
    """Find what a labelled set lacks of a pool: `shown` groups, or as many as there are.

    Groups of `refused` texts are not shown, and what is like them comes later. `date` names the column of days (see
    `growth.days_of`); without it, days are those in the names of the files, if all have one. `progress` is called with
    the rows and bytes of each block, in both passes. Raises OptionError if the pool is standard input, which cannot be
    read twice; TrainingError if fewer than two labels are annotated, or the pool has too few different requests;
    InputError or FileError if the pool cannot be read, is empty, or has no days in the column `date`.
    """
    if STANDARD_STREAM in pool.files:
        raise OptionError(
            "POOL is read twice, which standard input (-) cannot be; write it to a file, and name that"
        )
    annotated = labels_by_key(labelled)
    known, labels = pa.array(sorted(annotated), pa.string()), [annotated[key] for key in sorted(annotated)]
    excluded = ExcludedKeys(annotated)

    column = KeySample.of_pool(pool, limit=SAMPLE, threads=threads, progress=progress).keys()
    column = column.filter(pa.array(~excluded.mask(column, hash_column(column))))
    pa.default_memory_pool().release_unused()  # 100 MB of blocks, which learning can use
    with thread_pool(1) as executor:
        training = executor.submit(label_classifier, labelled)
        if threads == 1:
            training.result()
        clusters = Groups.learn(column, known, labels, seed=seed)
        classifier = training.result()
    sample = column[:SAMPLED]
    groups, scores = _choose(
        sample,
        known=known,
        refused=pa.array(sorted(set(map(key_of, refused))), pa.string()),
        clusters=clusters,
        classifier=classifier,
        shown=shown,
    )
    traffic = _count(
        pool,
        groups=groups,
        classifier=classifier,
        excluded=excluded,
        date=date,
        threads=threads,
        progress=progress,
    )
    return _describe(
        sample,
        known=known,
        labels=labels,
        groups=groups,
        scores=scores,
        classifier=classifier,
        traffic=traffic,
    )


def _choose(
    sample: pa.Array,
    *,
    known: pa.Array,
    refused: pa.Array,
    clusters: Groups,
    classifier: IntentClassifier,
    shown: int,
) -> tuple[Groups, list[float]]:
    """Choose the cores of clusters that are least covered, tight, and unlike each other and what is refused.

    Returns them, and what each was chosen by, see above.
    """
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
    return clusters.cores(chosen, least), worth


def _count(
    pool: Pool,
    *,
    groups: Groups,
    classifier: IntentClassifier,
    excluded: ExcludedKeys,
    date: str | None,
    threads: int | None,
    progress: Callable[[int, int], None] | None,
) -> _Traffic:
    """Read the pool, and sum up the counts of its groups and labels."""
    in_groups, in_labels = len(groups.least) + 1, len(classifier.names) + 1
    none = np.zeros(in_groups, np.int64)
    nothing = _Traffic(none, none, np.zeros(in_labels, np.int64), np.zeros((), np.int64), {})
    is_dated = date is not None or has_days(pool.files)

    def count_block(block: Block) -> _Traffic:
        total = nothing
        days = days_of(block, date) if is_dated else None
        for first in range(0, len(block.batch), BLOCK):
            batch = block.batch.slice(first, BLOCK)
            column = keys(batch.column("text"))
            counts = batch.column("count").to_numpy()
            is_labelled = excluded.mask(column, hash_column(column))
            is_blank = pc.equal(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
            rest = np.flatnonzero(~(is_labelled | is_blank))
            rows = pa.array(rest)
            column, counts_of_rest = column.take(rows), counts[rest]
            group_of = groups.find(column)
            labels, is_lost = likeliest_labels(classifier, column)
            labels[is_lost] = len(classifier.names)
            lost = counts_of_rest * is_lost
            by_day = {}
            if days is not None:
                by_day = sums_by_day(days.slice(first, BLOCK).take(rows), group_of, counts_of_rest, in_groups)
            total = total.plus(
                _Traffic(
                    _sums(group_of, counts_of_rest, in_groups),
                    _sums(group_of, lost, in_groups),
                    _sums(labels, counts_of_rest, in_labels),
                    counts[is_labelled].sum(),
                    by_day,
                )
            )
        return total

    total = nothing
    for block, counted in map_in_order(count_block, pool.blocks(), threads=threads):
        total = total.plus(counted)
        if progress is not None:
            progress(len(block.batch), block.consumed)
    if date is not None and not total.days:
        raise InputError(f"--date {date}: no request of POOL has a value in this column; name one of dates")
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
    scores: Sequence[float],
    classifier: IntentClassifier,
    traffic: _Traffic,
) -> Discovery:
    """Name and illustrate the groups."""
    texts = sample.to_pylist()
    group_of, cosines = groups.assign(sample)
    points = groups.points(sample)
    nearest_labels = classifier.predict(sample).intents
    in_labelled = np.bincount(groups.assign(known)[0], minlength=len(groups.least) + 1)
    terms = [terms_of(text) for text in texts]
    seen = Counter(term for some in terms for term in some)
    described: list[Group] = []
    for group, score in enumerate(scores):
        rows = np.flatnonzero(group_of == group)
        rows = rows[np.lexsort((rows, -cosines[rows]))]
        members = [texts[row] for row in rows]
        label, times = Counter(nearest_labels[rows].tolist()).most_common(1)[0]
        described.append(
            Group(
                telling_terms([terms[row] for row in rows], seen, len(texts)),
                int(traffic.groups[group]),
                int(traffic.lost[group]),
                tuple(members),
                len(members) - len({folded(text).casefold() for text in members}),
                int(in_labelled[group]),
                classifier.names[label],
                times / len(rows),
                score,
                tuple(members[place] for place in thin(members, EXAMPLES).places),
                tuple(members[place] for place in far_apart(points[rows], EXAMPLES)),
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
        halves(traffic.days),
    )


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
