"""The lattice in products against the readable lattice."""

import itertools
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from canvass.models.crf import plain_crf, scaled_lattice
from lattices import INTEGERS, ORDINARY, best_path, lattices, scale_of
from parameters import slow_unless

TESTS = Path(__file__).parents[2]
ALIKE = st.floats(-1.0, 1.0)


def reach(state, transitions):
    return np.ptp(state, axis=1).max() + np.ptp(transitions)


def expected(state, transitions):
    found = plain_crf.solve(state, transitions)
    return found.score - found.log_partition


@given(lattices(longest=40, scores=[ORDINARY, INTEGERS, ALIKE]))
@example((np.zeros((1, 1)), np.zeros((1, 1))))
def test_equal_to_the_twin(case):
    found = best_path(*case).log_probability
    assert found <= 0.0
    assert found == pytest.approx(expected(*case), rel=1e-10, abs=1e-14 * scale_of(*case))


@given(lattices(longest=40, scores=[ORDINARY, INTEGERS, ALIKE]))
def test_the_path_is_one_of_the_best(case):
    # Of paths that are equally good the twin may find another.
    state, transitions = case
    path = best_path(*case).path.tolist()
    score = sum(state[t, tag] for t, tag in enumerate(path))
    score += sum(transitions[path[t], path[t + 1]] for t in range(len(path) - 1))
    assert score == pytest.approx(plain_crf.solve(*case).score, abs=1e-12 * scale_of(*case))


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 2**32 - 1), st.sampled_from([1.0, 20.0]))
def test_the_path_where_there_are_no_ties(length, tags, seed, spread):
    random = np.random.default_rng(seed)
    state, transitions = (
        random.uniform(0.0, spread, size=(length, tags)),
        random.uniform(0.0, spread, size=(tags, tags)),
    )
    best, twin = best_path(state, transitions), plain_crf.solve(state, transitions)
    assert best.path.tolist() == list(twin.path)
    # What is kept for the way back does not change the probability.
    assert best_path(state, transitions, kept=2).log_probability == best.log_probability


def test_the_path_through_rows_that_were_rescaled():
    state = np.zeros((5_000, 2))
    state[np.arange(5_000), np.arange(5_000) % 2] = 100.0
    assert best_path(state, np.zeros((2, 2))).path.tolist() == [0, 1] * 2_500


@given(
    st.integers(1, 12),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.02, 0.1, 0.5]),
    st.sampled_from([0.5, 5.0, 9.0, 100.0]),
)
def test_few_pairs_have_a_weight(length, tags, seed, share, farthest):
    # Below LOWEST nothing may be taken off a sum, and below 0 the best of all tags may not be the best of those allowed.
    random = np.random.default_rng(seed)
    transitions = random.uniform(-farthest, farthest, size=(tags, tags)) * (
        random.random((tags, tags)) < share
    )
    state = random.uniform(-farthest / 2.0, farthest / 2.0, size=(length, tags))
    best, twin = best_path(state, transitions), plain_crf.solve(state, transitions)
    assert best.path.tolist() == list(twin.path)
    scale = scale_of(state, transitions)
    assert best.log_probability == pytest.approx(expected(state, transitions), rel=1e-9, abs=1e-14 * scale)
    for lane in range(1, scaled_lattice.LANES):
        again = best_path(state, transitions, lane=lane)
        assert again.log_probability == best.log_probability
        assert again.path.tolist() == best.path.tolist()


@pytest.mark.parametrize("weight", [-1.0, -5.9, -6.1, -40.0, -250.0])
def test_mass_on_a_tag_that_can_hardly_be_left(weight):
    # All but e^-45 of the sum stands on tag 0, from which tag 1 is reached with the factor e^weight.
    state = np.array([[45.0, 0.0, 0.0], [0.0, 45.0, 0.0]])
    transitions = np.zeros((3, 3))
    transitions[0, 1] = weight
    found = best_path(state, transitions)
    twin = plain_crf.solve(state, transitions)
    assert found.path.tolist() == list(twin.path)
    assert math.expm1(found.log_probability) == pytest.approx(
        math.expm1(twin.score - twin.log_partition), rel=1e-9, abs=1e-13
    )


@pytest.mark.parametrize("tags", [1, 2, 3, 18, 161])
def test_arrivals_are_from_all_tags_that_may_take_part(tags):
    random = np.random.default_rng(tags)
    scores = random.normal(size=(tags, tags)) * (random.random((tags, tags)) < 3.0 / tags)
    scores[0, -1] = -7.0
    factors = scaled_lattice.pack_factors(scores)
    members = [{tag} for tag in range(tags)]
    for first, last in itertools.pairwise(factors.group_starts.tolist()):
        members.append(set().union(*(members[number] for number in factors.group_members[first:last])))
    for tag, arrival in enumerate(factors.arrivals.tolist()):
        allowed = set(np.flatnonzero(scores[:, tag] >= 0.0).tolist())
        assert members[arrival] == (allowed if factors.base[tag] else set())


@given(st.integers(1, 20), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_any_number_of_tags(length, tags, seed):
    random = np.random.default_rng(seed)
    case = random.normal(size=(length, tags)), random.normal(size=(tags, tags))
    assert best_path(*case).log_probability == pytest.approx(expected(*case), abs=1e-12)


@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 2**32 - 1), st.floats(0.0, 1.0))
def test_up_to_the_widest_reach(length, tags, seed, share):
    # Rows in which the first tag is the worst, the best, or neither: that is the one that is looked at.
    random = np.random.default_rng(seed)
    state = random.choice([0.0, share * scaled_lattice.REACH], size=(length, tags))
    transitions = random.choice([0.0, (1.0 - share) * scaled_lattice.REACH], size=(tags, tags))
    assert reach(state, transitions) <= scaled_lattice.REACH * (1 + 1e-15)
    found = best_path(state, transitions).log_probability
    assert found == pytest.approx(
        expected(state, transitions), rel=1e-9, abs=1e-14 * scale_of(state, transitions)
    )


@pytest.mark.parametrize("reach", [1.0, 200.0, 299.0, 300.0])
def test_the_first_tag_tells_the_size_of_all_however_long_the_others_grow(reach):
    # Every transition to the second tag has the largest factor, so the first tag is as far behind as can be.
    transitions = np.array([[0.0, reach], [0.0, reach]])
    for length in range(1, 60):
        found = best_path(np.zeros((length, 2)), transitions)
        assert found.log_probability == pytest.approx(expected(np.zeros((length, 2)), transitions), abs=1e-9)
        assert found.path.tolist() == [0] + [1] * (length - 1)


@pytest.mark.parametrize(
    ("tags", "spread"),
    slow_unless([(1, 0.0), (3, 150.0)], itertools.product([1, 3, 9], [0.0, 0.5, 30.0, 150.0])),
)
def test_many_tokens(tags, spread):
    # With no spread sums only grow and bests stay; with a large one, both shrink from token to token.
    random = np.random.default_rng(1)
    state = random.uniform(-spread, 0.0, size=(20_000, tags))
    transitions = random.uniform(-spread, 0.0, size=(tags, tags))
    # Logarithms in extended precision, of which the same is taken off both at every token.
    sums = bests = state[0].astype(np.longdouble)
    for scores in state[1:].astype(np.longdouble):
        sums = scores + np.logaddexp.reduce(sums[:, None] + transitions, axis=0)
        bests = scores + (bests[:, None] + transitions).max(axis=0)
        sums, bests = sums - sums.max(), bests - sums.max()
    expected = float(bests.max() - np.logaddexp.reduce(sums))
    assert best_path(state, transitions).log_probability == pytest.approx(expected, rel=1e-13, abs=1e-12)


def test_rescaling_is_exact_and_counted():
    cells = np.array([[2.0**-500, 2.0**500], [2.0**-700, 1.0], [3.0, 5.0], [7.0, 7.0]])
    assert scaled_lattice.rescale(cells, 0, 3, 0) == -3
    assert scaled_lattice.rescale(cells, 0, 3, 1) == 3
    assert cells[:, 0].tolist() == [2.0**-116, 2.0**-316, 3.0 * 2.0**384, 7.0]
    assert cells[:, 1].tolist() == [2.0**116, 2.0**-384, 5.0 * 2.0**-384, 7.0]


@given(st.lists(st.floats(-200.0, 200.0), min_size=1, max_size=20))
def test_factors_are_exponentials(scores):
    table = scaled_lattice.aligned(2, scaled_lattice.padded(len(scores)))
    widest = scaled_lattice.fill_factors(np.array([scores]), table)
    assert widest == max(scores) - min(scores)
    factors = [math.exp(score - max(scores)) for score in scores]
    assert table[0].tolist() == pytest.approx(factors + [1.0] * (table.shape[1] - len(scores)), rel=1e-15)
    assert (table[1] == 1.0).all()


@pytest.mark.slow
def test_another_process_computes_the_same_bytes():
    program = (
        f"import sys, numpy; sys.path.append({str(TESTS)!r}); from lattices import best_path;"
        "r = numpy.random.default_rng(5);"
        "sys.stdout.write(best_path(r.normal(size=(9, 30)), r.normal(size=(30, 30))).log_probability.hex())"
    )
    random = np.random.default_rng(5)
    found = best_path(random.normal(size=(9, 30)), random.normal(size=(30, 30))).log_probability
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    ).stdout
    assert printed == found.hex()
