"""OWL-QN against CRFsuite, which it follows step by step, and against minima that are known."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canvass.errors import OptionError
from canvass.models import vectors
from canvass.models.crf import owlqn, plain_crf
from crfsuite_training import crfsuite, problem_of
from examples import music
from parameters import slow_unless

TAGGER = {"c1": 0.02, "c2": 0.01}


@pytest.fixture(scope="module")
def problem():
    return problem_of([(one.text, one.slots) for one in music()[::6]])


def trained(problem, **options):
    """Minimise by the readable objective; returns the minimum and its weights as matrices."""
    minimum = owlqn.minimise(
        lambda weights, gradient: plain_crf.objective(problem, weights, gradient),
        len(problem.observed),
        **options,
    )
    return minimum, *plain_crf.spread(problem, minimum.weights)


# Sums in another order differ by 1e-16 of themselves, and each iteration builds on the one before: 1e-15 after five,
# 5e-12 after 55 were measured, where the largest weight is 3.2.
@pytest.mark.parametrize(
    ("iterations", "off"), [(1, 1e-14), (2, 1e-14), (5, 1e-13), (20, 1e-10), (60, 1e-9), (200, 1e-9)]
)
def test_weights_are_those_of_crfsuite(problem, tmp_path, iterations, off):
    peer = crfsuite(problem, tmp_path, max_iterations=iterations, **TAGGER)
    minimum, state, transitions = trained(problem, max_iterations=iterations, **TAGGER)
    np.testing.assert_allclose(state, peer.state, rtol=0, atol=off)
    np.testing.assert_allclose(transitions, peer.transitions, rtol=0, atol=off)
    assert np.array_equal(state == 0.0, peer.state == 0.0)
    assert np.array_equal(transitions == 0.0, peer.transitions == 0.0)
    assert (minimum.iterations, minimum.reason) == (peer.iterations, peer.reason)
    assert minimum.iterations == min(iterations, 55)
    assert minimum.value == pytest.approx(peer.values[-1], abs=1e-6)


# Ties apart: were a penalty equal to a gradient at zero but for rounding (5.0 here), the two would part at once.
@pytest.mark.parametrize(
    ("options", "reason"),
    slow_unless(
        lambda case: case[1] == "converged",
        [
            ({"c1": 0.02, "c2": 0.01}, "stalled"),
            ({"c1": 0.5, "c2": 30.0}, "converged"),
            ({"c1": 2.0, "c2": 0.0}, "exhausted"),  # with up to seven trials a line search
            ({"c1": 5.3, "c2": 0.0}, "stalled"),
            ({"c1": 1e-6, "c2": 0.0}, "converged"),
        ],
    ),
)
def test_every_iteration_is_that_of_crfsuite(problem, tmp_path, options, reason):
    peer = crfsuite(problem, tmp_path, max_iterations=60, **options)

    def objective(weights, gradient):
        return plain_crf.objective(problem, weights, gradient)

    _, *iterations = owlqn.iterate(objective, len(problem.observed), max_iterations=60, **options)
    minimum, *_ = trained(problem, max_iterations=60, **options)
    assert minimum.reason == peer.reason == reason
    assert minimum.iterations == len(iterations)
    assert [iteration.trials for iteration in iterations] == peer.trials
    values = [iteration.value for iteration in iterations]
    assert values == pytest.approx(peer.values, abs=2e-6)  # CRFsuite prints six digits


def test_a_minimum_at_zero_takes_no_iteration(problem):
    minimum, *_ = trained(problem, c1=1000.0, c2=0.0, max_iterations=5)
    assert (minimum.iterations, minimum.reason) == (0, "converged")
    assert not minimum.weights.any()


@st.composite
def quadratics(draw):
    """(w - x)' A (w - x) / 2 + rest, at least zero as a log loss is: A (n, n), diagonal or rotated, x, rest, penalties."""
    size = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    matrix = np.diag(rng.uniform(0.5, 5.0, size))
    if draw(st.booleans()):
        rotation, _ = np.linalg.qr(rng.normal(size=(size, size)))
        matrix = rotation @ matrix @ rotation.T
    centre = np.linalg.solve(matrix, rng.normal(size=size) * draw(st.sampled_from([0.1, 3.0])))
    penalties = {"c1": draw(st.sampled_from([0.01, 0.3, 2.0])), "c2": draw(st.sampled_from([0.0, 0.01, 1.0]))}
    return matrix, centre, draw(st.sampled_from([0.0, 1e3, 1e5])), penalties


def quadratic(matrix, centre, rest=0.0):
    def objective(weights, gradient):
        gradient[:] = matrix @ (weights - centre)
        return float((weights - centre) @ gradient / 2.0 + rest)

    return objective


def lasso(matrix, b, c1):
    """Minimise w' A w / 2 - b' w + c1 |w|_1 by coordinates, each exactly, until none moves; A is positive definite."""
    weights, moved = np.zeros(len(b)), math.inf
    while moved > 1e-14 * max(1.0, abs(weights).max()):
        before = weights.copy()
        for i, row in enumerate(matrix):
            slope = b[i] - row @ weights + row[i] * weights[i]
            weights[i] = np.sign(slope) * max(abs(slope) - c1, 0.0) / row[i]
        moved = abs(weights - before).max()
    return weights


@settings(deadline=None)
@given(quadratics())
def test_convex_functions(case):
    matrix, centre, rest, penalties = case
    objective, c1, c2 = quadratic(matrix, centre, rest), penalties["c1"], penalties["c2"]
    curvature = matrix + 2.0 * c2 * np.eye(len(matrix))
    best = lasso(curvature, matrix @ centre, c1)

    def penalised(weights):
        return objective(weights, np.empty(len(weights))) + c2 * (weights**2).sum() + c1 * abs(weights).sum()

    iterations = list(owlqn.iterate(objective, len(best), max_iterations=500, **penalties))
    values = [penalised(np.zeros(len(best))), *(iteration.value for iteration in iterations)]
    places = [np.zeros(len(best)), *(iteration.weights for iteration in iterations)]
    for earlier, later in itertools.pairwise(values):
        assert later <= earlier
    for earlier, later in itertools.pairwise(places):
        assert (earlier * later >= 0.0).all(), "an iteration left its orthant"
    minimum = owlqn.minimise(objective, len(best), max_iterations=500, **penalties)
    assert minimum.weights.tobytes() == iterations[-1].weights.tobytes()
    weights = minimum.weights
    assert minimum.value == pytest.approx(penalised(weights), rel=1e-12, abs=1e-14)
    assert minimum.reason in {"converged", "stalled"}
    rounding = 1e-12 * max(1.0, values[0])
    left = [value - penalised(best) for value in values]
    # What the stall rule rests on: ten iterations halve what there is left to gain (1/16,000 at most is left here).
    for earlier, later in zip(left, left[owlqn.PERIOD :], strict=False):
        assert later <= earlier / 2.0 + rounding
    if minimum.reason == "converged":
        # A pseudo-gradient of length g, where no curvature is below m, is at most g / m away from the minimum.
        length = owlqn.EPSILON * max(1.0, np.linalg.norm(weights))
        assert np.linalg.norm(weights - best) <= length / np.linalg.eigvalsh(curvature)[0] * (1.0 + 1e-6)
    else:
        # The last ten gained less than DELTA of the value, and no less than what is left.
        assert left[-1] <= owlqn.DELTA * minimum.value + rounding
    if not np.count_nonzero(matrix - np.diag(np.diag(matrix))):
        assert not weights[abs(matrix @ centre) <= c1].any()


@settings(deadline=None)
@given(quadratics(), st.integers(1, 12))
def test_the_same_bytes_again(case, iterations):
    matrix, centre, rest, penalties = case
    one, other = (
        owlqn.minimise(quadratic(matrix, centre, rest), len(centre), max_iterations=iterations, **penalties)
        for _ in range(2)
    )
    assert one.weights.tobytes() == other.weights.tobytes()
    assert one[1:] == other[1:]
    assert one.iterations <= iterations


@pytest.mark.parametrize("good", [1, 2, 5])
def test_a_function_that_breaks_keeps_the_last_accepted_weights(good):
    dice = np.random.default_rng(7)
    objective = quadratic(np.diag(dice.uniform(0.5, 5.0, 9)), dice.normal(size=9))
    calls = []

    def broken(weights, gradient):
        calls.append(weights.copy())
        if len(calls) <= good:
            return objective(weights, gradient)
        gradient[:] = math.nan
        return math.nan

    minimum = owlqn.minimise(broken, 9, max_iterations=30, c1=0.01, c2=0.0)
    assert minimum.reason == "failed"
    assert len(calls) == good + owlqn.TRIALS
    assert np.array_equal(minimum.weights, calls[good - 1])


def test_no_weights():
    minimum = owlqn.minimise(lambda weights, gradient: 0.0, 0, max_iterations=3, **TAGGER)
    assert (len(minimum.weights), minimum.reason) == (0, "converged")


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), max_size=40))
def test_sums(pairs):
    one, other = (np.array(side, dtype=np.float64) for side in ([a for a, _ in pairs], [b for _, b in pairs]))
    scale = math.fsum(abs(a * b) for a, b in pairs)
    assert vectors.dot(one, other) == pytest.approx(math.fsum(one * other), rel=0, abs=1e-14 * scale)


@pytest.mark.parametrize(
    ("name", "value"), [("c1", 0.0), ("c1", -1.0), ("c1", math.nan), ("c2", -0.1), ("max_iterations", 0)]
)
def test_options_that_make_no_sense(name, value):
    options = {"c1": 0.1, "c2": 0.1, "max_iterations": 5} | {name: value}
    with pytest.raises(OptionError, match=f"^{name} is {value:g}; expected"):
        owlqn.minimise(lambda weights, gradient: 0.0, 3, **options)
