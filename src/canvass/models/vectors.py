"""The few vector operations that the trainers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CACHE_LINE = 64  # bytes


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
def add_multiple(factor: float, vector: Floats, total: Floats) -> None:
    """Add factor * vector to `total`; numba compiles this loop three times as fast as an expression of arrays."""
    for i in range(len(total)):
        total[i] += factor * vector[i]


def aligned(rows: int, columns: int) -> Floats:
    """Allocate float64 (rows, columns) from the start of a cache line, without initialising it."""
    memory = np.empty(rows * columns * 8 + CACHE_LINE, dtype=np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + rows * columns * 8].view(np.float64).reshape(rows, columns)
