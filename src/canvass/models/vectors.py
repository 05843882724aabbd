"""The few vector operations that the trainers share."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled

Floats = NDArray[np.float64]

CACHE_LINE = 64  # bytes
SMALLEST = -707.0
ROUNDING = 1.5 * 2.0**52
LOG2_E = 1.4426950408889634
LOG_2, LOG_2_REST = (
    6.93147180369123816490e-01,
    1.90821492927058770002e-10,
)  # the former has 21 zeros at its end
ONE = 1023 << 52  # the bits of 1.0
SERIES = tuple(1.0 / math.factorial(k) for k in range(14))
_, _, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13 = SERIES


@compiled
def dot(left: Floats, right: Floats) -> float:
    """Return the inner product of two float64 (n,).

    Four interleaved sums, because the additions of a single one wait for each other. Their order is the same on every
    processor, which that of BLAS is not.
    """
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = len(left) // 4
    for k in range(whole):
        i = 4 * k
        a += left[i] * right[i]
        b += left[i + 1] * right[i + 1]
        c += left[i + 2] * right[i + 2]
        d += left[i + 3] * right[i + 3]
    for i in range(4 * whole, len(left)):
        a += left[i] * right[i]
    return (a + c) + (b + d)


@compiled
def exponentiate(values: Floats, powers: Floats) -> None:
    """Replace values, float64 (n,), by exp of them, below 1e-307 by about that; `powers` (n,) is scratch.

    Loops that become vector instructions, which a call of `math.exp` for each value does not, and sums in one order, so
    that the bits depend neither on the place nor on the processor. exp(x) = 2^k exp(r) with the whole k nearest to
    x / log 2; |r| <= log(2) / 2, for which the series up to r^13 is right to the last bit but one. Adding ROUNDING
    leaves k in the lowest bits of a float64, from where it is shifted to those of the exponent.
    """
    bits = powers.view(np.int64)
    for i in range(len(values)):
        value = max(SMALLEST, values[i])
        powers[i] = value * LOG2_E + ROUNDING
        k = powers[i] - ROUNDING
        r = (value - k * LOG_2) - k * LOG_2_REST
        values[i] = 1.0 + r * (
            1.0 + r * (A2 + r * (A3 + r * (A4 + r * (A5 + r * (A6 + r * (A7 + r * (A8 + r * (A9 + r * (
                A10 + r * (A11 + r * (A12 + r * A13)))))))))))
        )  # fmt: skip
    for i in range(len(values)):
        bits[i] = (bits[i] << 52) + ONE
    for i in range(len(values)):
        values[i] *= powers[i]


def aligned(rows: int, columns: int) -> Floats:
    """Allocate float64 (rows, columns) from the start of a cache line, without initialising it."""
    memory = np.empty(rows * columns * 8 + CACHE_LINE, dtype=np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + rows * columns * 8].view(np.float64).reshape(rows, columns)
