"""The only normaliser: from a text to its key, and from offsets in the key back into the text.

The key is the text in Unicode NFC, white-space runs as one blank, trimmed, case kept. Two utterances of equal
key are one candidate, and every score is a function of the key alone.

`keys` is the fast way for a column: a compiled scan finds the few texts that are not their own key already, and
of those only what is not ASCII goes through `key_of`. It is checked against `key_of` text by text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.corpus.characters import KIND, SPACE, UNSETTLED, describe, tables

if TYPE_CHECKING:
    import pyarrow as pa


def key_of(text: str) -> str:
    r"""Normalise a text to its key.

    >>> key_of("  play\t cafe\u0301  ")
    'play café'
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


MOST_BYTES = 2**31 - 1  # of a column of strings
LONGEST_TRIED = 32  # characters of a piece; a longer one, of marks upon marks, stays whole


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

    The text is cut where NFC does not join across the cut, so the pieces are normalised one by one; a character
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
    for cut in _cuts(text):
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


def _cuts(text: str) -> Iterator[int]:
    """Find where a text can be cut, ascending: the ends of the pieces that NFC keeps apart.

    Before a settled character NFC never joins. Between two such places it may still keep apart what it changes (a
    syllable of three letters and a compatibility ideograph, say), which shows in a short piece by trying.
    """
    begin = 0
    for end in [*(i for i in range(1, len(text)) if not describe(text[i]) & UNSETTLED), len(text)]:
        if 1 < end - begin <= LONGEST_TRIED and not text[begin:end].isascii():
            for cut in range(begin + 1, end):
                if _apart(text[begin:cut], text[cut:end]):
                    yield cut
                    begin = cut
        yield end
        begin = end


def _apart(first: str, second: str) -> bool:
    """Whether NFC keeps two strings apart."""
    joined = unicodedata.normalize("NFC", first + second)
    return unicodedata.normalize("NFC", first) + unicodedata.normalize("NFC", second) == joined


def string_buffers(column: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """View a column of strings without nulls as offsets, int64 (N + 1,), and bytes of UTF-8, uint8; both read-only.

    There are at least CHUNK bytes, so that kernels may load a whole chunk. Types never vary: a kernel is compiled for
    each type of offset that it meets, and for arrays that may be written and again for those that may not.
    """
    from canvass.machine import CHUNK

    _, offsets, data = column.buffers()
    first = column.offset
    ends = np.zeros(len(column) + 1, dtype=np.int64)
    text = np.zeros(CHUNK, dtype=np.uint8)
    if len(column) and data is not None:
        ends[:] = np.frombuffer(offsets, dtype=np.int32, count=first + len(column) + 1)[first:]
        if data.size < CHUNK:
            text[: data.size] = np.frombuffer(data, dtype=np.uint8)
        else:
            text = np.frombuffer(data, dtype=np.uint8)
    ends.flags.writeable = text.flags.writeable = False
    return ends, text


def keys(texts: pa.Array) -> pa.Array:
    """Normalise a column of texts, `string` without nulls, to the column of their keys."""
    from canvass.corpus.scanning import find_unsettled

    offsets, data = string_buffers(texts)
    unsettled = np.zeros(len(texts), dtype=np.bool_)
    find_unsettled(offsets, data, tables().description, unsettled)
    if not unsettled.any():
        return texts
    return with_keys(texts, unsettled, keys_of(texts, unsettled))


def keys_of(texts: pa.Array, chosen: NDArray[np.bool_]) -> pa.Array:
    """Normalise the chosen texts of a column, `chosen` bool (N,): ASCII together, others one by one."""
    import pyarrow as pa

    from canvass.corpus.scanning import collapse_ascii

    some = texts.filter(pa.array(chosen))
    offsets, data = string_buffers(some)
    both = pa.allocate_buffer(4 * len(offsets)), pa.allocate_buffer(int(offsets[-1]) - int(offsets[0]))
    key_offsets, key_data = np.frombuffer(both[0], dtype=np.int32), np.frombuffer(both[1], dtype=np.uint8)
    foreign = np.zeros(len(some), dtype=np.bool_)
    collapse_ascii(offsets, data, key_offsets, key_data, foreign)
    collapsed = pa.StringArray.from_buffers(len(some), *both)
    if not foreign.any():
        return collapsed
    others = [key_of(text) for text in some.filter(pa.array(foreign)).to_pylist()]
    return with_keys(collapsed, foreign, pa.array(others, type=pa.string()))


def with_keys(texts: pa.Array, chosen: NDArray[np.bool_], chosen_keys: pa.Array) -> pa.Array:
    """Put the keys of the chosen texts in their places."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from canvass.corpus.scanning import replace_texts

    (offsets, data), (new_offsets, new_data) = string_buffers(texts), string_buffers(chosen_keys)
    room = int(offsets[-1]) - int(offsets[0]) + int(new_offsets[-1])
    if room > MOST_BYTES:
        return pc.replace_with_mask(texts, pa.array(chosen), chosen_keys)
    both = pa.allocate_buffer(4 * len(offsets)), pa.allocate_buffer(room)  # Arrow uses its memory again
    joined_offsets, joined_data = (
        np.frombuffer(both[0], dtype=np.int32),
        np.frombuffer(both[1], dtype=np.uint8),
    )
    replace_texts(offsets, data, chosen, new_offsets, new_data, joined_offsets, joined_data)
    return pa.StringArray.from_buffers(len(texts), *both)
