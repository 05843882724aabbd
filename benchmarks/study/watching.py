"""How often `canvass watch` is wrong about quiet windows, and how often it finds an intent never seen.

    python -m benchmarks.study.watching [CORPUS]

Some intents of a corpus are hidden. The labelled set has 30 % of the requests of the others; the traffic is drawn from
the rest of these, with replacement. References have 20,000 requests, windows 10,000; in changed ones SPLICED of the
requests are of one hidden intent. Each reference meets two windows in turn, as a project would.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from benchmarks.study.discovery import OUT_OF_SCOPE, read, split
from canvass.corpus.normalise import keys
from canvass.selection.labels import label_classifier, likeliest_labels
from canvass.selection.watching import ALARM, WORD_BITS, Counts, p_values, words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

REFERENCE, WINDOW = 20_000, 10_000
SPLICED = 0.05
QUIET, INTENTS, TRIALS = 1000, 12, 20


def alarms(reference: Counts, windows: list[Counts]) -> bool:
    """Tell whether the latest window is called changed, as `watching.changes` does."""
    together = windows[0]
    for window in windows[1:]:
        together = together.plus(window)
    several = len(windows) > 1
    for counts in [windows[-1], *([together] if several else [])]:
        for now, before in ((counts.labels, reference.labels), (counts.words, reference.words)):
            p = p_values(now, counts.requests, before, reference.requests)
            if (p <= ALARM / (4 if several else 2)).any():
                return True
    return False


def main() -> None:
    """Print the share of quiet windows with an alarm, and of hidden intents found in one and two windows."""
    from scipy.sparse import csr_matrix

    corpus = sys.argv[1] if len(sys.argv) > 1 else "clinc150"
    labelled, pool, hidden = split(read(corpus, ["train"]), 0)
    classifier = label_classifier(labelled)
    column = keys(pa.array([utterance.text for utterance in pool]))
    intents = np.array([utterance.intent for utterance in pool])
    labels = likeliest_labels(classifier, column)
    rows, buckets = words_of(column)
    words = csr_matrix((np.ones(len(rows), np.int64), (rows, buckets)), shape=(len(pool), 1 << WORD_BITS))
    usual = np.flatnonzero(~np.isin(intents, [*hidden, OUT_OF_SCOPE]))
    draw = np.random.default_rng(0)

    def window(size: int, spliced: NDArray[np.int64] | None = None) -> Counts:
        new = 0 if spliced is None else round(SPLICED * size)
        chosen = draw.choice(usual, size - new)
        if spliced is not None:
            chosen = np.concatenate([chosen, draw.choice(spliced, new)])
        times = np.bincount(chosen, minlength=len(pool))
        by_label = np.zeros(len(classifier.names) + 1, np.int64)
        np.add.at(by_label, labels, times)
        return Counts(size, by_label, np.asarray(words.T @ times))

    wrong = np.zeros(2, np.int64)
    for _ in range(QUIET // 2):
        reference, first, second = window(REFERENCE), window(WINDOW), window(WINDOW)
        wrong += [alarms(reference, [first]), alarms(reference, [first, second])]
    print(f"quiet windows with an alarm: {wrong.sum()} of {QUIET} ({wrong[0]} first, {wrong[1]} second)")
    hits = np.zeros(2, np.int64)
    for intent in sorted(hidden)[:INTENTS]:
        spliced = np.flatnonzero(intents == intent)
        for _ in range(TRIALS):
            reference, first, second = window(REFERENCE), window(WINDOW, spliced), window(WINDOW, spliced)
            at_once = alarms(reference, [first])
            hits += [at_once, at_once or alarms(reference, [first, second])]
    trials = TRIALS * min(INTENTS, len(hidden))
    print(
        f"{SPLICED:.0%} of a hidden intent: found in the first window {hits[0]}, in two {hits[1]}, of {trials}"
    )


if __name__ == "__main__":
    main()
