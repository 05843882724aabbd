"""A watch on traffic: whether a window of new requests is like a reference window, and what in it is new.

Counted are the requests of each label as predicted, those that are *lost* (see `canvass.selection.predicted_labels`),
those with each word, by a hash of 14 bits, and those of each group. For a category with a requests of n in the window
and b of m in the reference, given a + b,

    a ~ Binomial(a + b, n / (n + m))

if nothing changed: exact for independent Poisson counts (Przyborowski, Wilenski 1940), and with fewer false alarms than
that for shares. The rarer of having and not having the category is counted. Two-sided p values are multiplied by the
number of categories that were seen (Bonferroni). Labels have half of the bound ALARM, words and groups a quarter each,
and that of labels and words is halved between the latest window and the latest RECENT windows taken together, which see
a slow drift. So a quiet window raises an alarm with a probability of ALARM at most. Lost requests count for their
likeliest label, too: it is right more often than it is sure, and a share that drifts shows earlier.

Groups are the clusters of `canvass.selection.clustering`, learnt anew from what reference and window ask for, so that
a new one can form. Half of the keys, by hash, tell what the groups are, and the requests of the other half are
compared: groups that were fitted to what they are tested on would differ by that alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from canvass.corpus.formats.format import Block
from canvass.corpus.normalise import keys
from canvass.errors import InputError, TrainingError
from canvass.features.extraction import hash_column, word_hashes
from canvass.features.key_sample import KeySample, draws_of
from canvass.models.intents import IntentClassifier
from canvass.seeding import salt, uniforms
from canvass.selection.clustering import SAMPLED, Groups, telling_terms, terms_of
from canvass.selection.predicted_labels import labels_by_key, likeliest_labels
from canvass.types import Utterance

ALARM = 0.01
RECENT = 5
WORD_BITS = 14
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth 1973)
EXAMPLES = 3
LOST = ""  # the label of requests that are lost
SAMPLE = 1 << 20  # bytes of keys in which examples are looked for, and from which groups are learnt
SPLIT = salt(0, "watch")
BOUNDS = {"label": ALARM / 2, "word": ALARM / 4, "group": ALARM / 4}


@dataclass(frozen=True)
class Counts:
    """Traffic: `requests` in all, of each likeliest label and lost int64 (K + 1,), with each word int64 (2^14,)."""

    requests: int
    labels: NDArray[np.int64]
    words: NDArray[np.int64]

    @classmethod
    def none(cls, labels: int) -> Self:
        """Count nothing."""
        return cls(0, np.zeros(labels + 1, np.int64), np.zeros(1 << WORD_BITS, np.int64))

    def plus(self, other: Counts) -> Counts:
        """Add other requests."""
        return Counts(self.requests + other.requests, self.labels + other.labels, self.words + other.words)

    def as_dict(self) -> dict[str, Any]:
        """Convert to what JSON can hold; words sparse."""
        seen = np.flatnonzero(self.words)
        words = [seen.tolist(), self.words[seen].tolist()]
        return {"requests": self.requests, "labels": self.labels.tolist(), "words": words}

    @classmethod
    def from_dict(cls, record: dict[str, Any], labels: int) -> Self:
        """Read what `as_dict` wrote; anything else raises InputError, or what Python raises for a wrong value."""
        counts = cls(int(record["requests"]), np.array(record["labels"], np.int64), cls.none(labels).words)
        places, numbers = record["words"]
        counts.words[np.array(places, np.int64)] = numbers
        if len(counts.labels) != labels + 1 or counts.requests < 0:
            raise InputError("its counts do not fit together")
        return counts


@dataclass(frozen=True)
class Sampled:
    """Sampled keys, string (N,) in the order of their draws, which are below `bound`; `requests` int64 (N,) of each."""

    keys: pa.Array
    requests: NDArray[np.int64]
    bound: float

    @classmethod
    def of(cls, sample: KeySample, blocks: Iterable[Block]) -> Self:
        """Count the requests of sampled keys in the blocks that they are a sample of."""
        column, bound = sample.to_parts()
        requests = np.zeros(len(column) + 1, np.int64)
        for block in blocks:
            places = pc.index_in(keys(block.batch.column("text")), value_set=column)
            np.add.at(
                requests,
                pc.fill_null(places, len(column)).to_numpy(),
                block.batch.column("count").to_numpy(),
            )
        return cls(column, requests[:-1], min(bound, 1.0))

    def below(self, bound: float) -> Sampled:
        """Leave out keys of a larger draw."""
        kept = int(np.searchsorted(draws_of(self.keys), bound))
        return Sampled(self.keys[:kept], self.requests[:kept], bound)

    def as_dict(self) -> dict[str, Any]:
        """Convert to what JSON can hold."""
        return {"keys": self.keys.to_pylist(), "requests": self.requests.tolist(), "bound": self.bound}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Self:
        """Read what `as_dict` wrote; anything else raises InputError, or what Python or Arrow raise."""
        column = pa.array(record["keys"], pa.string())
        sampled = cls(column, np.array(record["requests"], np.int64), float(record["bound"]))
        if column.null_count or sampled.requests.shape != (len(column),):
            raise InputError("its sample does not fit together")
        return sampled


class Change(NamedTuple):
    """A category whose share differs: `before` and `now` are shares, `p` is corrected, `examples` are keys."""

    kind: str
    name: str
    before: float
    now: float
    p: float
    examples: tuple[str, ...]


def count(classifier: IntentClassifier, blocks: Iterable[Block], sample: KeySample) -> Counts:
    """Count the requests of blocks, and add their keys to a sample."""
    total = Counts.none(len(classifier.names))
    for block in blocks:
        texts = block.batch.column("text")
        sample.add(texts)
        column = keys(texts)
        weights = block.batch.column("count").to_numpy()
        numbers, lost = likeliest_labels(classifier, column)
        rows, buckets = words_of(column)
        part = Counts(int(weights.sum()), np.zeros_like(total.labels), np.zeros_like(total.words))
        np.add.at(part.labels, numbers, weights)
        part.labels[-1] = weights[lost].sum()
        np.add.at(part.words, buckets, weights[rows])
        total = total.plus(part)
    return total


def words_of(column: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the words of keys, each once a key: the row and the bucket, int64 (W,) each."""
    starts, hashes = word_hashes(column)
    rows = np.repeat(np.arange(len(column)), np.diff(starts))
    buckets = ((hashes * SPREAD) >> np.uint64(64 - WORD_BITS)).astype(np.int64)
    pairs = np.unique((rows << WORD_BITS) | buckets)
    return pairs >> WORD_BITS, pairs & ((1 << WORD_BITS) - 1)


def p_values(
    now: NDArray[np.int64], of: int, before: NDArray[np.int64], of_before: int
) -> NDArray[np.float64]:
    """Test whether shares now / of and before / of_before differ, for each category: float64, corrected, at most 1."""
    from scipy.special import bdtr, bdtrc

    mostly = now + before > (of + of_before) / 2
    now, before = np.where(mostly, of - now, now), np.where(mostly, of_before - before, before)
    both = now + before
    share = of / max(of + of_before, 1)
    at_least = np.where(now > 0, bdtrc(np.maximum(now - 1, 0), both, share), 1.0)
    tails = np.minimum(bdtr(now, both, share), at_least)
    return np.asarray(np.minimum(1.0, 2.0 * tails * max(int((both > 0).sum()), 1)))


def changes(
    classifier: IntentClassifier, reference: Counts, windows: Sequence[Counts], sample: pa.Array
) -> list[Change]:
    """List what differs from the reference in the latest window, or in all `windows` together, the surest first.

    `sample` holds keys of the latest window, which give the examples.
    """
    labels = [*classifier.names, LOST]
    numbers, lost = likeliest_labels(classifier, sample)
    rows, buckets = words_of(sample)
    texts = sample.to_pylist()
    together = windows[0]
    for window in windows[1:]:
        together = together.plus(window)
    listed: dict[tuple[str, str], Change] = {}
    for counts in [windows[-1], *([together] if len(windows) > 1 else [])]:
        for kind in ("label", "word"):
            bound = BOUNDS[kind] / (2 if len(windows) > 1 else 1)
            is_label = kind == "label"
            now, before = (counts.labels, reference.labels) if is_label else (counts.words, reference.words)
            p = p_values(now, counts.requests, before, reference.requests)
            for number in np.flatnonzero(p <= bound).tolist():
                with_it = rows[buckets == number]
                if is_label:
                    with_it = np.flatnonzero(numbers == number if labels[number] else lost)
                examples = tuple(texts[row] for row in with_it[:EXAMPLES].tolist())
                name = labels[number] if is_label else _common_word(examples, number)
                shares = before[number] / max(reference.requests, 1), now[number] / max(counts.requests, 1)
                change = Change(kind, name, float(shares[0]), float(shares[1]), float(p[number]), examples)
                known = listed.get((kind, name))
                if known is None or change.p < known.p:
                    listed[kind, name] = change
    return sorted(listed.values(), key=lambda change: (change.kind, change.p, change.name))


def _common_word(examples: Sequence[str], bucket: int) -> str:
    """Find the word of a bucket in the first request that has it; a number where the window has none."""
    for word in examples[0].split() if examples else ():
        if bucket in words_of(keys(pa.array([word], pa.string())))[1]:
            return word.lower()
    return f"#{bucket}"


def group_changes(labelled: Sequence[Utterance], reference: Sampled, window: Sampled) -> list[Change]:
    """List groups of requests whose share differs from the reference; none where there is too little to group."""
    bound = min(reference.bound, window.bound)
    before, now = reference.below(bound), window.below(bound)
    try:
        groups, column = learn_groups(labelled, [before.keys, now.keys])
    except TrainingError:
        return []
    sums = [requests_of(groups, sampled) for sampled in (now, before)]
    of, of_before = (max(int(requests.sum()), 1) for requests in sums)
    p = p_values(sums[0], of, sums[1], of_before)
    texts = column.to_pylist()
    terms = [terms_of(key) for key in texts]
    seen = Counter(term for some in terms for term in some)
    members, (of_window, cosines) = groups.assign(column)[0], groups.assign(now.keys)
    found: list[Change] = []
    for group in np.flatnonzero(p <= BOUNDS["group"]).tolist():
        learnt = np.flatnonzero(members == group)
        name = telling_terms([terms[row] for row in learnt], seen, len(terms)) or (texts[learnt[0]],)
        rows = np.flatnonzero(of_window == group)
        nearest = rows[np.argsort(-cosines[rows], kind="stable")][:EXAMPLES]
        shares = float(sums[1][group]) / of_before, float(sums[0][group]) / of
        examples = tuple(now.keys.take(pa.array(nearest)).to_pylist())
        found.append(Change("group", ", ".join(name), *shares, float(p[group]), examples))
    return sorted(found, key=lambda change: (change.p, change.name))


def learn_groups(labelled: Sequence[Utterance], samples: Sequence[pa.Array]) -> tuple[Groups, pa.Array]:
    """Learn groups from half of the keys of samples, and give these keys, too.

    Raises TrainingError if they are too few.
    """
    annotated = labels_by_key(labelled)
    known = pa.array(sorted(annotated), pa.string())
    column = pc.unique(pa.concat_arrays(samples))
    column = column.take(pa.array(np.argsort(draws_of(column), kind="stable")))
    column = column.filter(pa.array(~is_compared(column)))
    return Groups.learn(column, known, [annotated[key] for key in known.to_pylist()]), column[:SAMPLED]


def is_compared(column: pa.Array) -> NDArray[np.bool_]:
    """Tell the half of keys whose requests are compared from that which groups are learnt from."""
    return np.asarray(uniforms(SPLIT, hash_column(column)) < 0.5)  # noqa: PLR2004


def requests_of(groups: Groups, sampled: Sampled) -> NDArray[np.int64]:
    """Sum up the requests of each group that are compared: int64 (G,)."""
    rows = np.flatnonzero(is_compared(sampled.keys))
    sums = np.zeros(len(groups.least), np.int64)
    np.add.at(sums, groups.assign(sampled.keys.take(pa.array(rows)))[0], sampled.requests[rows])
    return sums
