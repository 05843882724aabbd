"""How many distinct keys a pool has, about: a mergeable sketch of 16 kB.

HyperLogLog (Flajolet et al. 2007) with the estimator of Ertl 2017 (arXiv 1702.01284, algorithm 6), which needs no
correction at either end. The standard error is 1.04 / sqrt(2^14) = 0.8 %. Merging takes the larger register, so the
sketch of a pool does not depend on order or sharding.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled
from canvass.features.scan import mix
from canvass.machine import leading_zeros

PRECISION = 14
REGISTERS = 1 << PRECISION
REST = 64 - PRECISION


def empty_sketch() -> NDArray[np.uint8]:
    """Make the sketch of no keys: uint8 (2^14,)."""
    return np.zeros(REGISTERS, dtype=np.uint8)


@compiled
def add_hashes(hashes: NDArray[np.uint64], mask: NDArray[np.bool_], registers: NDArray[np.uint8]) -> None:
    """Add those of hashes, uint64 (N,), that `mask` bool (N,) marks to `registers`, in place."""
    for row in range(len(hashes)):
        if not mask[row]:
            continue
        state = mix(hashes[row])
        register = state >> np.uint64(REST)
        # Of the highest bit set among the rest; the bit below them ends the search.
        rank = 1 + leading_zeros(state << np.uint64(PRECISION) | np.uint64(1 << (PRECISION - 1)))
        registers[register] = max(registers[register], rank)


def estimate(registers: NDArray[np.uint8]) -> int:
    """Estimate the number of distinct hashes that were added."""
    histogram = np.bincount(registers, minlength=REST + 2).tolist()
    total = REGISTERS * _tau(1 - histogram[REST + 1] / REGISTERS)
    for rank in range(REST, 0, -1):
        total = 0.5 * (total + histogram[rank])
    total += REGISTERS * _sigma(histogram[0] / REGISTERS)
    return 0 if math.isinf(total) else round(REGISTERS * REGISTERS / (2 * math.log(2) * total))


def _sigma(share: float) -> float:
    """Sum x + sum of x^(2^k) 2^(k-1) over k >= 1 (Ertl 2017, algorithm 5)."""
    if share == 1.0:
        return math.inf
    factor, total, before = 1.0, share, -1.0
    while total != before:
        share *= share
        before = total
        total += share * factor
        factor += factor
    return total


def _tau(share: float) -> float:
    """Sum (1 - x - sum of (1 - x^(2^-k))^2 2^-k over k >= 1) / 3 (Ertl 2017, algorithm 5)."""
    if share in (0.0, 1.0):
        return 0.0
    factor, total, before = 1.0, 1 - share, -1.0
    while total != before:
        share = math.sqrt(share)
        before = total
        factor *= 0.5
        total -= (1 - share) ** 2 * factor
    return total / 3
