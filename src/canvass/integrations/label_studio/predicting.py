"""What the newest models predict of Label Studio's tasks, in the words of its labelling configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from canvass.annotation.web.reading import is_writable
from canvass.corpus.formats.label_studio import prediction_of
from canvass.errors import InputError
from canvass.integrations.label_studio.labelling import read_labelling
from canvass.models.nlu import NLU

VERSION = "canvass-r"
LONGEST_TEXT = 10_000  # characters; a request has a hundred, and Label Studio shows whole documents, too


def model_version(number: int) -> str:
    """Name the models of a round, as Label Studio knows them.

    >>> model_version(7)
    'canvass-r7'
    """
    return f"{VERSION}{number}"


def predictions_of(nlu: NLU, number: int, tasks: Sequence[Any], config: str) -> list[dict[str, Any]]:
    """Predict tasks after round `number`: one prediction a task, in their order.

    The score is the chance that the whole frame is right, p_intent * p_crf: the smallest is annotated first. Labels
    that the configuration does not offer are left out. A task without a text, and every task under a configuration
    that shows none, gets an empty result with the score 1: there is nothing to ask.
    """
    version = model_version(number)
    try:
        labelling = read_labelling(config)
    except InputError:
        return [_nothing(version) for _ in tasks]
    texts = [_text(task, labelling.field) for task in tasks]
    known = iter(nlu.predict([text for text in texts if text is not None]))
    predictions = []
    for text in texts:
        if text is None:
            predictions.append(_nothing(version))
            continue
        predicted = next(known)
        predictions.append(
            prediction_of(
                text,
                predicted.intent if predicted.intent in labelling.intents else None,
                [slot for slot in predicted.slots if slot.label in labelling.slots],
                score=predicted.intent_probability * predicted.confidence,
                model_version=version,
                controls=labelling.controls,
            )
        )
    return predictions


def _text(task: Any, field: str) -> str | None:
    """Take the text of a task; None where it has none, or one that is no request."""
    data = task.get("data") if isinstance(task, dict) else None
    text = data.get(field) if isinstance(data, dict) else None
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
        return None
    return text if is_writable(text, lines=True) else None


def _nothing(version: str) -> dict[str, Any]:
    return {"result": [], "score": 1.0, "model_version": version}
