"""Training of the CRF against CRFsuite, and on threads."""

import sys
import threading
import time

import numpy as np
import pytest

from canvass.errors import OptionError
from canvass.models.crf.problem import make_problem
from canvass.models.crf.training import train
from crfsuite_training import SNIPS, crfsuite, problem_of, snips
from examples import music
from parameters import slow_unless

TAGGER = {"c1": 0.02, "c2": 0.01}


def assert_equal(trained, peer, off):
    for found, expected in ((trained.state, peer.state), (trained.transitions, peer.transitions)):
        np.testing.assert_allclose(found, expected, rtol=0, atol=off)


# What sums in another order leave, and each iteration builds upon.
@pytest.mark.parametrize(("iterations", "off"), [(1, 1e-13), (5, 1e-12), (20, 1e-9), (60, 1e-7)])
def test_music_gets_the_weights_of_crfsuite(tmp_path, iterations, off):
    problem = problem_of([(one.text, one.slots) for one in music()])
    peer = crfsuite(problem, tmp_path, max_iterations=iterations, **TAGGER)
    trained = train(problem, iterations=iterations, **TAGGER)
    assert_equal(trained, peer, off)
    if iterations <= 20:
        assert np.array_equal(trained.state == 0.0, peer.state == 0.0)
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
    assert trained.state.shape == (2, 1)
    assert trained.transitions.shape == (1, 1)
    assert not trained.state.any(), "nothing to tell apart"
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
