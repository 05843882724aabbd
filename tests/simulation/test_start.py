"""Starts of runs: test set, labelled set and pool."""

import dataclasses

import pytest

from canvass.corpus.normalise import key_of
from canvass.errors import InputError, OptionError
from canvass.simulation.start import Corpus
from canvass.types import Target
from examples import MUSIC, music, others

CORPUS = [*music(), *others()]
SIZES = {"positives": 12, "negatives": 10}


def keys_of(utterances):
    return [key_of(utterance.text) for utterance in utterances]


def with_splits():
    parts = ["train", "dev", "test", None]
    marked = [dataclasses.replace(utterance, split=parts[i % 4]) for i, utterance in enumerate(CORPUS)]
    # Two utterances of the test part are also in train, the second with other white space.
    again = [utterance for utterance in marked if utterance.split == "test"][:2]
    return [
        dataclasses.replace(again[0], split="train"),
        dataclasses.replace(again[1], split="train", text=f" {again[1].text.replace(' ', '  ')}"),
        *marked,
    ]


def test_a_corpus_may_bring_its_own_test_part():
    utterances = with_splits()
    corpus = Corpus.of(utterances, test="own")
    expected = {key_of(utterance.text) for utterance in utterances if utterance.split == "test"}
    assert set(keys_of(corpus.test)) == expected
    assert not expected & set(keys_of(corpus.rest))
    assert len(corpus.rest) + len(corpus.test) == len({key_of(utterance.text) for utterance in utterances})


@pytest.mark.parametrize(("kept", "words"), [("train", "no record"), ("test", "only records")])
def test_a_corpus_without_one_of_the_parts_is_refused(kept, words):
    utterances = [dataclasses.replace(utterance, split=kept) for utterance in CORPUS]
    with pytest.raises(InputError, match=f"{words} with the split 'test'; take a fifth"):
        Corpus.of(utterances, test="own")


@pytest.mark.parametrize("test", ["own", "fifth"])
def test_nothing_depends_on_the_order_of_the_files(test):
    utterances = with_splits()[2:]
    starts = [
        Corpus.of(ordered, test=test).start(MUSIC, seed=4, pool_share=0.3, **SIZES)
        for ordered in (utterances, utterances[::-1], utterances[7:] + utterances[:7])
    ]
    assert starts[0] == starts[1] == starts[2]


def test_the_pool_is_thinned_to_a_share_of_the_target():
    corpus = Corpus.of(CORPUS)
    whole = corpus.start(MUSIC, seed=0, **SIZES)
    thin = corpus.start(MUSIC, seed=0, pool_share=0.25, **SIZES)
    assert thin.labelled == whole.labelled
    assert thin.test == whole.test
    assert [utterance for utterance in thin.pool if not MUSIC.matches(utterance)] == [
        utterance for utterance in whole.pool if not MUSIC.matches(utterance)
    ]
    share = sum(map(MUSIC.matches, thin.pool)) / len(thin.pool)
    assert share == pytest.approx(0.25, abs=0.02)
    assert set(thin.pool) < set(whole.pool)
    with pytest.raises(OptionError, match=r"--pool-share 0.99 asks for \d+ .* at most 0\.\d+"):
        corpus.start(MUSIC, seed=0, pool_share=0.99, **SIZES)


def test_without_a_rest_there_are_no_negatives():
    start = Corpus.of(CORPUS).start(Target("all"), seed=0, positives=10, negatives=10_000)
    assert len(start.labelled) == 10
