"""The tagger's attributes of `features.reference`, compiled, straight from the bytes of a key."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled, inlined
from canvass.corpus.characters import KIND, LETTER, NUMBER, SINGLE, UPPER
from canvass.corpus.scanning import code_point
from canvass.features.scan import hash_bytes, mix
from canvass.seeding import hash64

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


@inlined
def pair_state(first: np.uint64, pair: int) -> np.uint64:
    """Begin the hash of the attribute numbered `pair` (BEFORE_HERE or HERE_AFTER) with the first of its two words."""
    return mix(NAMES[pair] ^ first)


@inlined
def word_or_beyond(hashes: NDArray[np.uint64], first: int, end: int, t: int) -> np.uint64:
    """Take the hash of token t of those of a key, first:end, or BEYOND where it is none of them."""
    return hashes[t] if first <= t < end else BEYOND


@compiled
def fill_attributes(
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    lowered: NDArray[np.uint8],
    starts: NDArray[np.int64],
    places: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    drawn: NDArray[np.uint8],
    surfaces: NDArray[np.uint64],
    attributes: NDArray[np.uint64],
) -> None:
    """Hash the attributes of the tokens that `scan` found in N keys.

    Writes `attributes` uint64 (tokens, 12) and `surfaces` uint64 (tokens,): the hashes of the tokens as they are
    written. `drawn` uint8 (longest token + 8,) is scratch.
    """
    for row in range(len(starts) - 1):
        first, end = starts[row], starts[row + 1]
        for t in range(first, end):
            low, high = places[t, 2], places[t, 3]
            attributes[t, 0] = NAMES[0]
            attributes[t, 1] = mix(NAMES[1] ^ hashes[t])
            for a in range(2, 5):
                begin, stop = low, high
                if a == PREFIX_3:
                    stop = prefix_end(lowered, low, high, 3)
                else:
                    begin = suffix_start(lowered, low, high, a - 1)
                attributes[t, a] = mix(NAMES[a] ^ hash_bytes(lowered, begin, stop))
            size = draw_shape(data, places[t, 0], places[t, 1], description, drawn)
            attributes[t, 5] = mix(NAMES[5] ^ hash_bytes(drawn, 0, size))
            surfaces[t] = hash_bytes(data, places[t, 0], places[t, 1])
            for a in range(OWN, BEFORE_HERE):
                word = word_or_beyond(hashes, first, end, t + NEIGHBOURS[a - OWN])
                attributes[t, a] = mix(NAMES[a] ^ word)
            for a in range(BEFORE_HERE, HERE_AFTER + 1):
                before = t + a - HERE_AFTER
                state = pair_state(word_or_beyond(hashes, first, end, before), a)
                attributes[t, a] = mix(state ^ word_or_beyond(hashes, first, end, before + 1))
