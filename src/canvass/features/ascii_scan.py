"""Eight ASCII bytes at a time: which are letters or digits, and their lower case, by arithmetic on all together.

Adding a constant to each byte sets its high bit where it is beyond a bound, and no carry crosses bytes since their
high bits are cleared first.
"""

from __future__ import annotations

import numpy as np

from canvass.compiled import compiled
from canvass.corpus.characters import KIND, describe
from canvass.corpus.scanning import EACH, HIGH_BITS, LOW_BITS
from canvass.features.scan import APOSTROPHE

SHORT = 64  # bytes: as many as a word has bits
FOREIGN = 0xFF  # the kind of a byte that is not ASCII
KINDS = np.array([describe(chr(byte)) & KIND for byte in range(128)] + [FOREIGN] * 128, dtype=np.uint8)

FROM_UPPER_A, BEYOND_UPPER_Z = np.uint64((0x80 - ord("A")) * EACH), np.uint64((0x7F - ord("Z")) * EACH)
FROM_LOWER_A, BEYOND_LOWER_Z = np.uint64((0x80 - ord("a")) * EACH), np.uint64((0x7F - ord("z")) * EACH)
FROM_ZERO, BEYOND_NINE = np.uint64((0x80 - ord("0")) * EACH), np.uint64((0x7F - ord("9")) * EACH)
APOSTROPHES = np.uint64(APOSTROPHE * EACH)
# Multiplied by this, the lowest bits of eight bytes become the bits of the highest byte, in their order.
GATHER = np.uint64(0x0102_0408_1020_4080)
TWO, SEVEN, LAST_BYTE = np.uint64(2), np.uint64(7), np.uint64(56)


@compiled
def lower_case(word: np.uint64) -> np.uint64:
    """Lower the ASCII letters among eight bytes."""
    heptets = word & LOW_BITS
    upper = (heptets + FROM_UPPER_A) & ~(heptets + BEYOND_UPPER_Z) & ~word & HIGH_BITS
    return word | (upper >> TWO)


@compiled
def no_word_characters(word: np.uint64) -> np.uint64:
    """Set the high bit of each of eight lower-cased bytes that is no ASCII letter or digit."""
    heptets = word & LOW_BITS
    letters = (heptets + FROM_LOWER_A) & ~(heptets + BEYOND_LOWER_Z)
    digits = (heptets + FROM_ZERO) & ~(heptets + BEYOND_NINE)
    return ~((letters | digits) & ~word) & HIGH_BITS


@compiled
def gather(high_bits: np.uint64) -> np.uint64:
    """Collect the high bits of eight bytes in the lowest byte, the first byte's lowest."""
    return ((high_bits >> SEVEN) * GATHER) >> LAST_BYTE
