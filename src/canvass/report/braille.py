"""Line plots in a terminal, drawn with braille characters of two by four dots."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Line = tuple[NDArray[np.float64], NDArray[np.float64]]  # x and y of its points

ACROSS, DOWN = 2, 4  # dots of a character
BLANK = 0x2800
# The bit of each dot, by row and column within a character (Unicode, Braille Patterns).
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
TICKS = 4  # rows between two labels of the y axis


def plot(lines: Sequence[Line], width: int, height: int) -> list[tuple[str, list[tuple[str, int | None]]]]:
    """Plot lines on `width` by `height` characters.

    Returns the rows from the top, each its y-axis label and its cells (character, number of the line). A character that
    several lines share belongs to the first of them; an empty one has None.

    >>> import numpy as np
    >>> rows = plot([(np.array([0.0, 1.0]), np.array([0.0, 1.0]))], 2, 1)
    >>> [(label, "".join(character for character, _ in cells)) for label, cells in rows]
    [('1.0', '⡠⠊')]
    """
    ys = np.concatenate([y for _, y in lines])
    xs = np.concatenate([x for x, _ in lines])
    low, high = float(ys.min()), float(ys.max())
    span_x, span_y = max(float(xs.max() - xs.min()), 1e-12), max(high - low, 1e-12)
    dots = np.zeros((height, width), dtype=np.int64)
    owner = np.full((height, width), -1)
    for number, (x, y) in enumerate(lines):
        across = (x - xs.min()) / span_x * (ACROSS * width - 1)
        down = (high - y) / span_y * (DOWN * height - 1)
        for column, row in _dots(across, down):
            cell = row // DOWN, column // ACROSS
            dots[cell] |= BITS[row % DOWN][column % ACROSS]
            if owner[cell] < 0:
                owner[cell] = number
    rows = []
    for row in range(height):
        share = 0.0 if height == 1 else row / (height - 1)
        label = f"{high - share * (high - low):.1f}" if row % TICKS == 0 or row == height - 1 else ""
        cells = [
            (chr(BLANK + int(bits)), None if line < 0 else int(line))
            for bits, line in zip(dots[row], owner[row], strict=True)
        ]
        rows.append((label, cells))
    return rows


def _dots(columns: NDArray[np.float64], rows: NDArray[np.float64]) -> list[tuple[int, int]]:
    """List the dots (column, row) of the straight lines between consecutive points, in dots."""
    dots = [(_nearest(columns[0]), _nearest(rows[0]))]
    for i in range(1, len(columns)):
        across, down = columns[i] - columns[i - 1], rows[i] - rows[i - 1]
        steps = max(1, math.ceil(max(abs(across), abs(down))))
        for step in range(1, steps + 1):
            share = step / steps
            dots.append((_nearest(columns[i - 1] + share * across), _nearest(rows[i - 1] + share * down)))
    return dots


def _nearest(position: float) -> int:
    """Round halves up; `round` rounds them to even, which would leave gaps between dots."""
    return math.floor(position + 0.5)
