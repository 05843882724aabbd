"""The objective against the readable twin; training against CRFsuite, and on threads."""

import itertools
import math
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canvass.errors import OptionError
from canvass.models.crf import plain_crf
from canvass.models.crf.objective import Objective, train
from canvass.models.crf.problem import make_problem
from canvass.models.crf.transitions import LOWEST, WIDEST, pack_transitions
from crfsuite_training import SNIPS, crfsuite, problem_of, snips
from examples import music
from parameters import slow_unless


def random_problem(seed, *, sequences=5, longest=6, tags=3, attributes=8, columns=4, own=0):
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
        min(own, columns),
    )


def compiled(problem, weights, gradient):
    return Objective(problem)(weights, gradient)


def solved(problem, weights, function=compiled):
    gradient = np.full(len(weights), np.nan)
    value = function(problem, weights, gradient)
    assert math.isfinite(value)
    assert np.isfinite(gradient).all()
    return value, gradient


def agree(problem, weights):
    """Compare with the twin; scores are sums of up to `size` in all, of which the rounding is a share."""
    value, gradient = solved(problem, weights)
    expected, slopes = solved(problem, weights, plain_crf.objective)
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
            "own": st.integers(0, 12),
        }
    ),
    st.sampled_from([0.0, 0.1, 1.0, 4.0, 50.0]),
)
def test_equal_to_the_twin(seed, sizes, spread):
    problem = random_problem(seed, **sizes)
    weights = np.random.default_rng(seed).uniform(-spread, spread, size=len(problem.observed))
    agree(problem, weights)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.sampled_from([1.0, 50.0]))
def test_equal_to_all_paths(seed, tags, spread):
    problem = random_problem(seed, longest=4, tags=tags)
    weights = np.random.default_rng(seed).uniform(-spread, spread, size=len(problem.observed))
    state, transitions = plain_crf.spread(problem, weights)
    cost = 0.0
    for first, last in itertools.pairwise(problem.starts.tolist()):
        if first < last:
            scores = state[problem.attributes[first:last]].sum(axis=1)
            gold = problem.tags[first:last].tolist()
            cost += plain_crf.enumerate_paths(scores, transitions).log_partition
            cost -= plain_crf.path_score(scores, transitions, gold)
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


@pytest.mark.parametrize("tags", slow_unless([1, 2, 8, 33], [1, 2, 8, 33, 40, 65]))
@pytest.mark.parametrize("share", slow_unless([1.0], [0.0, 0.3, 1.0]))
def test_long_sequences_up_to_the_widest_reach(tags, share):
    # As far apart as scaled sums allow, and all of one sign: alpha grows, or shrinks, at every token.
    problem = random_problem(tags, sequences=2, longest=300, tags=tags, attributes=30, columns=2)
    random = np.random.default_rng(1)
    states = len(problem.feature_tags)
    farthest = share * WIDEST / 2
    for low in (-1.0, 0.0, 1.0):
        weights = random.uniform(low, 1.0, size=len(problem.observed)).round()
        for sign in (1.0, -1.0):
            scaled = sign * weights
            scaled[:states] *= 100.0
            scaled[states:] *= farthest
            agree(problem, scaled)


@pytest.mark.parametrize("spread", [0.5, 100.0])
def test_same_bytes_at_every_call(spread):
    problem = random_problem(3, sequences=60, longest=12, tags=11, attributes=50)
    random = np.random.default_rng(3)
    weights, others = random.uniform(-spread, spread, size=(2, len(problem.observed)))
    objective = Objective(problem)
    first, again = np.empty(len(weights)), np.empty(len(weights))
    value = objective(weights, first)
    for between in (others, 9.0 * others, 100.0 * others):
        objective(between, again)
    assert objective(weights, again) == value
    assert again.tobytes() == first.tobytes()
    assert Objective(problem)(weights, again) == value
    assert again.tobytes() == first.tobytes()


def test_sequences_cost_alone_what_they_cost_together():
    problem = random_problem(5, sequences=150, longest=9, tags=12, attributes=40)
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


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.sampled_from([0.1, 2.0, 8.0, 100.0]))
def test_corrected_sums_are_those_over_all_tags(seed, tags, farthest):
    random = np.random.default_rng(seed)
    pairs = np.flatnonzero(random.random(tags * tags) < random.random())
    weights = random.uniform(-farthest, farthest, size=len(pairs))
    dense = np.zeros((tags, tags))
    dense.ravel()[pairs] = weights
    # Nearly everything stands on one tag, and what is taken off it again leaves little.
    alpha = np.exp(random.uniform(-40.0, 0.0, size=tags))
    alpha[random.integers(tags)] = 1.0
    packed = pack_transitions(
        (pairs // tags).astype(np.int32), (pairs % tags).astype(np.int32), weights, tags
    )
    sums = packed.base * alpha.sum()
    np.add.at(sums, packed.targets, packed.excess * alpha[packed.sources])
    np.testing.assert_allclose(sums, alpha @ np.exp(dense), rtol=1e-12)
    assert packed.sources[: len(pairs)].tolist() == (pairs // tags).tolist()
    assert (packed.base == 0.0).tolist() == (dense.min(axis=0) < LOWEST).tolist()


@pytest.mark.parametrize("weight", [-5.0, -30.0, -200.0])
def test_mass_on_a_tag_that_can_hardly_be_left(weight):
    problem = make_problem(
        np.array([0, 2, 4, 6]), np.array([[0], [1], [0], [2], [0], [1]]), np.array([0, 1, 0, 0, 1, 1]), 2
    )
    pairs = list(zip(problem.transition_from.tolist(), problem.transition_to.tolist(), strict=True))
    weights = np.zeros(len(problem.observed))
    weights[0] = 60.0
    weights[len(problem.feature_tags) + pairs.index((0, 1))] = weight
    agree(problem, weights)


@pytest.mark.parametrize("weight", [1.01 * WIDEST, -1.01 * WIDEST, math.nan])
def test_weights_that_are_too_far_apart_are_no_place_to_go(weight):
    problem = random_problem(4)
    weights = np.zeros(len(problem.observed))
    weights[-1] = weight
    assert Objective(problem)(weights, np.empty(len(weights))) == math.inf


def test_the_problem_counts_what_occurs_within_sequences():
    problem = make_problem(
        np.array([0, 2, 2, 3, 3]), np.array([[0, 1], [1, 1], [2, 0]]), np.array([0, 1, 1]), 2
    )
    assert problem.feature_starts.tolist() == [0, 2, 4, 5]
    assert problem.feature_tags.tolist() == [0, 1, 0, 1, 1]
    assert (problem.transition_from.tolist(), problem.transition_to.tolist()) == ([0], [1])
    assert problem.observed.tolist() == [1.0, 1.0, 1.0, 2.0, 1.0, 1.0]


TAGGER = {"c1": 0.02, "c2": 0.01}


def assert_equal(trained, peer, off):
    state = np.zeros_like(peer.state)
    state[trained.attributes] = trained.state
    for found, expected in ((state, peer.state), (trained.transitions, peer.transitions)):
        np.testing.assert_allclose(found, expected, rtol=0, atol=off)


# What sums in another order leave, and each iteration builds upon.
@pytest.mark.parametrize(("iterations", "off"), [(1, 1e-13), (5, 1e-12), (20, 1e-9), (60, 1e-7)])
def test_music_gets_the_weights_of_crfsuite(tmp_path, iterations, off):
    problem = problem_of([(one.text, one.slots) for one in music()])
    peer = crfsuite(problem, tmp_path, max_iterations=iterations, **TAGGER)
    trained = train(problem, iterations=iterations, **TAGGER)
    assert_equal(trained, peer, off)
    if iterations <= 20:
        assert trained.attributes.tolist() == np.flatnonzero(peer.state.any(axis=1)).tolist()
        assert np.array_equal(trained.state == 0.0, peer.state[trained.attributes] == 0.0)
        assert np.array_equal(trained.transitions == 0.0, peer.transitions == 0.0)


@pytest.mark.corpora
@pytest.mark.skipif(not SNIPS.exists(), reason="the corpora of ../shared/data are not here")
@pytest.mark.parametrize("intent", slow_unless(["PlayMusic"], ["PlayMusic", "BookRestaurant"]))
@pytest.mark.parametrize(
    ("iterations", "off"), slow_unless([(5, 1e-11)], [(5, 1e-11), (40, 1e-6), (60, 1e-5)])
)
def test_real_requests_get_the_weights_of_crfsuite(tmp_path, intent, iterations, off):
    problem = problem_of(snips(intent, 300))
    assert problem.tag_count >= 15
    peer = crfsuite(problem, tmp_path, max_iterations=iterations, **TAGGER)
    assert_equal(train(problem, iterations=iterations, **TAGGER), peer, off)


def test_a_single_tag_and_empty_sequences():
    alone = make_problem(np.array([0, 0, 2, 2]), np.array([[0, 1], [1, 1]]), np.array([0, 0]), 1)
    trained = train(alone, iterations=9, **TAGGER)
    assert trained.state.shape == (0, 1), "nothing to tell apart"
    assert trained.transitions.shape == (1, 1)
    nothing = make_problem(np.array([0, 0]), np.empty((0, 12), np.int32), np.empty(0, np.int32), 1)
    assert train(nothing, iterations=9, **TAGGER).state.shape == (0, 1)


def test_threads_give_the_same_bytes():
    problem = problem_of([(one.text, one.slots) for one in music()])
    alone = train(problem, iterations=60, **TAGGER)
    found = []

    def work():
        found.extend(train(problem, iterations=60, **TAGGER) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 15
    assert all(one.state.tobytes() == alone.state.tobytes() for one in found)
    assert all(one.transitions.tobytes() == alone.transitions.tobytes() for one in found)


def test_an_option_that_makes_no_sense():
    problem = make_problem(np.array([0, 1]), np.array([[0]]), np.array([0]), 1)
    with pytest.raises(OptionError, match=r"^c1 is 0; expected a number above 0"):
        train(problem, c1=0.0, c2=0.01, iterations=3)


def test_python_runs_while_a_tagger_is_trained():
    problem = problem_of([(one.text, one.slots) for one in music() * 40])  # a tenth of a second
    train(problem, iterations=1, **TAGGER)
    ticks, ended = [], threading.Event()

    def tick():
        while not ended.is_set():
            ticks.append(time.perf_counter())
            time.sleep(1e-4)

    thread = threading.Thread(target=tick)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(3600.0)  # who holds the lock keeps it until it gives it away
    try:
        thread.start()
        begun = time.perf_counter()
        train(problem, iterations=60, **TAGGER)
        took = time.perf_counter() - begun
    finally:
        ended.set()
        sys.setswitchinterval(interval)
    thread.join()
    assert sum(begun < tick < begun + took for tick in ticks) > 5
