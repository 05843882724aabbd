"""Generated lattices for property tests: ordinary scores, many ties, and scores that are far apart."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from canvass.machine import LANES
from canvass.models.crf.scaled_lattice import (
    ROWS,
    fill_factors,
    find_log_probabilities,
    make_scratch,
    pack_factors,
    trace_back,
)
from canvass.models.crf.transitions import WIDEST, spread
from canvass.models.vectors import aligned, padded

ORDINARY = st.floats(-5.0, 5.0)
INTEGERS = st.integers(-2, 2).map(float)  # many ties
FORBIDDEN = st.sampled_from([-1e4, 0.0, 1.0, 3.0])
EXTREME = st.floats(-700.0, 700.0)
SCORES = (ORDINARY, INTEGERS, FORBIDDEN, EXTREME)


@st.composite
def lattices(draw, longest=5, scores=SCORES):
    """State scores (T, L) and transition scores (L, L), each from one of the kinds of scores above."""
    length, tags = draw(st.integers(1, longest)), draw(st.integers(1, 4))
    kinds = [draw(st.sampled_from(scores)) for _ in range(2)]
    state = draw(st.lists(kinds[0], min_size=length * tags, max_size=length * tags))
    transitions = draw(st.lists(kinds[1], min_size=tags * tags, max_size=tags * tags))
    # No training makes weights of transitions that are further apart, and no model file may have them.
    transitions = np.array(transitions).reshape(tags, tags)
    return np.array(state).reshape(length, tags), transitions * min(
        1.0, WIDEST / max(spread(transitions), 1.0)
    )


def scale_of(state, transitions):
    """The size of the scores of paths, which bounds the rounding of sums."""
    return len(state) * (1.0 + np.abs(state).max() + np.abs(transitions).max())


class Best(NamedTuple):
    path: np.ndarray
    log_probability: float


def best_path(state, scores, *, kept=None, lane=0):
    """Find the best path and its log probability: state scores (T, L), T >= 1, and transition scores (L, L).

    The largest differences within a row of states, and within all transitions and 0, must add up to at most REACH. With
    fewer than T tokens `kept` the path is all zeros. The sequence stands in one lane; others hold beginnings of it.
    """
    factors, length = pack_factors(scores), len(state)
    table = aligned(length + 1, padded(len(scores)))
    fill_factors(np.ascontiguousarray(state), table)
    lengths = np.array([max(1, length - (number - lane) % LANES) for number in range(LANES)])
    rows = np.full((length, LANES, ROWS), length)
    rows[:, :, 0] = np.minimum(np.arange(length)[:, np.newaxis], lengths - 1)
    path = np.zeros(length, dtype=np.int32)
    kept = max(2, length if kept is None else kept)
    scratch = make_scratch(factors, kept)
    log_probabilities = np.empty(LANES)
    find_log_probabilities(factors, table, table, rows, lengths, scratch, log_probabilities)
    if kept >= length:
        trace_back(factors, scratch.cells, lane, length, path, 0)
    return Best(path, float(log_probabilities[lane]))
