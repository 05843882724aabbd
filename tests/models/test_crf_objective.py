"""The compiled objective of CRF training against the readable one, all paths, and finite differences."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canvass.models import crf_objective, crf_reference, lattice_reference
from canvass.models.crf_objective import evaluate, exponentials_of, objective, prepare
from canvass.models.crf_problem import make_problem


def random_problem(seed, *, sequences=5, longest=6, tags=3, attributes=8, columns=4):
    """Sequences of up to `longest` tokens; attributes may repeat within a token, and sequences may be empty."""
    random = np.random.default_rng(seed)
    starts = np.concatenate([[0], np.cumsum(random.integers(0, longest + 1, size=sequences))])
    if starts[-1] == 0:
        starts[-1] = 1
    seen = random.integers(0, attributes, size=(starts[-1], columns))
    gold = random.integers(0, tags, size=starts[-1])
    return make_problem(
        starts,
        np.unique(seen, return_inverse=True)[1].reshape(seen.shape),
        np.unique(gold, return_inverse=True)[1],
        len(np.unique(gold)),
    )


def solved(problem, weights, function=objective):
    gradient = np.full(len(weights), np.nan)
    value = function(problem, weights, gradient)
    assert math.isfinite(value)
    assert np.isfinite(gradient).all()
    return value, gradient


def agree(problem, weights):
    """Compare with the twin; scores are sums of up to `size` in all, of which the rounding is a share."""
    value, gradient = solved(problem, weights)
    expected, slopes = solved(problem, weights, crf_reference.objective)
    size = float(problem.observed @ np.abs(weights)) + len(problem.tags) * (1.0 + math.log(problem.tag_count))
    assert value == pytest.approx(expected, abs=1e-13 * size)
    assert gradient == pytest.approx(slopes, rel=1e-9, abs=1e-13 * size)


@given(
    st.integers(0, 2**32 - 1),
    st.fixed_dictionaries(
        {
            "sequences": st.integers(1, 30),
            "longest": st.integers(1, 12),
            "tags": st.integers(1, 50),
            "attributes": st.integers(1, 60),
            "columns": st.integers(1, 12),
        }
    ),
    st.sampled_from([0.0, 0.1, 1.0, 4.0, 50.0]),
)
@settings(max_examples=80, deadline=None)
def test_equal_to_the_twin(seed, sizes, spread):
    problem = random_problem(seed, **sizes)
    weights = np.random.default_rng(seed).uniform(-spread, spread, size=len(problem.observed))
    agree(problem, weights)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.sampled_from([1.0, 50.0]))
@settings(max_examples=25, deadline=None)
def test_equal_to_all_paths(seed, tags, spread):
    problem = random_problem(seed, longest=4, tags=tags)
    weights = np.random.default_rng(seed).uniform(-spread, spread, size=len(problem.observed))
    state, transitions = crf_reference.spread(problem, weights)
    cost = 0.0
    for first, last in itertools.pairwise(problem.starts.tolist()):
        if first < last:
            scores = state[problem.attributes[first:last]].sum(axis=1)
            gold = problem.tags[first:last].tolist()
            cost += lattice_reference.enumerate_paths(scores, transitions).log_partition
            cost -= lattice_reference.path_score(scores, transitions, gold)
    value, _ = solved(problem, weights)
    assert value == pytest.approx(cost, rel=1e-11, abs=1e-11 * spread * len(problem.tags))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_the_gradient_is_that_of_the_value(seed):
    problem = random_problem(seed, tags=9)
    random = np.random.default_rng(seed)
    weights, direction = random.normal(size=(2, len(problem.observed)))
    _, gradient = solved(problem, weights)
    step = 1e-5
    above, below = (solved(problem, weights + sign * step * direction)[0] for sign in (1, -1))
    assert (above - below) / (2 * step) == pytest.approx(gradient @ direction, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("tags", [1, 2, 8, 33, 40, 65])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_long_sequences_up_to_the_widest_reach(tags, share):
    # As far apart as products may get, and all of one sign: alpha grows, or shrinks, at every token.
    problem = random_problem(tags, sequences=2, longest=300, tags=tags, attributes=30, columns=2)
    random = np.random.default_rng(1)
    states = len(problem.feature_tags)
    farthest = share * crf_objective.FARTHEST
    nearest = (crf_objective.REACH - farthest) / 2
    for low in (-1.0, 0.0, 1.0):
        weights = random.uniform(low, 1.0, size=len(problem.observed)).round()
        for sign in (1.0, -1.0):
            scaled = sign * weights
            scaled[:states] *= nearest
            scaled[states:] *= farthest
            agree(problem, scaled)


@pytest.mark.parametrize("spread", [0.5, 100.0])
def test_same_bytes_at_every_call(spread):
    problem = random_problem(3, sequences=60, longest=12, tags=11, attributes=50)
    random = np.random.default_rng(3)
    weights, others = random.uniform(-spread, spread, size=(2, len(problem.observed)))
    scratch = prepare(problem)
    first, again = np.empty(len(weights)), np.empty(len(weights))
    value = evaluate(problem, scratch, weights, first)
    for between in (others, 9.0 * others, 100.0 * others):
        evaluate(problem, scratch, between, again)
    assert evaluate(problem, scratch, weights, again) == value
    assert again.tobytes() == first.tobytes()
    assert objective(problem, weights, again) == value
    assert again.tobytes() == first.tobytes()


def test_sequences_cost_alone_what_they_cost_together():
    problem = random_problem(5, sequences=80, longest=9, tags=12, attributes=40)
    weights = np.random.default_rng(5).normal(size=len(problem.observed))
    value, gradient = solved(problem, weights)
    total, slopes = 0.0, np.zeros(len(weights))
    for first, last in itertools.pairwise(problem.starts.tolist()):
        part = problem._replace(
            starts=np.array([0, last - first]),
            attributes=problem.attributes[first:last],
            tags=problem.tags[first:last],
            observed=np.zeros(len(weights)),
        )
        alone, slope = solved(part, weights)
        total, slopes = total + alone, slopes + slope
    assert total - problem.observed @ weights == pytest.approx(value, rel=1e-12)
    assert slopes - problem.observed == pytest.approx(gradient, rel=1e-9, abs=1e-11)


def test_exponentials_are_right_to_two_units_in_the_last_place():
    weights = np.concatenate([np.linspace(-230.0, 230.0, 100_001), [0.0, -0.0, 5e-324, 1e-17]])
    found = np.empty(len(weights))
    exponentials_of(weights, found)
    expected = np.array([math.exp(weight) for weight in weights.tolist()])
    assert (np.abs(found - expected) <= 2 * np.spacing(expected)).all()
    assert found[-4:].tolist() == [1.0] * 4
    # The same wherever a number stands.
    alone = np.empty(1)
    for k in range(0, len(weights), 9973):
        exponentials_of(weights[k : k + 1], alone)
        assert alone[0] == found[k]


def test_the_problem_counts_what_occurs_within_sequences():
    problem = make_problem(
        np.array([0, 2, 2, 3, 3]), np.array([[0, 1], [1, 1], [2, 0]]), np.array([0, 1, 1]), 2
    )
    assert problem.feature_starts.tolist() == [0, 2, 4, 5]
    assert problem.feature_tags.tolist() == [0, 1, 0, 1, 1]
    assert (problem.transition_from.tolist(), problem.transition_to.tolist()) == ([0], [1])
    assert problem.observed.tolist() == [1.0, 1.0, 1.0, 2.0, 1.0, 1.0]
