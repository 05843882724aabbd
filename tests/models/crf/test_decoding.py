"""The tagger's fast way to a probability: against sums of weights, and whatever word forms are kept."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.normalise import key_of, keys
from canvass.features import reference
from canvass.models.crf import plain_crf
from canvass.models.crf.attribute_table import sum_weights
from canvass.models.crf.decoding import LONGEST
from canvass.models.crf.lattice import best_paths, log_partitions
from canvass.models.crf.word_cache import no_forms
from canvass.models.tagger import Tagger
from examples import music
from texts import NOTABLE, texts

columns = st.lists(texts.map(key_of), max_size=6)


@pytest.fixture(scope="module")
def tagger():
    return Tagger(iterations=30).fit(*zip(*[(one.text, one.slots) for one in music()[::3]], strict=True))


def cold(tagger):
    return Tagger.from_arrays(tagger.to_arrays(), tagger.tags)


def probabilities(tagger, pool):
    return tagger.confidence(pa.array(pool, type=pa.string())).log_probability


def by_sums(tagger, key):
    """The twin: attributes of the readable reference, their weights summed, and the compiled lattice."""
    return tags_by_sums(tagger, attributes_of(key))[1]


def scores_of(tagger, attributes):
    state = np.empty((len(attributes), len(tagger.tags)))
    sum_weights(*tagger._attributes, tagger._state, attributes, state)
    return state


def score_of(path, state, transitions):
    return state[np.arange(len(path)), path].sum() + transitions[path[:-1], path[1:]].sum()


def attributes_of(key):
    return np.array(reference.attributes(key), dtype=np.uint64).reshape(-1, len(reference.ATTRIBUTES))


def tags_by_sums(tagger, attributes):
    lattice = scores_of(tagger, attributes), np.array([0, len(attributes)]), tagger._transitions
    path, score = best_paths(*lattice)
    return path, min(0.0, float(score[0] - log_partitions(*lattice)[0]))


def by_the_book(tagger, key):
    """The twin's twin: the readable lattice of the same weights."""
    rows = {attribute: row for row, attribute in enumerate(tagger.to_arrays()["tagger_hashes"].tolist())}
    state = np.zeros((0, len(tagger.tags)))
    for attributes in reference.attributes(key):
        known = [rows[attribute] for attribute in attributes if attribute in rows]
        state = np.vstack([state, tagger._state[known].sum(axis=0)])
    if not len(state):
        return 0.0
    solution = plain_crf.solve(state, tagger._transitions)
    return solution.score - solution.log_partition


@given(columns)
def test_equal_to_sums_of_weights(tagger, pool):
    found = probabilities(tagger, ["é", *pool])[1:]
    assert found.tolist() == pytest.approx([by_sums(tagger, key) for key in pool], abs=1e-10)
    assert found.tolist() == pytest.approx([by_the_book(tagger, key) for key in pool], abs=1e-10)


def test_equal_to_sums_of_weights_on_ordinary_requests(tagger):
    assert tagger._products is not None
    pool = [key_of(one.text) for one in music()] + [key_of(text) for text in NOTABLE]
    found = probabilities(tagger, pool)
    assert found.min() < -0.1
    np.testing.assert_allclose(found, [by_sums(tagger, key) for key in pool], atol=1e-11)


@given(columns)
def test_the_tags_are_those_of_sums_of_weights(tagger, pool):
    pool = ["é", *pool, "play river by joni mitchell"]
    found = tagger.best_tags(pa.array(pool))
    assert found.log_probability.tolist() == probabilities(tagger, pool).tolist()
    twins = [attributes_of(key) for key in pool]
    assert found.lengths.tolist() == [len(attributes) for attributes in twins]
    # Of paths that are equally good either may be found: their scores are compared, not they.
    path = 0
    for attributes in twins:
        state, transitions = scores_of(tagger, attributes), tagger._transitions
        mine = found.tags[path : path + len(attributes)]
        theirs, _ = tags_by_sums(tagger, attributes)
        assert score_of(mine, state, transitions) == pytest.approx(
            score_of(theirs, state, transitions), abs=1e-9
        )
        path += len(attributes)


def test_tags_on_either_way(tagger):
    pool = ["play river", " ".join(["river"] * (LONGEST + 1)), "", "put on so what by björk"]
    arrays = tagger.to_arrays()
    wide = Tagger.from_arrays(arrays | {"tagger_values": arrays["tagger_values"] * 20.0}, tagger.tags)
    for one in (tagger, wide):
        expected = [tags_by_sums(one, attributes_of(key))[0] for key in pool]
        assert one.best_tags(pa.array(pool)).tags.tolist() == np.concatenate(expected).tolist()
    none = tagger.best_tags(pa.array([], type=pa.string()))
    assert [len(array) for array in none] == [0, 0, 0]


@given(columns, st.randoms())
def test_a_key_has_the_same_bytes_in_any_company(tagger, pool, random):
    found = probabilities(cold(tagger), pool).tolist()
    assert probabilities(tagger, pool).tolist() == found  # knows other forms, and soon these
    assert [float(probabilities(tagger, [key])[0]) for key in pool] == found
    order = random.sample(range(len(pool)), len(pool))
    assert probabilities(tagger, [pool[k] for k in order]).tolist() == [found[k] for k in order]


def test_forms_are_dropped_when_they_are_full(tagger):
    pool = [f"play song{k} by artist{k % 700} é{k % 3}" for k in range(1500)]
    found = probabilities(tagger, pool)
    small = cold(tagger)
    small._forms.append(no_forms(small._products.table, LONGEST))
    for _ in range(2):
        assert probabilities(small, pool).tolist() == found.tolist()
    assert [len(forms.own) for forms in small._forms] == [LONGEST]
    assert small._forms[0].kept[0] < LONGEST


def test_a_key_with_as_many_forms_as_there_is_room(tagger):
    pool = ["play", " ".join(f"w{k}" for k in range(LONGEST)), "stop river", "play"]
    small = cold(tagger)
    small._forms.append(no_forms(small._products.table, LONGEST))
    assert probabilities(small, pool).tolist() == probabilities(tagger, pool).tolist()
    assert probabilities(small, pool)[1] == pytest.approx(by_sums(tagger, pool[1]), abs=1e-9)


@pytest.mark.parametrize("word", ["river", "Björk"])
def test_a_longer_key_is_summed(tagger, word):
    long = " ".join([word] * (LONGEST + 1))
    found = probabilities(tagger, ["play river", long, "play river"])
    assert found[1] == by_sums(tagger, long)
    assert found[0] == found[2] == probabilities(tagger, ["play river"])[0]


def test_weights_that_are_far_apart_are_summed(tagger):
    arrays = tagger.to_arrays()
    wide = Tagger.from_arrays(arrays | {"tagger_values": arrays["tagger_values"] * 20.0}, tagger.tags)
    assert wide._products is None
    pool = ["play river", "", "put on so what by björk", "0:0 a"]
    assert probabilities(wide, pool).tolist() == [by_sums(wide, key) if key else 0.0 for key in pool]


def test_the_case_of_a_word_counts(tagger):
    # Two forms of one word: only their shapes differ.
    pool = ["play river", "play River", "PLAY RIVER"]
    found = probabilities(tagger, pool)
    assert len(set(found.tolist())) == 3
    np.testing.assert_allclose(found, [by_sums(tagger, key) for key in pool], atol=1e-11)


def test_threads_give_the_same_bytes(tagger):
    column = keys(pa.array([one.text for one in music()] * 5 + [f"play {k} é" for k in range(500)]))
    expected = cold(tagger).confidence(column).log_probability.tobytes()
    shared = cold(tagger)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: shared.confidence(column).log_probability.tobytes(), range(40)))
    assert set(found) == {expected}
    assert 1 <= len(shared._forms) <= 4
