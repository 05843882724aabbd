"""The tagger's attributes of `features.reference`, compiled, straight from the bytes of a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.compiled import compiled, inlined
from canvass.corpus.characters import KIND, LETTER, NUMBER, SINGLE, UPPER
from canvass.corpus.scanning import code_point
from canvass.features.scan import hash_bytes, mix, scan
from canvass.seeding import hash64

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Stands for the tokens before the first and after the last.
BEYOND = np.uint64(hash64(b"\x00"))
ATTRIBUTES = (
    "bias", "word", "prefix3", "suffix2", "suffix3", "shape",
    "word-2", "word-1", "word+1", "word+2", "word-1|word", "word|word+1",
)  # fmt: skip
PREFIX_3 = 2
OWN = 6  # the first ones look at the token alone; the next four at one neighbour, the last two at a pair
BEFORE_HERE, HERE_AFTER = 10, 11
NEIGHBOURS = np.array([-2, -1, 1, 2])  # of the attributes from OWN on
NAMES = np.array([hash64(name.encode()) for name in ATTRIBUTES], dtype=np.uint64)


@compiled
def prefix_end(lowered: NDArray[np.uint8], low: int, high: int, characters: int) -> int:
    """Find where the first few characters of lowered[low:high] end."""
    at = low
    while at < high and characters > 0:
        at += 1
        while at < high and lowered[at] & 0xC0 == 0x80:
            at += 1
        characters -= 1
    return at


@compiled
def suffix_start(lowered: NDArray[np.uint8], low: int, high: int, characters: int) -> int:
    """Find where the last few characters of lowered[low:high] begin."""
    at = high
    while at > low and characters > 0:
        at -= 1
        while at > low and lowered[at] & 0xC0 == 0x80:
            at -= 1
        characters -= 1
    return at


@compiled
def draw_shape(
    data: NDArray[np.uint8], low: int, high: int, description: NDArray[np.uint8], drawn: NDArray[np.uint8]
) -> int:
    """Write the shape of a token as written to `drawn`; returns its size in bytes."""
    size = 0
    before = 0
    at = low
    while at < high:
        point, width = code_point(data, at)
        described = description[point]
        kind = described & KIND
        sign = 0
        if described & UPPER:
            sign = 0x58  # X
        elif kind == LETTER or kind == SINGLE:
            sign = 0x78  # x
        elif kind == NUMBER:
            sign = 0x64  # d
        if sign == 0:
            for i in range(width):
                drawn[size + i] = data[at + i]
            size += width
        elif sign != before:
            drawn[size] = sign
            size += 1
        before = sign
        at += width
    return size


@compiled
def own_attributes(
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    lowered: NDArray[np.uint8],
    place: NDArray[np.int64],
    word: np.uint64,
    drawn: NDArray[np.uint8],
    attributes: NDArray[np.uint64],
) -> None:
    """Hash the attributes that look at one token alone. Writes `attributes[:OWN]`.

    `place` and `word` are the token's row and hash from `scan`; `drawn` uint8 (longest token + 8,) is scratch.
    """
    low, high = place[2], place[3]
    attributes[0] = NAMES[0]
    attributes[1] = mix(NAMES[1] ^ word)
    for a in range(2, 5):
        begin, end = low, high
        if a == PREFIX_3:
            end = prefix_end(lowered, low, high, 3)
        else:
            begin = suffix_start(lowered, low, high, a - 1)
        attributes[a] = mix(NAMES[a] ^ hash_bytes(lowered, begin, end))
    size = draw_shape(data, place[0], place[1], description, drawn)
    attributes[5] = mix(NAMES[5] ^ hash_bytes(drawn, 0, size))


@inlined
def pair_state(first: np.uint64, pair: int) -> np.uint64:
    """Begin the hash of the attribute numbered `pair` (BEFORE_HERE or HERE_AFTER) with the first of its two words."""
    return mix(NAMES[pair] ^ first)


@inlined
def word_or_beyond(hashes: NDArray[np.uint64], count: int, t: int) -> np.uint64:
    """Take the hash of word t of T, or BEYOND where there is none."""
    return hashes[t] if 0 <= t < count else BEYOND


@compiled
def token_attributes(
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    count: int,
    lowered: NDArray[np.uint8],
    places: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    drawn: NDArray[np.uint8],
    attributes: NDArray[np.uint64],
) -> None:
    """Hash the attributes of the T tokens that `scan` found. Writes `attributes` uint64 (T, 12).

    `drawn` uint8 (longest token + 8,) is scratch.
    """
    for t in range(count):
        own_attributes(data, description, lowered, places[t], hashes[t], drawn, attributes[t])
        for a in range(OWN, BEFORE_HERE):
            attributes[t, a] = mix(NAMES[a] ^ word_or_beyond(hashes, count, t + NEIGHBOURS[a - OWN]))
        for a in range(BEFORE_HERE, HERE_AFTER + 1):
            first = t + a - HERE_AFTER
            state = pair_state(word_or_beyond(hashes, count, first), a)
            attributes[t, a] = mix(state ^ word_or_beyond(hashes, count, first + 1))


@compiled
def fill_attributes(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    lowered: NDArray[np.uint8],
    places: NDArray[np.int64],
    words: NDArray[np.bool_],
    hashes: NDArray[np.uint64],
    drawn: NDArray[np.uint8],
    starts: NDArray[np.int64],
    attributes: NDArray[np.uint64],
) -> None:
    """Hash the attributes of every token of a column of keys.

    Writes `starts` int64 (N + 1,), from a zero on: the first token of each key; `attributes` uint64 (all tokens, 12),
    which must have room for a token a byte. The others are scratch of `scan` and `token_attributes`.
    """
    for row in range(len(offsets) - 1):
        count = scan(
            data,
            offsets[row],
            offsets[row + 1],
            len(hashes),
            description,
            lower,
            lowered,
            places,
            words,
            hashes,
        )
        first = starts[row]
        own = attributes[first : first + count]
        token_attributes(data, description, count, lowered, places, hashes, drawn, own)
        starts[row + 1] = first + count
