"""The labels of a labelled set as predicted: what requests of a pool are for, or that the classifier is lost on them.

A label is an intent, or a domain where a request has none. A request is *lost* where the classifier gives its likeliest
label less than SURE.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canvass.compiled import compiled
from canvass.corpus.normalise import key_of
from canvass.errors import TrainingError
from canvass.models.intents import IntentClassifier
from canvass.models.vectors import exponentiate
from canvass.types import Utterance

SURE = 0.5
TOGETHER = 32  # exponentials


def label_of(utterance: Utterance) -> str | None:
    """Give what an annotated request is for: its intent, or else its domain."""
    return utterance.intent or utterance.domain


def labels_by_key(labelled: Sequence[Utterance]) -> dict[str, str]:
    """Give the label of each annotated key that has one."""
    return {key_of(utterance.text): label for utterance in labelled if (label := label_of(utterance))}


def label_classifier(labelled: Sequence[Utterance]) -> IntentClassifier:
    """Train the classifier of labels (see `label_of`); raises TrainingError where there are fewer than two."""
    annotated = labels_by_key(labelled)
    labels = [annotated[key] for key in sorted(annotated)]
    if len(set(labels)) < 2:  # noqa: PLR2004 - what one label does not claim cannot be told
        raise TrainingError(
            f"LABELLED has {len(set(labels))} intents or domains; at least two are needed to tell what is lost"
        )
    return IntentClassifier(dtype=np.float32).fit(pa.array(sorted(annotated), pa.string()), labels)


@compiled
def claim(decisions: NDArray[np.float64], labels: NDArray[np.int32], lost: NDArray[np.bool_]) -> None:
    """Write the largest of each row of decisions (N, K), int32 (N,), and whether its softmax is less than SURE.

    `lost` is bool (N,). Sums of exponentials are given up as soon as they are too large for that.
    """
    count = decisions.shape[1]
    values = np.empty(TOGETHER)
    for row in range(len(decisions)):
        top = 0
        for k in range(1, count):
            if decisions[row, k] > decisions[row, top]:
                top = k
        labels[row] = top
        lost[row] = False
        total = 0.0
        for first in range(0, count, TOGETHER):
            size = min(TOGETHER, count - first)
            for k in range(size):
                values[k] = decisions[row, first + k] - decisions[row, top]
            exponentiate(values[:size])
            for k in range(size):
                total += values[k]
            if total * SURE > 1.0:
                lost[row] = True
                break


def likeliest_labels(
    classifier: IntentClassifier, column: pa.Array
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Predict the label of each key, int32 (N,), and whether it is lost, bool (N,)."""
    labels, lost = np.empty(len(column), dtype=np.int32), np.empty(len(column), dtype=np.bool_)
    claim(classifier.decisions(column), labels, lost)
    return labels, lost
