"""The only normaliser: from a text to its key, and from offsets in the key back into the text.

The key is the text in Unicode NFC, white-space runs as one blank, trimmed, case kept. Two utterances of equal
key are one candidate, and every score is a function of the key alone.

`keys` is the fast way for a column: a compiled scan finds the few texts that are not their own key already, and
only those go through `key_of`. It is checked against `key_of` text by text.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.corpus.characters import KIND, SPACE, UNSETTLED, describe, tables

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


def key_of(text: str) -> str:
    r"""Normalise a text to its key.

    >>> key_of("  play\t cafe\u0301  ")
    'play café'
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


class Normalised(NamedTuple):
    """A key with the way back: character i of the key came from text[starts[i]:ends[i]]."""

    key: str
    starts: list[int] | range
    ends: list[int] | range

    def text_span(self, start: int, end: int) -> tuple[int, int]:
        """Map a non-empty span of the key to the span of the text that it came from."""
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Normalised:
    """Normalise a text and keep the map of offsets back.

    The text is cut where NFC cannot join across the cut, so the pieces are normalised one by one; a character
    of a piece whose length changed maps to the whole piece.

    >>> normalise("cafe\u0301  noir").text_span(3, 4)
    (3, 5)
    """
    key = key_of(text)
    if key == text:
        return Normalised(key, range(len(text)), range(1, len(text) + 1))
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    begin = 0
    for cut in [*(i for i in range(1, len(text)) if not describe(text[i]) & UNSETTLED), len(text)]:
        piece = unicodedata.normalize("NFC", text[begin:cut])
        same_length = len(piece) == cut - begin
        for i, character in enumerate(piece):
            if describe(character) & KIND == SPACE:
                if not characters or characters[-1] == " ":
                    continue
                character = " "  # noqa: PLW2901 - every kind of white space becomes a blank
            characters.append(character)
            starts.append(begin + i if same_length else begin)
            ends.append(begin + i + 1 if same_length else cut)
        begin = cut
    if characters and characters[-1] == " ":
        characters.pop()
    return Normalised(key, starts[: len(key)], ends[: len(key)])


def string_buffers(column: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """View a column of strings without nulls as offsets, int32 (N + 1,), and bytes of UTF-8, uint8."""
    _, offsets, data = column.buffers()
    first = column.offset
    ends = np.frombuffer(offsets, dtype=np.int32, count=first + len(column) + 1) if len(column) else None
    if ends is None or data is None:
        return np.zeros(len(column) + 1, dtype=np.int32), np.zeros(0, dtype=np.uint8)
    return ends[first:], np.frombuffer(data, dtype=np.uint8)


def keys(texts: pa.Array) -> pa.Array:
    """Normalise a column of texts, `string` without nulls, to the column of their keys."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from canvass.corpus.scanning import find_unsettled

    offsets, data = string_buffers(texts)
    unsettled = np.zeros(len(texts), dtype=np.bool_)
    find_unsettled(offsets, data, tables().description, unsettled)
    if not unsettled.any():
        return texts
    mask = pa.array(unsettled)
    settled = [key_of(text) for text in texts.filter(mask).to_pylist()]
    return pc.replace_with_mask(texts, mask, pa.array(settled, type=pa.string()))
