"""Dots in a terminal, against a canvas of single dots."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from canvass.report.braille import BITS, BLANK, plot

lines = st.lists(
    st.lists(st.floats(0, 50), min_size=1, max_size=6).map(
        lambda y: (np.arange(len(y), dtype=float), np.array(y))
    ),
    min_size=1,
    max_size=3,
)


def dots_of(cells):
    dots = np.zeros((4 * len(cells), 2 * len(cells[0])), dtype=bool)
    for row, line in enumerate(cells):
        for column, (character, _) in enumerate(line):
            for down in range(4):
                for across in range(2):
                    dots[4 * row + down, 2 * column + across] = bool(
                        (ord(character) - BLANK) & BITS[down][across]
                    )
    return dots


@given(lines, st.integers(4, 30), st.integers(2, 10))
def test_every_column_of_a_line_has_a_dot_and_every_point_is_there(drawn, width, height):
    rows = plot(drawn, width, height)
    assert [len(rows), {len(cells) for _, cells in rows}] == [height, {width}]
    dots = dots_of([cells for _, cells in rows])
    assert all(
        (character == chr(BLANK)) == (owner is None) for _, cells in rows for character, owner in cells
    )
    xs, ys = np.concatenate([x for x, _ in drawn]), np.concatenate([y for _, y in drawn])
    longest = max(x[-1] for x, _ in drawn)
    if longest > 0:
        assert dots.any(axis=0).all()  # lines begin at 0, and one reaches the end
    for x, y in zip(xs, ys, strict=True):
        column = math.floor((x - xs.min()) / max(np.ptp(xs), 1e-12) * (2 * width - 1) + 0.5)
        row = math.floor((ys.max() - y) / max(np.ptp(ys), 1e-12) * (4 * height - 1) + 0.5)
        assert dots[row, column]


def test_labels():
    labels = [label for label, _ in plot([(np.array([0.0, 1.0]), np.array([10.0, 20.0]))], 5, 9)]
    assert labels == ["20.0", "", "", "", "15.0", "", "", "", "10.0"]
