"""The readable objective against its definition: all paths of small lattices, and quotients of differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canvass.models.crf.plain_crf import enumerate_paths, objective, path_score, spread
from canvass.models.crf.problem import make_problem


@st.composite
def problems(draw):
    """A few short sequences, some empty, and weights."""
    lengths = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    tokens = sum(lengths)
    dice = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    attributes = np.unique(dice.integers(0, 6, (tokens, 3)), return_inverse=True)[1].reshape(tokens, 3)
    tags = dice.integers(0, 3, tokens)
    order = list(dict.fromkeys(tags.tolist()))
    tags = np.array([order.index(tag) for tag in tags], dtype=np.int32)
    problem = make_problem(np.cumsum([0, *lengths]), attributes, tags, max(1, len(order)))
    return problem, dice.normal(size=len(problem.observed)) * draw(st.sampled_from([0.0, 1.0, 20.0]))


@settings(deadline=None)
@given(problems())
def test_the_value_is_that_of_all_paths(case):
    problem, weights = case
    state, transitions = spread(problem, weights)
    cost = 0.0
    for first, last in zip(problem.starts, problem.starts[1:], strict=False):
        if first < last:
            scores = state[problem.attributes[first:last]].sum(axis=1)
            gold = path_score(scores, transitions, problem.tags[first:last].tolist())
            cost += enumerate_paths(scores, transitions).log_partition - gold
    assert objective(problem, weights, np.empty(len(weights))) == pytest.approx(cost, rel=1e-9, abs=1e-9)


@given(problems())
def test_the_gradient_is_that_of_differences(case):
    problem, weights = case
    gradient, other = np.full(len(weights), np.nan), np.empty(len(weights))
    objective(problem, weights, gradient)
    for i in range(len(weights)):
        near = np.eye(len(weights))[i] * 1e-5
        slope = (objective(problem, weights + near, other) - objective(problem, weights - near, other)) / 2e-5
        assert gradient[i] == pytest.approx(slope, abs=1e-4)
