"""Generated lattices for property tests: ordinary scores, many ties, and scores that are far apart."""

import numpy as np
from hypothesis import strategies as st

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
    return np.array(state).reshape(length, tags), np.array(transitions).reshape(tags, tags)


def scale_of(state, transitions):
    """The size of the scores of paths, which bounds the rounding of sums."""
    return len(state) * (1.0 + np.abs(state).max() + np.abs(transitions).max())
