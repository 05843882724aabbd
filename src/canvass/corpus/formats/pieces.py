"""Tokens for formats that annotate tokens: those of canvass, cut further where a slot begins or ends inside one."""

from __future__ import annotations

import bisect
import re
import unicodedata
from typing import TYPE_CHECKING

from canvass.corpus.characters import KIND, SINGLE, describe
from canvass.corpus.formats.losses import named
from canvass.corpus.spans import text_tokens
from canvass.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from canvass.corpus.formats.losses import Losses
    from canvass.corpus.formats.records import BadLines
    from canvass.types import Slot, Utterance

WORD = re.compile(r"\S+")


def joined(tokens: Sequence[str], glued: Sequence[bool] = ()) -> str:
    """Make a text of tokens: a blank between two, but none where both are of a script that is written without.

    `glued` says, where it is known, of each token that none follows.

    >>> joined(["to", "Rome"]), joined(["去", "北", "京"])
    ('to Rome', '去北京')
    """
    pieces: list[str] = []
    for index, token in enumerate(tokens):
        if index and not (glued and glued[index - 1]) and not _is_unspaced(tokens[index - 1], token):
            pieces.append(" ")
        pieces.append(token)
    return "".join(pieces)


def report_joined(
    text: str, tokens: Sequence[str], glued: Sequence[object], where: str, bad: BadLines
) -> None:
    """Note that the blanks between tokens of scripts without blanks were left out, if the text was joined like that."""
    if not glued and text != " ".join(tokens):
        bad.lost("whether tokens of scripts without blanks had some between them (joined without)", where)


def _is_unspaced(before: str, after: str) -> bool:
    pair = before[-1:], after[:1]
    kinds = [describe(character) & KIND == SINGLE for character in pair if character]
    return len(kinds) == len(pair) and (
        all(kinds)
        or (any(kinds) and all(unicodedata.east_asian_width(character) in "WF" for character in pair))
    )


def pieces_of(text: str, slots: Sequence[Slot]) -> list[tuple[int, int]]:
    """Cut a text into its tokens, and these at the borders of slots; (start, end) of each.

    >>> from canvass.types import Slot
    >>> [("7pm tonight")[slice(*piece)] for piece in pieces_of("7pm tonight", [Slot(0, 1, "hour")])]
    ['7', 'pm', 'tonight']
    """
    return _cut([(token.start, token.end) for token in text_tokens(text)[1]], slots)


def words_of(text: str, slots: Sequence[Slot]) -> list[tuple[int, int]]:
    """Cut a text at white space and at the borders of slots; (start, end) of each piece."""
    return _cut([match.span() for match in WORD.finditer(text)], slots)


def _cut(spans: Iterable[tuple[int, int]], slots: Sequence[Slot]) -> list[tuple[int, int]]:
    borders = sorted({offset for slot in slots for offset in (slot.start, slot.end)})
    found: list[tuple[int, int]] = []
    before = 0
    for begin, end in spans:
        # Tokens are those of the normal form: in rare texts two of them are made of the same characters.
        start = max(begin, before)
        if start >= end:
            continue
        before = end
        inside = borders[bisect.bisect_right(borders, start) : bisect.bisect_left(borders, end)]
        found += list(zip([start, *inside], [*inside, end], strict=True))
    return found


def covered(slot: Slot, pieces: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Find the pieces that a slot is made of, first and last; None if it is white space alone.

    The pieces must have been cut at its borders.
    """
    first = bisect.bisect_left(pieces, (slot.start, slot.start))
    last = bisect.bisect_left(pieces, (slot.end, slot.end)) - 1
    return (first, last) if first <= last else None


def spans_of_slots(
    utterance: Utterance, pieces: Sequence[tuple[int, int]], losses: Losses
) -> list[tuple[int, int, str]]:
    """Find the pieces of each slot, (first, last, label); what of them is white space is reported as lost."""
    found = []
    for slot in utterance.slots or ():
        span = covered(slot, pieces)
        detail = f"slot {shown(slot.label)} at {slot.start}-{slot.end}"
        if span is None:
            losses.report("slots of white space alone", named(utterance, detail))
            continue
        if (pieces[span[0]][0], pieces[span[1]][1]) != (slot.start, slot.end):
            losses.report("white space at the rims of slots", named(utterance, detail))
        found.append((*span, slot.label))
    return found
