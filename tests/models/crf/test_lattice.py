"""The compiled lattice against its twin, against all paths, and against CRFsuite itself."""

import math
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pycrfsuite
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.models.crf import lattice, plain_crf
from crfsuite_file import read_weights
from lattices import INTEGERS, lattices, scale_of


class Decoded(NamedTuple):
    path: np.ndarray
    log_probability: float
    marginals: np.ndarray


def decode(state, transitions):
    """Decode one sequence."""
    case = state, np.array([0, len(state)]), transitions
    path, scores = lattice.best_paths(*case)
    log_probability = min(0.0, float(scores[0] - lattice.log_partitions(*case)[0]))
    return Decoded(path, log_probability, lattice.marginals(*case))


def solve(state, transitions):
    """Solve a lattice that stands between two others: each of the three is solved for itself."""
    length = len(state)
    all_three = np.concatenate([state[:1], state, state[::-1]])
    starts = np.cumsum([0, min(1, length), length, length])
    path, scores = lattice.best_paths(all_three, starts, transitions)
    middle = slice(starts[1], starts[2])
    return plain_crf.Solution(
        path[middle].tolist(),
        float(scores[1]),
        float(lattice.log_partitions(all_three, starts, transitions)[1]),
        lattice.marginals(all_three, starts, transitions)[middle],
    )


def assert_close(found, expected, scale):
    """Compare log Z and the marginals; scale is the size of the scores, which bounds the rounding of sums."""
    assert found.log_partition == pytest.approx(expected.log_partition, rel=1e-10, abs=1e-14 * scale)
    np.testing.assert_allclose(found.marginals, expected.marginals, rtol=1e-9, atol=1e-14 * scale)


@given(lattices())
def test_kernels_equal_their_twin_and_all_paths(case):
    state, transitions = case
    found, twin = solve(state, transitions), plain_crf.solve(state, transitions)
    brute = plain_crf.enumerate_paths(state, transitions)
    assert found.path == twin.path
    assert found.score == twin.score == brute.score
    assert found.score == plain_crf.path_score(state, transitions, found.path)
    for expected in (twin, brute):
        assert_close(found, expected, scale_of(*case))
    np.testing.assert_allclose(found.marginals.sum(axis=1), 1.0, rtol=1e-11)


@given(lattices(scores=[INTEGERS]))
def test_of_equal_paths_the_smallest_last_tag_wins_then_the_one_before(case):
    # Sums of small integers are exact, so that the ties of the twins are the same.
    assert solve(*case).path == plain_crf.enumerate_paths(*case).path


@given(lattices(longest=60))
def test_longer_lattices_equal_the_twin(case):
    found, twin = solve(*case), plain_crf.solve(*case)
    assert (found.path, found.score) == (twin.path, twin.score)
    assert_close(found, twin, scale_of(*case))


@given(st.integers(1, 20), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_any_number_of_tags(length, tags, seed):
    # Four tags are taken at a time, and the vector units take some more: all remainders have to work.
    random = np.random.default_rng(seed)
    case = random.normal(size=(length, tags)), random.normal(size=(tags, tags))
    found, twin = solve(*case), plain_crf.solve(*case)
    assert (found.path, found.score) == (twin.path, twin.score)
    assert_close(found, twin, scale_of(*case))


@pytest.mark.slow
@pytest.mark.parametrize("width", [1.0, 299.0])
def test_a_hundred_thousand_tokens(width):
    random = np.random.default_rng(1)
    state = random.uniform(-700.0, 700.0, size=(100_000, 3))
    transitions = random.uniform(0.0, 1.0, size=(3, 3)) * width
    transitions[0, :2] = 0.0, width
    found = solve(state, transitions)
    alpha = state[0]
    for scores in state[1:]:
        alpha = scores + np.logaddexp.reduce(alpha[:, None] + transitions, axis=0)
    assert found.log_partition == pytest.approx(np.logaddexp.reduce(alpha), rel=1e-10)
    assert found.score == plain_crf.path_score(state, transitions, found.path)
    np.testing.assert_allclose(found.marginals.sum(axis=1), 1.0, rtol=1e-11)


def test_an_empty_utterance_has_one_path_of_score_zero():
    assert solve(np.zeros((0, 3)), np.zeros((3, 3)))[:3] == ([], 0.0, 0.0)
    found = decode(np.zeros((0, 3)), np.zeros((3, 3)))
    assert (found.path.shape, found.log_probability, found.marginals.shape) == ((0,), 0.0, (0, 3))


@given(lattices())
def test_decode_is_pure_and_its_probability_is_that_of_the_path(case):
    before = [array.copy() for array in case]
    found, brute = decode(*case), plain_crf.enumerate_paths(*case)
    assert found.log_probability <= 0.0
    assert found.log_probability == pytest.approx(
        brute.score - brute.log_partition, abs=1e-14 * scale_of(*case)
    )
    assert (found.path.dtype.name, found.marginals.dtype.name) == ("int32", "float64")
    for array, copy in zip(case, before, strict=True):
        assert np.array_equal(array, copy)
    again = decode(*case)
    assert again.log_probability == found.log_probability
    assert np.array_equal(again.marginals, found.marginals)


@pytest.mark.slow
def test_another_process_computes_the_same_bytes():
    program = (
        "import sys, numpy; from canvass.models.crf import lattice; r = numpy.random.default_rng(5);"
        "case = r.normal(size=(9, 30)), numpy.array([0, 9]), r.normal(size=(30, 30));"
        "sys.stdout.write(lattice.log_partitions(*case)[0].hex() + lattice.marginals(*case).tobytes().hex())"
    )
    random = np.random.default_rng(5)
    case = random.normal(size=(9, 30)), np.array([0, 9]), random.normal(size=(30, 30))
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    ).stdout
    assert printed == lattice.log_partitions(*case)[0].hex() + lattice.marginals(*case).tobytes().hex()


def trained_tagger(folder, seed, tags):
    """Train CRFsuite on random data, and return the tagger and the tag sequences' attributes."""
    random = np.random.default_rng(seed)
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(
        {"c1": 0.02, "c2": 0.05, "max_iterations": 40, "feature.possible_transitions": seed % 2}
    )
    attributes = [
        [[f"a{a}" for a in random.integers(0, 12, 3)] for _ in range(random.integers(1, 9))]
        for _ in range(60)
    ]
    for tokens in attributes:
        trainer.append(tokens, [f"t{tag}" for tag in random.integers(0, tags, len(tokens))])
    trainer.train(str(folder / "model"))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(folder / "model"))
    return tagger, attributes


@pytest.mark.parametrize(("seed", "tags"), [(0, 2), (1, 5), (2, 9), (3, 17), (4, 40)])
def test_equal_to_crfsuite(tmp_path, seed, tags):
    tagger, utterances = trained_tagger(tmp_path, seed, tags)
    labels, attributes, weights, transitions = read_weights((tmp_path / "model").read_bytes())
    assert np.abs(transitions).max() > 0.1
    assert (transitions == 0.0).any() or tags < 9
    number_of = {name: number for number, name in enumerate(attributes)}
    for tokens in [*utterances, [[] for _ in range(4)], [["unseen"]]]:
        state = np.zeros((len(tokens), len(labels)))
        for t, names in enumerate(tokens):
            for name in names:
                if name in number_of:
                    state[t] += weights[number_of[name]]
        found = decode(state, transitions)
        best = tagger.tag(tokens)
        assert [labels[tag] for tag in found.path] == best
        assert math.exp(found.log_probability) == pytest.approx(tagger.probability(best), rel=1e-9)
        expected = [[tagger.marginal(label, t) for label in labels] for t in range(len(tokens))]
        np.testing.assert_allclose(found.marginals, expected, rtol=1e-9, atol=1e-12)
