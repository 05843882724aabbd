"""A process that chooses from a pool with small-text: least confidence of a logistic model on hashed 1-3-grams."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.sparse import vstack
from sklearn.linear_model import SGDClassifier
from small_text import LeastConfidence, PoolBasedActiveLearner, SklearnClassifierFactory, SklearnDataset

from benchmarks.scenarios.peers import in_blocks, vectorizer


def main() -> None:
    """Choose, and print how many."""
    labelled, pool, target, size = sys.argv[1:]
    kind, _, name = target.partition(":")
    records = [json.loads(line) for line in Path(labelled).read_text().splitlines()]
    texts = [record["text"] for record in records] + pq.read_table(pool, columns=["text"])["text"].to_pylist()
    labels = np.zeros(len(texts), dtype=np.int64)
    known = np.arange(len(records))
    labels[known] = [record[kind] == name for record in records]
    hashed = vectorizer()
    matrix = vstack([hashed.transform(block) for block in in_blocks(texts)], format="csr")
    model = SGDClassifier(loss="log_loss", alpha=3e-6, max_iter=30, tol=None, average=True, random_state=0)
    learner = PoolBasedActiveLearner(
        SklearnClassifierFactory(model, 2),
        LeastConfidence(),
        SklearnDataset(matrix, labels, target_labels=np.array([0, 1])),
    )
    learner.initialize_data(known, labels[known])
    chosen = learner.query(num_samples=int(size))
    print(len([texts[index] for index in chosen.tolist()]))


if __name__ == "__main__":
    main()
