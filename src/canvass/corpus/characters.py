"""Character classes of the text rules.

A description has the kind of a character in its low three bits, and flags. `describe` is the specification; `tables`
holds its value for every code point, for the compiled kernels.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KIND = 0b111  # mask of the kind within a description
OTHER = 0  # punctuation, symbols, emoji, controls: a token of its own
SPACE = 1  # separates tokens
LETTER = 2
NUMBER = 3
MARK = 4  # belongs to the character before it
SINGLE = 5  # a character of a script written without blanks: a token of its own, with its marks

UPPER = 0b0_1000  # upper or title case: `X` in a word's shape
UNSETTLED = 0b1_0000  # Unicode NFC may change it, or may join it with the character before it

# White space of str.isspace and str.split, listed so that it does not change with the version of Python.
WHITE_SPACE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + ("\u2028\u2029\u202f\u205f\u3000")
)

# Han, Hiragana, Katakana, Thai, Lao, Khmer and Myanmar (Unicode's Scripts.txt; first and last code point).
UNSPACED_SCRIPTS = (
    (0x0E01, 0x0E3A), (0x0E40, 0x0E5B),  # Thai
    (0x0E81, 0x0EDF),  # Lao
    (0x1000, 0x109F), (0xA9E0, 0xA9FE), (0xAA60, 0xAA7F), (0x116D0, 0x116E3),  # Myanmar
    (0x1780, 0x17F9), (0x19E0, 0x19FF),  # Khmer
    (0x3041, 0x3096), (0x309D, 0x309F), (0x1B001, 0x1B11F), (0x1B132, 0x1B132), (0x1B150, 0x1B152),  # Hiragana
    (0x30A1, 0x30FA), (0x30FD, 0x30FF), (0x31F0, 0x31FF), (0x32D0, 0x32FE), (0x3300, 0x3357),  # Katakana
    (0xFF66, 0xFF6F), (0xFF71, 0xFF9D), (0x1AFF0, 0x1AFFE), (0x1B000, 0x1B000),  # Katakana
    (0x1B120, 0x1B122), (0x1B155, 0x1B155), (0x1B164, 0x1B167),  # Katakana
    (0x2E80, 0x2FD5), (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B),  # Han
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAD9), (0x16FF0, 0x16FF1), (0x20000, 0x323AF),  # Han
)  # fmt: skip

CODE_POINTS = 0x110000
# Beyond the first two planes no character has case, and only the ranges that `tables` fills in matter.
CASED_CODE_POINTS = 0x20000
IDEOGRAPHS = range(0x20000, 0x323B0)
COMPATIBILITY_IDEOGRAPHS = range(0x2F800, 0x2FA1E)
VARIATION_SELECTORS = range(0xE0100, 0xE01F0)

_KIND_OF_CATEGORY = {"L": LETTER, "M": MARK, "N": NUMBER}
_UPPER_CATEGORIES = ("Lu", "Lt")


class CharacterTables(NamedTuple):
    """`description` uint8 (0x110000,): kind and flags. `lower` int32 (0x20000,): the lower-case code point."""

    description: NDArray[np.uint8]
    lower: NDArray[np.int32]


@functools.cache
def _canonical_decompositions() -> dict[int, list[int]]:
    """Map code points to their canonical decompositions, of one step."""
    return {
        code: [int(part, 16) for part in parts.split()]
        for code, parts in enumerate(map(unicodedata.decomposition, map(chr, range(CASED_CODE_POINTS))))
        if parts and not parts.startswith("<")
    }


@functools.cache
def _joins_backwards() -> frozenset[str]:
    """List characters that are no combining marks, and that NFC may still compose with the one before them."""
    hangul = (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))  # conjoining vowels and finals
    second = (parts[1] for parts in _canonical_decompositions().values() if len(parts) > 1)
    return frozenset(map(chr, (*hangul, *second)))


def is_settled(character: str) -> bool:
    """Tell whether NFC leaves a single character as it is."""
    return unicodedata.is_normalized("NFC", character)


@functools.cache
def _unspaced() -> frozenset[int]:
    return frozenset(code for first, last in UNSPACED_SCRIPTS for code in range(first, last + 1))


@functools.lru_cache(maxsize=4096)
def describe(character: str) -> int:
    """Compute the kind and flags of a character.

    >>> describe("a") == LETTER, describe("R") == LETTER | UPPER, describe("!") == OTHER
    (True, True, True)
    >>> describe("ไ") == SINGLE
    True
    """
    category = unicodedata.category(character)
    if character in WHITE_SPACE:
        kind = SPACE
    elif ord(character) in IDEOGRAPHS:
        kind = SINGLE  # also those unassigned in this Python's version of Unicode
    else:
        kind = _KIND_OF_CATEGORY.get(category[0], OTHER)
        if kind in (LETTER, NUMBER) and ord(character) in _unspaced():
            kind = SINGLE
    if category in _UPPER_CATEGORIES:
        kind |= UPPER
    if unicodedata.combining(character) or character in _joins_backwards() or not is_settled(character):
        kind |= UNSETTLED
    return kind


@functools.cache
def tables() -> CharacterTables:
    """Build the tables of `describe` and of pyarrow's `utf8_lower` for all code points."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    characters = list(map(chr, range(CASED_CODE_POINTS)))
    categories = list(map(unicodedata.category, characters))
    kind_of = {category: _KIND_OF_CATEGORY.get(category[0], OTHER) for category in set(categories)}
    kind_of |= dict.fromkeys(_UPPER_CATEGORIES, LETTER | UPPER)
    description = np.zeros(CODE_POINTS, dtype=np.uint8)
    kinds = description[:CASED_CODE_POINTS]
    kinds[:] = [kind_of[category] for category in categories]
    for first, last in UNSPACED_SCRIPTS:
        script = kinds[first : last + 1]
        script[(script == LETTER) | (script == NUMBER)] = SINGLE
    kinds[list(map(ord, WHITE_SPACE))] = SPACE
    kinds[np.array(list(map(unicodedata.combining, characters))) > 0] |= UNSETTLED
    kinds[list(map(ord, _joins_backwards()))] |= UNSETTLED
    kinds[[code for code in _canonical_decompositions() if not is_settled(chr(code))]] |= UNSETTLED
    description[IDEOGRAPHS.start : IDEOGRAPHS.stop] = SINGLE
    description[COMPATIBILITY_IDEOGRAPHS.start : COMPATIBILITY_IDEOGRAPHS.stop] |= UNSETTLED
    description[VARIATION_SELECTORS.start : VARIATION_SELECTORS.stop] = MARK
    lower = np.arange(CASED_CODE_POINTS, dtype=np.int32)
    storable = np.flatnonzero((lower < 0xD800) | (lower > 0xDFFF))  # noqa: PLR2004 - surrogates cannot be encoded
    lowered = pc.utf8_lower(pa.scalar("".join(map(chr, storable)))).as_py()
    lower[storable] = np.frombuffer(lowered.encode("utf-32-le"), dtype=np.int32)
    for array in (description, lower):
        array.flags.writeable = False
    return CharacterTables(description, lower)


def lower(text: str) -> str:
    """Lower-case each code point independently, as pyarrow's `utf8_lower` does (without the final form of sigma).

    >>> lower("ΟΔΟΣ İstanbul")
    'οδοσ istanbul'
    """
    if text.isascii():
        return text.lower()
    import pyarrow as pa
    import pyarrow.compute as pc

    lowered: str = pc.utf8_lower(pa.scalar(text)).as_py()
    return lowered
