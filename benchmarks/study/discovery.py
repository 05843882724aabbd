"""How many intents that the labelled set lacks `canvass discover` finds, beside clusterings of TF-IDF and SVD.

    python -m benchmarks.study.discovery CORPUS [PART...]

A quarter of the intents is hidden: a labelled set has a share of the requests of the others, the pool all the rest. An
intent is found if, among the first twice as many groups as there are hidden intents, there is one of at least PURITY of
that intent. Out-of-scope requests (intent `oos`) are in the pool, and the area under the curve tells how
well the probability of the likeliest label separates them from requests of known intents.
Settings were chosen on slurp's part dev. Peers are ordered by size and by how little the labelled set covers.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from canvass.corpus.normalise import key_of, keys
from canvass.corpus.pool import Pool
from canvass.models.intents import IntentClassifier
from canvass.selection.discovery import LABELLED_WEIGHT, discover
from canvass.types import Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

DATA = Path(__file__).parents[3] / "shared" / "data"
SEEDS = 3
HIDDEN, LABELLED, PURITY = 0.25, 0.3, 0.8
FEWEST = 20  # requests of an intent that may be hidden
OUT_OF_SCOPE = "oos"
SMALLEST_CLUSTER = 5
SIZES = 8, 32  # requests of a cluster of k-means, on average
LARGEST_FOR_HDBSCAN = 7000  # requests: its time grows with their square


def read(corpus: str, parts: Sequence[str]) -> list[Utterance]:
    """Read the distinct requests of parts of a corpus."""
    seen: dict[str, Utterance] = {}
    for part in parts:
        with gzip.open(DATA / corpus / f"{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                key = key_of(record["text"])
                seen.setdefault(key, Utterance(key, intent=record["intent"]))
    return list(seen.values())


def split(utterances: Sequence[Utterance], seed: int) -> tuple[list[Utterance], list[Utterance], set[str]]:
    """Draw the hidden intents: the labelled set, the pool, and their names."""
    draw = np.random.default_rng(seed)
    counts = Counter(utterance.intent for utterance in utterances if utterance.intent != OUT_OF_SCOPE)
    frequent = sorted(name for name, count in counts.items() if name and count >= FEWEST)
    hidden = set(draw.choice(frequent, round(HIDDEN * len(counts)), replace=False).tolist())
    labelled: list[Utterance] = []
    pool: list[Utterance] = []
    for utterance in utterances:
        unknown = utterance.intent in hidden or utterance.intent == OUT_OF_SCOPE
        (labelled if not unknown and draw.random() < LABELLED else pool).append(utterance)
    return labelled, pool, hidden


def found(
    groups: Iterable[Sequence[str]], intent_of: dict[str, str], hidden: set[str]
) -> tuple[float, float]:
    """Tell the shares of the hidden intents with a group of at least PURITY, and with one of which they are most."""
    pure, most = set(), set()
    for group in list(groups)[: 2 * len(hidden)]:
        intent, count = Counter(intent_of[key] for key in group).most_common(1)[0]
        if intent in hidden:
            most.add(intent)
            if count >= PURITY * len(group):
                pure.add(intent)
    return len(pure) / len(hidden), len(most) / len(hidden)


def peers(
    labelled: Sequence[Utterance], pool: Sequence[Utterance], unsure: NDArray[np.float64]
) -> dict[str, list[list[str]]]:
    """Cluster TF-IDF and SVD by k-means and HDBSCAN, and order the clusters as canvass does."""
    from sklearn.cluster import HDBSCAN, KMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    texts = [utterance.text for utterance in pool]
    weigh = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit(texts)
    reduce = TruncatedSVD(100, random_state=0).fit(weigh.transform(texts))
    points = normalize(reduce.transform(weigh.transform(texts)))
    known = normalize(reduce.transform(weigh.transform([utterance.text for utterance in labelled])))
    assigned: dict[str, tuple[Any, Any]] = {}
    for size in SIZES:
        means = KMeans(max(2, len(texts) // size), n_init=1, random_state=0).fit(points)
        assigned[f"k-means {size}"] = means.labels_, means.predict(known)
    if len(texts) <= LARGEST_FOR_HDBSCAN:
        density = HDBSCAN(min_cluster_size=SMALLEST_CLUSTER, copy=True).fit(points).labels_
        centres = np.stack([points[density == number].mean(axis=0) for number in range(density.max() + 1)])
        assigned["HDBSCAN"] = density, (known @ normalize(centres).T).argmax(axis=1)
    ordered = {}
    for name, (numbers, of_known) in assigned.items():
        scored = []
        for number in range(numbers.max() + 1):
            rows = np.flatnonzero(numbers == number)
            if len(rows) < SMALLEST_CLUSTER:
                continue
            rate = (of_known == number).mean() / (len(rows) / len(texts))
            score = unsure[rows].mean() / (1 + LABELLED_WEIGHT * rate) * np.log1p(len(rows))
            scored.append((-score, number, [texts[row] for row in rows]))
        ordered[name] = [members for _, _, members in sorted(scored)]
    return ordered


def main() -> None:
    """Print a line for each seed and method."""
    from sklearn.metrics import roc_auc_score

    corpus, *parts = sys.argv[1:]
    utterances = read(corpus, parts or ["train"])
    intent_of = {utterance.text: utterance.intent or "" for utterance in utterances}
    print("seed  method      pure  most   auc(hidden)  auc(oos)")
    for seed in range(SEEDS):
        labelled, pool, hidden = split(utterances, seed)
        groups = [
            list(group.sampled) for group in discover(labelled, Pool.of(pool), shown=2 * len(hidden)).groups
        ]
        ordered = sorted(labelled, key=lambda utterance: utterance.text)
        classifier = IntentClassifier().fit(
            keys(pa.array([utterance.text for utterance in ordered])),
            [utterance.intent or "" for utterance in ordered],
        )
        unsure = -np.expm1(classifier.predict(keys(pa.array([row.text for row in pool]))).log_probability)
        names = np.array([row.intent for row in pool])
        known = ~np.isin(names, [*hidden, OUT_OF_SCOPE])
        areas = []
        for of in (np.isin(names, list(hidden)), names == OUT_OF_SCOPE):
            rows = known | of
            areas.append(f"{roc_auc_score(of[rows], unsure[rows]):.3f}" if of.any() else "-")
        for method, lists in [("canvass", groups), *peers(labelled, pool, unsure).items()]:
            pure, most = found(lists, intent_of, hidden)
            print(f"{seed:4}  {method:10}  {pure:.2f}  {most:.2f}   {areas[0]}        {areas[1]}", flush=True)


if __name__ == "__main__":
    main()
