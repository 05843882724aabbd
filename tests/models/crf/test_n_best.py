"""The N best paths against all paths; and the taggings that are made of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.models.crf import plain_crf
from canvass.models.crf.lattice import best_paths, n_best_paths
from canvass.models.tagger import Tagger
from examples import music
from lattices import lattices, scale_of


@given(lattices(), st.integers(1, 12))
def test_they_are_the_best_of_all_paths(lattice, count):
    state, transitions = lattice
    found = n_best_paths(state, transitions, count)
    twin = plain_crf.enumerate_best_paths(state, transitions, count)
    near = 1e-12 * scale_of(state, transitions)
    np.testing.assert_allclose(found.scores, [score for score, _ in twin], rtol=0, atol=near)
    paths = [tuple(path) for path in found.tags.tolist()]
    assert len(set(paths)) == len(paths) == min(count, len(transitions) ** len(state))
    of_paths = [plain_crf.path_score(state, transitions, path) for path in paths]
    np.testing.assert_allclose(of_paths, found.scores, rtol=0, atol=near)
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


@given(lattices(longest=9))
def test_the_first_is_as_good_as_the_best(lattice):
    state, transitions = lattice
    best = best_paths(state, np.array([0, len(state)]), transitions)
    found = n_best_paths(state, transitions, 3)
    np.testing.assert_allclose(found.scores[0], best.scores[0], atol=1e-12 * scale_of(state, transitions))


@pytest.fixture(scope="module")
def tagger():
    known = [one for one in music() if one.slots is not None][::2]
    return Tagger().fit([one.text for one in known], [one.slots for one in known])


def test_alternatives_are_other_slots_the_likeliest_first(tagger):
    texts = [one.text for one in music()[1::7]] + ["", "?", "play river by joni mitchell now please"]
    tagged, listed = tagger.tag(texts), tagger.alternatives(texts, 4)
    assert any(listed)
    for one, alternatives in zip(tagged, listed, strict=True):
        slots = [slots for slots, _ in alternatives]
        assert len(slots) <= 4
        assert len({one.slots, *slots}) == 1 + len(slots)
        assert sum(chance for _, chance in alternatives) <= 1.0 - np.exp(one.log_probability) + 1e-9
    assert listed[-3] == []
