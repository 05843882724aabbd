"""Tokens for formats that annotate tokens: those of canvass, cut further where a slot begins or ends inside one."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from canvass.corpus.characters import KIND, SINGLE, describe
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses, named
from canvass.corpus.spans import OUTSIDE, is_tag, spans_of, text_tokens
from canvass.errors import InputError, shown
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
    return _cut([(token.start, token.end) for token in text_tokens(text)], slots)


def words_of(text: str, slots: Sequence[Slot]) -> list[tuple[int, int]]:
    """Cut a text at white space and at the borders of slots; (start, end) of each piece."""
    return _cut([match.span() for match in WORD.finditer(text)], slots)


def _cut(spans: Iterable[tuple[int, int]], slots: Sequence[Slot]) -> list[tuple[int, int]]:
    borders = sorted({offset for slot in slots for offset in (slot.start, slot.end)})
    pieces: list[tuple[int, int]] = []
    before = 0
    for begin, end in spans:
        # Tokens are those of the normal form: in rare texts two of them are made of the same characters.
        start = max(begin, before)
        if start >= end:
            continue
        before = end
        inside = borders[bisect.bisect_right(borders, start) : bisect.bisect_left(borders, end)]
        pieces += list(zip([start, *inside], [*inside, end], strict=True))
    return pieces


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
    spans = []
    for slot in utterance.slots or ():
        span = covered(slot, pieces)
        detail = f"slot {shown(slot.label)} at {slot.start}-{slot.end}"
        if span is None:
            losses.report("slots of white space alone", named(utterance, detail))
            continue
        if (pieces[span[0]][0], pieces[span[1]][1]) != (slot.start, slot.end):
            losses.report("white space at the rims of slots", named(utterance, detail))
        spans.append((*span, slot.label))
    return spans


def list_of(value: Any, name: str, where: str) -> list[Any]:
    """Take the list of a field; raises InputError if it is something else."""
    if not isinstance(value, list):
        raise InputError(f"{where}: field {name!r} is {shown(value)}; expected a list")
    return value


def strings_of(value: Any, name: str, where: str) -> list[str]:
    """Take the list of strings of a field; raises InputError if it is something else."""
    wrong = [item for item in list_of(value, name, where) if not isinstance(item, str)]
    if wrong:
        raise InputError(f"{where}: field {name!r} has {shown(wrong[0])}; expected strings")
    return list(value)


def places_of_tokens(text: str, words: Sequence[str], where: str | Sequence[str]) -> list[tuple[int, int]]:
    """Find tokens in a text, (start, end) of each; `where` they are, or each.

    Raises InputError unless they follow one after the other, with nothing but white space between, and, where they are
    in one place, spell all of the text.
    """
    places: list[tuple[int, int]] = []
    end = 0
    for index, word in enumerate(words):
        start = text.find(word, end)
        if start < 0 or text[end:start].strip():
            place = where if isinstance(where, str) else where[index]
            raise InputError(
                f"{place}: the token {shown(word)} does not follow in the text {shown(text)}, after character {end}"
            )
        end = start + len(word)
        places.append((start, end))
    if isinstance(where, str) and text[end:].strip():
        raise InputError(
            f"{where}: the tokens end before {shown(text[end:])}; expected them to spell the text"
        )
    return places


def slots_of_tokens(
    text: str, words: Sequence[str], spans: Sequence[tuple[int, int, str]], where: str | Sequence[str]
) -> list[dict[str, Any]]:
    """Make the records of slots, (first token, last token, label), in a text; raises as `places_of_tokens`."""
    places = places_of_tokens(text, words, where)
    return [
        {"start": places[first][0], "end": places[last][1], "label": label} for first, last, label in spans
    ]


def record_of_tokens(
    record: dict[str, Any],
    fields: tuple[str, str],
    columns: Columns,
    where: str,
    bad: BadLines,
    *,
    plain: bool | None = None,
) -> dict[str, Any]:
    """Give a record a text and slots where it has tokens and tags instead.

    `fields` are the names of tokens and tags; `plain` says that tags are labels alone, without B- and I- (IO), None
    that each record tells that itself.
    """
    tokens, tags = fields
    words = record.get(tokens)
    made = dict(record)
    if words is not None and record.get(columns.text) is None:
        words = strings_of(words, tokens, where)
        made[columns.text] = joined(words)
        report_joined(made[columns.text], words, (), where, bad)
    if words is None or record.get(tags) is None or record.get(columns.slots) is not None:
        return made
    if not isinstance(made[columns.text], str):
        return made
    words, names = strings_of(words, tokens, where), strings_of(record[tags], tags, where)
    if len(words) != len(names):
        raise InputError(f"{where}: {len(words)} tokens have {len(names)} tags; expected one for each")
    if plain is None:
        plain = not any(is_tag(name) for name in names if name != OUTSIDE)
    spans = spans_of([f"I-{name}" if plain and name != OUTSIDE else name for name in names], where)
    return made | {columns.slots: slots_of_tokens(made[columns.text], words, spans, where)}
