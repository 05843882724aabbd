"""Annotated utterances as records under canvass's own column names: what JSON Lines, CSV and Parquet write."""

from __future__ import annotations

from typing import Any

from canvass.types import Utterance, slot_records

ALL = ("text", "id", "count", "domain", "intent", "slots", "split", "unannotated")


def record_of(utterance: Utterance) -> dict[str, Any]:
    """Write an utterance as a record, without what it does not have.

    >>> from canvass.types import Slot, Utterance
    >>> record_of(Utterance("play jazz", intent="play", slots=(Slot(5, 9, "genre"),)))
    {'text': 'play jazz', 'intent': 'play', 'slots': [{'start': 5, 'end': 9, 'label': 'genre'}]}
    """
    record = {
        "id": utterance.id,
        "text": utterance.text,
        "count": None if utterance.count == 1 else utterance.count,
        "domain": utterance.domain,
        "intent": utterance.intent,
        "slots": slot_records(utterance.slots),
        "split": utterance.split,
    }
    return {name: value for name, value in record.items() if value is not None}
