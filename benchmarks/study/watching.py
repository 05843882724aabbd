"""How often `canvass watch` is wrong about quiet windows, and how often it finds a new intent or a share that drifts.

    python -m benchmarks.study.watching [CORPUS]

Some intents of a corpus are hidden. The labelled set has 30 % of the requests of the others; the traffic is drawn from
the rest of these, with replacement. References have 20,000 requests, windows 10,000; in changed ones a share is of one
hidden intent, or of one known intent beside its usual share. Each reference meets windows in turn, as a project would.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from benchmarks.study.discovery import OUT_OF_SCOPE, read, split
from canvass.corpus.normalise import keys
from canvass.selection.predicted_labels import label_classifier, likeliest_labels
from canvass.selection.watching import (
    BOUNDS,
    RECENT,
    WORD_BITS,
    Counts,
    is_compared,
    learn_groups,
    p_values,
    words_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

REFERENCE, WINDOW = 20_000, 10_000
QUIET, INTENTS, TRIALS = 1000, 12, 20


class Window(NamedTuple):
    """What a window asks for: sums, and the requests of each group that are compared, int64 (G,)."""

    counts: Counts
    groups: NDArray[np.int64]


def alarms(reference: Window, windows: list[Window]) -> bool:
    """Tell whether the latest window is called changed, as `watching.changes` and `group_changes` do."""
    latest = windows[-1]
    sums = latest.groups, reference.groups
    p = p_values(sums[0], int(sums[0].sum()), sums[1], int(sums[1].sum()))
    if (p <= BOUNDS["group"]).any():
        return True
    together = windows[0].counts
    for window in windows[1:]:
        together = together.plus(window.counts)
    several = len(windows) > 1
    before = reference.counts
    for counts in [latest.counts, *([together] if several else [])]:
        for kind, now, then in (
            ("label", counts.labels, before.labels),
            ("word", counts.words, before.words),
        ):
            p = p_values(now, counts.requests, then, before.requests)
            if (p <= BOUNDS[kind] / (2 if several else 1)).any():
                return True
    return False


class Traffic:
    """A corpus from which windows are drawn."""

    def __init__(self, corpus: str) -> None:
        """Split a corpus, and count the labels and words of each request of the pool once."""
        self.labelled, pool, self.hidden = split(read(corpus, ["train"]), 0)
        self.classifier = label_classifier(self.labelled)
        self.column = keys(pa.array([utterance.text for utterance in pool]))
        self.intents = np.array([utterance.intent for utterance in pool])
        self.labels, self.lost = likeliest_labels(self.classifier, self.column)
        rows, buckets = words_of(self.column)
        shape = (len(pool), 1 << WORD_BITS)
        self.words = csr_matrix((np.ones(len(rows), np.int64), (rows, buckets)), shape=shape)
        self.usual = np.flatnonzero(~np.isin(self.intents, [*self.hidden, OUT_OF_SCOPE]))
        self.draw = np.random.default_rng(0)
        self.group_of = np.zeros(len(pool), np.int32)
        self.group_count = 0

    def learn_groups(self, spliced: NDArray[np.int64]) -> None:
        """Learn groups from all requests that windows are drawn from, of which a reference and a window have most."""
        rows = np.union1d(self.usual, spliced)
        groups, _ = learn_groups(self.labelled, [self.column.take(pa.array(rows))])
        self.group_count = len(groups.least)
        compared = is_compared(self.column)
        self.group_of = np.where(compared, groups.assign(self.column)[0], self.group_count)

    def window(self, size: int, spliced: NDArray[np.int64], share: float) -> Window:
        """Draw requests with replacement, a share of them from the rows `spliced`."""
        new = round(share * size)
        chosen = self.draw.choice(self.usual, size - new)
        if new:
            chosen = np.concatenate([chosen, self.draw.choice(spliced, new)])
        times = np.bincount(chosen, minlength=len(self.labels))
        by_label = np.bincount(self.labels, times, len(self.classifier.names) + 1).astype(np.int64)
        by_label[-1] = times[self.lost].sum()
        by_group = np.bincount(self.group_of, times, self.group_count + 1).astype(np.int64)[:-1]
        return Window(Counts(size, by_label, np.asarray(self.words.T @ times)), by_group)


def found(traffic: Traffic, intents: list[str], shares: list[float]) -> list[int]:
    """Count in how many trials there was an alarm, at the latest in the first, the second window, and so on."""
    hits = np.zeros(len(shares), np.int64)
    for intent in intents:
        spliced = np.flatnonzero(traffic.intents == intent)
        traffic.learn_groups(spliced)
        for _ in range(TRIALS):
            reference = traffic.window(REFERENCE, spliced, 0.0)
            windows: list[Window] = []
            for number, share in enumerate(shares):
                windows = [*windows, traffic.window(WINDOW, spliced, share)][-RECENT:]
                if alarms(reference, windows):
                    hits[number:] += 1
                    break
    return hits.tolist()


def main() -> None:
    """Print how many quiet windows raise an alarm, and how soon hidden and known intents are found."""
    traffic = Traffic(sys.argv[1] if len(sys.argv) > 1 else "clinc150")
    none = np.zeros(0, np.int64)
    traffic.learn_groups(none)
    wrong = np.zeros(2, np.int64)
    for _ in range(QUIET // 2):
        reference, *both = (traffic.window(size, none, 0.0) for size in (REFERENCE, WINDOW, WINDOW))
        wrong += [alarms(reference, both[:1]), alarms(reference, both)]
    print(f"quiet windows with an alarm: {wrong.sum()} of {QUIET} ({wrong[0]} first, {wrong[1]} second)")
    hidden = sorted(traffic.hidden)[:INTENTS]
    known = sorted({*traffic.intents[traffic.usual].tolist()})[:INTENTS]
    for what, intents, shares in (
        ("a hidden intent has 5 %", hidden, [0.05] * 2),
        ("a known intent has 5 % more", known, [0.05] * 2),
        ("a known intent has 2 % more", known, [0.02] * 2),
        ("a known intent has 0.4 % more in each window", known, [0.004 * number for number in range(1, 6)]),
    ):
        hits = found(traffic, intents, shares)
        print(f"{what}: found after each window {hits}, of {TRIALS * len(intents)}", flush=True)


if __name__ == "__main__":
    main()
