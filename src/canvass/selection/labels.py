"""The labels of a labelled set as predicted: what requests of a pool are for, or that the classifier is lost on them.

A label is an intent, or a domain where a request has none. A request is *lost* where the classifier gives its likeliest
label less than SURE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from canvass.corpus.normalise import key_of
from canvass.errors import TrainingError
from canvass.models.intents import IntentClassifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from canvass.types import Utterance

SURE = 0.5


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


def likeliest_labels(classifier: IntentClassifier, column: pa.Array) -> NDArray[np.int32]:
    """Predict the label of each key, int32 (N,); K where it is lost."""
    found = classifier.predict(column)
    return np.where(np.exp(found.log_probability) < SURE, len(classifier.names), found.intents)
