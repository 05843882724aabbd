"""Every random choice of canvass: a hash of (seed, purpose, key), or a generator of (seed, purpose, index).

Draws that belong to an utterance are hashes of its key, so that they do not depend on the order, the sharding
or the engine that met it. `hash64` and `mix64` are the readable twins of the compiled ones in
`features.kernels`, and give the same 64 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MASK = (1 << 64) - 1
HASH_START = 0x9E3779B97F4A7C15
WORD_FACTOR = 0xD6E8FEB86659FD93
MIX_FACTORS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


def hash64(data: bytes) -> int:
    """Hash bytes to 64 bits, eight bytes at a time.

    Each little-endian word (the last one padded with zeros) is exclusive-ored into the state, which is then
    multiplied, and its high half folded onto the low one; the length goes in last, so that a scanner may hash a
    token before it knows where it ends. Every step is a bijection of the state: tokens of at most eight bytes and
    one length never collide.
    """
    state = HASH_START
    for start in range(0, len(data), 8):
        state = _fold(state, int.from_bytes(data[start : start + 8], "little"))
    return _fold(state, len(data))


def _fold(state: int, word: int) -> int:
    state = ((state ^ word) * WORD_FACTOR) & MASK
    return state ^ (state >> 32)


def mix64(state: int) -> int:
    """Spread the bits of a state over all 64 (the finaliser of SplitMix64; Steele, Lea, Flood 2014)."""
    state = ((state ^ (state >> 30)) * MIX_FACTORS[0]) & MASK
    state = ((state ^ (state >> 27)) * MIX_FACTORS[1]) & MASK
    return state ^ (state >> 31)


def salt(seed: int, purpose: str) -> int:
    """64 bits of a seed and a purpose, to be combined with the hash of a key."""
    return mix64(hash64(f"{seed}/{purpose}".encode()))


def uniform(seed: int, purpose: str, key: str) -> float:
    """Draw from [0, 1) for one key: the twin of `uniforms`."""
    return (mix64(hash64(key.encode()) ^ salt(seed, purpose)) >> 11) * 2.0**-53


def uniforms(salt_of_draw: int, key_hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Draw from [0, 1) for each key hash, uint64 (N,); returns float64 (N,).

    >>> import numpy as np
    >>> hashes = np.array([hash64(b"play river")], dtype=np.uint64)
    >>> float(uniforms(salt(7, "selection"), hashes)[0]) == uniform(7, "selection", "play river")
    True
    """
    import numpy as np

    return (mix_array(key_hashes ^ np.uint64(salt_of_draw)) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def mix_array(states: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of each state, uint64, as `mix64`."""
    import numpy as np

    states = (states ^ (states >> np.uint64(30))) * np.uint64(MIX_FACTORS[0])
    states = (states ^ (states >> np.uint64(27))) * np.uint64(MIX_FACTORS[1])
    return states ^ (states >> np.uint64(31))


def generator(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Make the one explicit generator for a purpose: independent of every other purpose and index."""
    import numpy as np

    return np.random.Generator(np.random.PCG64([seed & MASK, hash64(purpose.encode()), index]))


def derived_seed(seed: int, purpose: str, index: int = 0) -> int:
    """Derive a 31-bit seed, for libraries that take a small integer."""
    return mix64(salt(seed, purpose) + index & MASK) >> 33
