"""The one validator of records.

A record is a mapping of a file's own column names to plain Python values; every format turns its rows into
such mappings, and `utterance_of` (annotated records) or `pool_utterance_of` (text, id and count only) says in
one sentence what is wrong with one.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from canvass.corpus.formats.column_names import PROBABILITIES, USUAL, Columns, listed
from canvass.corpus.formats.sources import AS_UTF8
from canvass.errors import InputError, shown
from canvass.types import Slot, Utterance, slot_records

# What `carries` of a format has that loses nothing.
ALL = ("text", "id", "count", "domain", "intent", "slots", "split", "unannotated")
FIELDS = ("id", "text", "count", "domain", "intent", "slots", "split")
NOT_LABELS = ("text", "id", "domain", "split", "count")  # in the order in which tools for annotation get them
LARGEST_COUNT = (1 << 63) - 1
LARGEST_SCORE = sys.float_info.max


def _storable(text: str, where: str, name: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{where}: field {name!r} is not valid UTF-8 at character {error.start} (a byte that is not UTF-8, or half "
            f"a surrogate pair); {AS_UTF8}"
        ) from error
    return text


def _optional_text(record: Mapping[str, object], where: str, name: str) -> str | None:
    value = record.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InputError(f"{where}: field {name!r} is {shown(value)}; expected a string or null")
    return _storable(value, where, name)


def text_of(record: Mapping[str, object], where: str, columns: Columns) -> str:
    """Take the text of a record; raises InputError if it is missing, or no valid string."""
    if columns.text not in record:
        raise InputError(
            f"{where}: field {columns.text!r} is missing (the record has: {listed(list(record))}); "
            "name the column with --columns text=NAME"
        )
    value = record[columns.text]
    if not isinstance(value, str):
        said = "null" if value is None else shown(value)
        raise InputError(f"{where}: field {columns.text!r} is {said}; expected a string")
    return _storable(value, where, columns.text)


def _identity(record: Mapping[str, object], where: str, name: str) -> str | None:
    value = record.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None or isinstance(value, str):
        return _optional_text(record, where, name)
    raise InputError(f"{where}: field {name!r} is {shown(value)}; expected a string or a whole number")


def _count(record: Mapping[str, object], where: str, name: str) -> int:
    value = record.get(name)
    if value is None:
        return 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_COUNT:
        raise InputError(f"{where}: field {name!r} is {shown(value)}; expected a whole number of at least 1")
    return value


def pool_utterance_of(record: Mapping[str, object], where: str, columns: Columns) -> Utterance:
    """Validate what a pool is read for: text, id and count; other fields do not matter.

    Raises InputError if the text is missing or null, or a field has the wrong type.
    """
    return Utterance(
        text=text_of(record, where, columns),
        id=_identity(record, where, columns.id),
        count=_count(record, where, columns.count),
    )


def model_values_of(record: Mapping[str, object], where: str, columns: Columns) -> list[object]:
    """Validate what a model says of a record, in the order of `columns.model`.

    Raises InputError if a number is missing, not finite, or no probability where it should be one; or an intent is no
    text.
    """
    return [
        _optional_text(record, where, columns.intent)
        if role == "intent"
        else _model_number(record, where, role, getattr(columns, role))
        for role in columns.model
    ]


def _model_number(record: Mapping[str, object], where: str, role: str, name: str) -> float:
    value = record.get(name)
    expected = "a number from 0 to 1" if role in PROBABILITIES else "a finite number"
    if value is None:
        raise InputError(
            f"{where}: field {name!r} is missing; expected {expected}, as in every record of the pool"
        )
    low, high = (0, 1) if role in PROBABILITIES else (-LARGEST_SCORE, LARGEST_SCORE)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"{where}: field {name!r} is {shown(value)}; expected {expected}")
    return float(value)


def utterance_of(record: Mapping[str, object], where: str, columns: Columns = USUAL) -> Utterance:
    """Validate an annotated record; `where` is its file and line, for the sentence.

    Raises InputError if the text is missing or null, a field has the wrong type, or a slot is out of bounds, overlaps
    another or has no label.
    """
    text = text_of(record, where, columns)
    return Utterance(
        text=text,
        id=_identity(record, where, columns.id),
        count=_count(record, where, columns.count),
        domain=_optional_text(record, where, columns.domain),
        intent=_optional_text(record, where, columns.intent),
        slots=slots_of(record.get(columns.slots), text, where, columns.slots),
        split=_optional_text(record, where, columns.split),
    )


def slots_of(value: object, text: str, where: str, name: str) -> tuple[Slot, ...] | None:
    """Validate the slots of a text, a list of objects; raises InputError, which names `where` and the field `name`."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise InputError(
            f"{where}: field {name!r} is {shown(value)}; expected a list of objects with start, end and label"
        )
    slots = sorted(
        _slot(item, text, f"{where}: slot {index} of field {name!r}") for index, item in enumerate(value, 1)
    )
    for before, after in itertools.pairwise(slots):
        if after.start < before.end:
            raise InputError(
                f"{where}: field {name!r} has overlapping slots, {shown(before.label)} at "
                f"{before.start}-{before.end} and {shown(after.label)} at {after.start}-{after.end}; "
                "a character can belong to one slot only"
            )
    return tuple(slots)


def _slot(item: object, text: str, where: str) -> Slot:
    if not isinstance(item, dict):
        raise InputError(f"{where} is {shown(item)}; expected an object with start, end and label")
    missing = [key for key in ("start", "end", "label") if key not in item]
    if missing:
        raise InputError(
            f"{where} lacks {' and '.join(missing)}; expected an object with start, end and label"
        )
    start, end, label = item["start"], item["end"], item["label"]
    for key, offset in (("start", start), ("end", end)):
        if isinstance(offset, bool) or not isinstance(offset, int):
            raise InputError(f"{where} has {key} {shown(offset)}; expected a whole number")
    if not isinstance(label, str) or not label:
        raise InputError(f"{where} has label {shown(label)}; expected a string that is not empty")
    _storable(label, where, "label")
    if not 0 <= start < end <= len(text):
        raise InputError(
            f"{where}, {shown(label)} at {shown(start)}-{shown(end)}, is out of bounds; expected "
            f"0 <= start < end <= {len(text)}, the code points of the text"
        )
    return Slot(start, end, label)


def slots_of_cell(cell: Any, where: str, name: str) -> Any:
    """Parse the JSON of a slots cell; what is not a string is returned as it is."""
    if not isinstance(cell, str):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{where}: field {name!r} is {shown(cell)}; "
            "expected a JSON list of objects with start, end and label"
        ) from error


def record_of(utterance: Utterance, names: Sequence[str] = FIELDS) -> dict[str, Any]:
    """Write an utterance as a record of the fields `names`, without what it does not have.

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
    return {name: record[name] for name in names if record[name] is not None}
