"""Between an intent with slots and the regions of Label Studio's `result`, whose offsets are code points.

Of an annotation and of a prediction the `result` is a list of regions: one of a Choices control with the intent, and
one of a Labels control for each slot. These are also what the ML backend protocol speaks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from canvass.corpus.formats.located import CODE_POINTS, UTF16, Value, slot_record, slot_with_words
from canvass.types import Slot

CHOICES, LABELS = "choices", "labels"
IDENTITY = "canvass_id"  # our own field in the data of a task, which survives every export
DIGEST_BYTES = 6


@dataclass(frozen=True)
class Controls:
    """Names in the labelling configuration: of Choices and Labels, and of the Text that they belong to.

    `intent` and `domain` are None where the configuration has no such Choices; `slot` of None reads the regions of
    any Labels.
    """

    intent: str | None = "intent"
    slot: str | None = "slot"
    text: str = "text"
    domain: str | None = None


@dataclass(frozen=True)
class Regions:
    """What the regions of one result say: names, and the records of slots for `utterance_of`.

    `others` counts the regions that say something else.
    """

    intent: str | None
    domain: str | None
    slots: list[dict[str, Any]]
    others: int = 0


CONTROLS = Controls()


def result_of(
    text: str, intent: str | None, slots: Sequence[Slot], controls: Controls = CONTROLS
) -> list[dict[str, Any]]:
    """Write an intent and slots as regions; the same input gives the same ids.

    >>> from canvass.types import Slot
    >>> [region["value"] for region in result_of("😀 jazz", "play", [Slot(2, 6, "genre")])]
    [{'choices': ['play']}, {'start': 2, 'end': 6, 'text': 'jazz', 'labels': ['genre']}]
    """
    result = []
    if intent is not None and controls.intent is not None:
        result.append(_region(text, controls.intent, controls.text, CHOICES, {CHOICES: [intent]}))
    for slot in slots:
        value = {
            "start": slot.start,
            "end": slot.end,
            "text": text[slot.start : slot.end],
            LABELS: [slot.label],
        }
        result.append(_region(text, controls.slot or "slot", controls.text, LABELS, value))
    return result


def _region(text: str, control: str, of: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    words = repr((text, control, value)).encode()
    identity = hashlib.blake2b(words, digest_size=DIGEST_BYTES).hexdigest()
    return {"id": identity, "from_name": control, "to_name": of, "type": kind, "value": value}


def regions_of(result: Value, text: str, controls: Controls = CONTROLS) -> Regions:
    """Read the regions of a result.

    Offsets are code points, as the page has them (since 2022; tests: test_labelling_page.py). Before, it counted UTF-16
    code units, and some programs do: where the two differ, and the region's own text is found at these alone, they are
    what is meant. Raises InputError if a region has several labels, offsets outside the text, or a text that is not
    there; or if an intent has several choices.
    """
    intent: str | None = None
    domain: str | None = None
    slots: list[dict[str, Any]] = []
    others = 0
    for region in result.items():
        kind, control = region.content_of("type"), region.content_of("from_name")
        if kind == CHOICES and control is not None and control == controls.intent:
            intent = _one(region.need("value").need(CHOICES), "intent")
        elif kind == CHOICES and control is not None and control == controls.domain:
            domain = _one(region.need("value").need(CHOICES), "domain")
        elif kind == LABELS and controls.slot in (None, control) and region.need("value").get(LABELS):
            slots.append(slot_of(region.need("value"), text))
        else:
            others += 1
    return Regions(intent, domain, slots, others)


def _one(names: Value, what: str) -> str | None:
    items = names.items()
    if len(items) > 1:
        raise names.wrong(f"one choice, the {what}")
    return items[0].string() if items else None


def slot_of(value: Value, text: str) -> dict[str, Any]:
    """Read the value of one region of a Labels control; raises as `regions_of` does."""
    labels = value.need(LABELS)
    names = [item.name() for item in labels.items()]
    if len(names) != 1:
        raise labels.wrong("one label")
    span = value.need("start").integer(), value.need("end").integer()
    words = value.get("text")
    if words is None:
        return slot_record(text, span, names[0], value.where)
    return slot_with_words(text, span, names[0], words, (CODE_POINTS, UTF16))
