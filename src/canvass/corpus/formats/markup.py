"""Texts with their slots marked, `wake me at [time : five am]`, and in chunks, of which some are slots."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from canvass.corpus.formats.losses import BadLines
from canvass.errors import shown
from canvass.types import Slot, Utterance

Chunk = tuple[str, str | None]  # words, and the label of the slot that they are

MARKED = re.compile(r"\[\s*([^\[\]:]+?)\s*: ?([^\[\]]*)\]")


def spelled(chunks: Iterable[Chunk], where: str = "", bad: BadLines | None = None) -> dict[str, Any]:
    """Make the record of a text with slots of its chunks; with `bad`, slots without words are left out and told.

    >>> spelled([("play ", None), ("jazz", "genre")])
    {'text': 'play jazz', 'slots': [{'start': 5, 'end': 9, 'label': 'genre'}]}
    """
    text = ""
    slots = []
    for words, label in chunks:
        if label is not None and (words or bad is None):
            slots.append({"start": len(text), "end": len(text) + len(words), "label": label})
        elif label is not None and bad is not None:
            bad.lost("slots without words", f"{where}: {shown(label)}")
        text += words
    return {"text": text, "slots": slots}


def chunks_of(utterance: Utterance) -> Iterator[Chunk]:
    """Cut an utterance into its slots and what is between them; no chunk is without words."""
    text, end = utterance.text, 0
    for slot in utterance.slots or ():
        if slot.start > end:
            yield text[end : slot.start], None
        end = slot.end
        yield text[slot.start : end], slot.label
    if end < len(text):
        yield text[end:], None


def chunks_at(
    pattern: re.Pattern[str], text: str, chunk: Callable[[re.Match[str]], Chunk]
) -> Iterator[Chunk]:
    """Cut a text at the marks of a pattern, of each of which `chunk` makes a chunk."""
    end = 0
    for match in pattern.finditer(text):
        yield text[end : match.start()], None
        yield chunk(match)
        end = match.end()
    yield text[end:], None


def parse(marked: str) -> tuple[str, list[Slot]]:
    """Take the marks out of a text; returns it and the slots.

    >>> parse("wake me at [time : five am]")
    ('wake me at five am', [Slot(start=11, end=18, label='time')])
    """
    record = spelled(chunks_at(MARKED, marked, lambda match: (match[2], match[1])))
    return record["text"], [Slot(**slot) for slot in record["slots"]]


def trimmed(slot: Slot, text: str) -> Slot | None:
    """Take the white space at the rims of a slot away; None if there is nothing else in it.

    >>> trimmed(Slot(4, 11, "day"), "for  today ")
    Slot(start=5, end=10, label='day')
    """
    words = text[slot.start : slot.end]
    start, end = slot.end - len(words.lstrip()), slot.start + len(words.rstrip())
    return Slot(start, end, slot.label) if start < end else None


def aligned(text: str, marked: str) -> list[Slot] | None:
    """Find the slots of a marked text in the text itself; None if they spell different words.

    Case and white space may differ; then a slot begins and ends with what is no white space.

    >>> aligned("Wake  me at Five", "wake me at [ time : five ]")
    [Slot(start=12, end=16, label='time')]
    """
    plain, slots = parse(marked)
    if plain == text:
        return slots
    of_text = [index for index, character in enumerate(text) if not character.isspace()]
    of_plain = [index for index, character in enumerate(plain) if not character.isspace()]
    if [text[index].lower() for index in of_text] != [plain[index].lower() for index in of_plain]:
        return None
    places = dict(zip(of_plain, of_text, strict=True))
    moved = []
    for slot in slots:
        inside = [places[index] for index in range(slot.start, slot.end) if index in places]
        moved += [Slot(inside[0], inside[-1] + 1, slot.label)] if inside else []
    return moved


def marked(text: str, slots: Sequence[Slot]) -> str | None:
    """Mark slots in a text; None if that would be read back as something else.

    >>> marked("wake me at five am", [Slot(11, 18, "time")])
    'wake me at [time : five am]'
    """
    chunks = chunks_of(Utterance(text, slots=tuple(slots)))
    written = "".join(words if label is None else f"[{label} : {words}]" for words, label in chunks)
    return written if parse(written) == (text, list(slots)) else None
