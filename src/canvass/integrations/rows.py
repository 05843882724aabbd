"""What other people's arrays hold, checked: a column of texts, and the slots of those that are annotated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from canvass.errors import InputError
from canvass.types import Slot

SHOWN = 60  # characters of a value in a sentence


def column_of_texts(texts: Iterable[str], name: str) -> pa.Array:
    """Make a column of any flat sequence of strings: a list, an array, a pandas series.

    Raises InputError if it is something else; the sentence names the first bad row.
    """
    if isinstance(texts, str | bytes):
        raise InputError(f"{name} is one string; expected a sequence of texts, one for each row")
    given: list[Any] = list(texts)
    try:
        if all(isinstance(text, str) for text in given):
            return pa.array(given, type=pa.string())
    except UnicodeEncodeError:
        pass
    row, text = next((row, text) for row, text in enumerate(given) if not is_unicode(text))
    what = "not Unicode (a lone surrogate)" if isinstance(text, str) else f"of type {type(text).__name__}"
    raise InputError(f"{name}[{row}] is {what}; expected a string in every row")


def is_unicode(text: object) -> bool:
    """Whether this is a string that UTF-8 can hold."""
    if not isinstance(text, str):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def slots_of_row(slots: Sequence[Any] | None, row: int) -> tuple[Slot, ...] | None:
    """Take the slots of a row, each a Slot or (start, end, label); None where nobody annotated them.

    Raises InputError if they are something else. Whether they go with the text is checked where the tagger is trained.
    """
    if slots is None:
        return None
    try:
        parts = [
            (slot.start, slot.end, slot.label) if isinstance(slot, Slot) else tuple(slot) for slot in slots
        ]
        return tuple(Slot(int(start), int(end), str(label)) for start, end, label in parts)
    except (TypeError, ValueError):
        raise InputError(
            f"slots[{row}] is {str(slots)[:SHOWN]}; expected a list of (start, end, label), or None where nobody "
            "annotated the text"
        ) from None
