"""An utterance while it is being built: parts of text, some of them slots, and where there is no blank.

Spans are computed only when the parts are joined, so nothing that is inserted, dropped or respelt outside of
the slots can move them off their words.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from canvass.types import Slot

WORD_CATEGORIES = ("L", "M", "N")


class Part(NamedTuple):
    """A word, or the whole of a slot; `glued` says that no blank stands before it."""

    text: str
    label: str | None = None
    glued: bool = False


def is_word_character(character: str) -> bool:
    """Whether a character belongs to a token of letters, marks and numbers.

    >>> [is_word_character(character) for character in "k2é%'"]
    [True, True, True, False, False]
    """
    return unicodedata.category(character)[0] in WORD_CATEGORIES


def gather(pieces: list[tuple[str, str | None]]) -> list[Part]:
    """Cut the literal pieces of a walk into words; a piece with a label stays whole.

    >>> gather([("set  timer for ", None), ("5", "minutes"), ("-", None), ("minute", None), ("s", None)])[-2:]
    [Part(text='5', label='minutes', glued=False), Part(text='-minutes', label=None, glued=True)]
    """
    parts: list[Part] = []
    blank = True
    for text, label in pieces:
        if label is not None:
            value = " ".join(text.split())
            if value:
                parts.append(Part(value, label, not blank))
                blank = False
            continue
        words = text.split()
        if not words:
            blank = blank or bool(text)
            continue
        blank = blank or text[0].isspace()
        for word in words:
            if not blank and parts and parts[-1].label is None:
                parts[-1] = parts[-1]._replace(text=parts[-1].text + word)
            else:
                parts.append(Part(word, None, not blank))
            blank = True
        blank = text[-1].isspace()
    return parts


def join(parts: list[Part]) -> tuple[str, tuple[Slot, ...]]:
    """Join the parts into a text and its slots.

    A word that would run into a slot's word is set apart, since slots sit on token borders.

    >>> join([Part("dim to"), Part("40", "brightness"), Part("%", None, glued=True)])
    ('dim to 40%', (Slot(start=7, end=9, label='brightness'),))
    >>> join([Part("2700", "temperature"), Part("k", None, glued=True)])[0]
    '2700 k'
    """
    text = ""
    slots: list[Slot] = []
    for part in parts:
        together = part.glued and not (
            text and is_word_character(text[-1]) and is_word_character(part.text[0])
        )
        if text and not together:
            text += " "
        if part.label is not None:
            slots.append(Slot(len(text), len(text) + len(part.text), part.label))
        text += part.text
    return text, tuple(slots)


def word(parts: list[Part], index: int) -> str:
    """Return the literal word at an index; empty outside of the parts and where a slot is."""
    return parts[index].text if 0 <= index < len(parts) and parts[index].label is None else ""


def label(parts: list[Part], index: int) -> str:
    """Return the label of the slot at an index; empty where none is."""
    return (parts[index].label or "") if 0 <= index < len(parts) else ""
