"""Word features of a study: from the texts of the pool alone, and for the measured models alone."""

from dataclasses import replace

import pytest

from canvass.models.nlu import NLU
from canvass.simulation.runs import Run
from canvass.simulation.spec import Spec
from canvass.simulation.start import Corpus, Start, learn_words
from canvass.types import Target, Utterance
from studies import spec_of
from word_pools import annotated, named_requests

TARGET = Target("domain", "one")
TEXTS = named_requests(3000)
CORPUS = Corpus.of(
    [annotated(text) for text in TEXTS]
    + [Utterance(f"other {text}", domain="two", intent="x", slots=()) for text in TEXTS[:400]]
)


def start():
    return CORPUS.start(TARGET, seed=1, positives=20, negatives=20)


@pytest.fixture(scope="module")
def words():
    return learn_words(start())


def same(one, other):
    return (one.words, one.digest) == (other.words, other.digest) and (one.vectors == other.vectors).all()


def test_no_label_and_no_text_of_the_test_set_gets_into_the_features(words):
    begin = start()
    assert words is not None
    assert words.requests == len(begin.pool)
    # Other labels, other labelled and test texts: the same features, to the bit.
    hidden = tuple(replace(one, domain="three", intent="y", slots=()) for one in begin.pool)
    others = tuple(
        Utterance(f"entirely {word} {word}", domain="one") for word in ["different", "text", "here"]
    )
    assert same(learn_words(Start(others, hidden, others)), words)
    # A word that the test set alone says is unknown, however often it stands there.
    said = Utterance("unheardof unheardof")
    assert same(learn_words(replace(begin, test=(*begin.test, *[said] * 50), labelled=(said,))), words)
    assert words.row_of("unheardof") is None
    assert learn_words(replace(begin, pool=(*begin.pool, said))).row_of("unheardof") is not None


def test_a_pool_that_teaches_too_little_has_none():
    assert learn_words(replace(start(), pool=start().pool[:50])) is None


@pytest.mark.slow
def test_what_is_chosen_does_not_depend_on_them_and_what_is_measured_does(words):
    runs = [Run(start(), TARGET, "majority-joint", (15, 15), 3, words=given) for given in (None, words)]
    plain, with_words = (list(run.states()) for run in runs)
    assert [[choice.candidate for choice in state.choices] for state in plain] == [
        [
            replace(choice.candidate, prediction=before.candidate.prediction)
            for choice, before in zip(state.choices, same.choices, strict=True)
        ]
        for state, same in zip(with_words, plain, strict=True)
    ]
    assert [state.errors for state in plain] != [state.errors for state in with_words]
    assert sum(map(wrong, with_words[-1].errors)) < sum(map(wrong, plain[-1].errors))
    assert with_words[-1].nlu.tagger.words is not None
    # Both at once: the same states, and the errors of either.
    both = Run(start(), TARGET, "majority-joint", (15, 15), 3, words=words, both=True)
    for state, expected, other in zip(both.states(), with_words, plain, strict=True):
        assert (state.choices, state.errors) == (expected.choices, expected.errors)
        assert state.errors_without_words == other.errors
        assert expected.errors_without_words is None
    assert NLU.train(with_words[-1].labelled, TARGET).tagger.words is None


def wrong(errors):
    return errors.substitutions + errors.insertions + errors.deletions


def test_a_study_of_before_has_none():
    plain = spec_of([Utterance("a")]).as_dict()
    del plain["words"], plain["variety"]
    spec = Spec.from_dict(plain)
    assert spec.words == "off"
    assert spec.variety


@pytest.mark.parametrize(("stored", "words"), [(True, "pool"), (False, "off"), ("both", "both")])
def test_a_study_that_had_but_two_choices(stored, words):
    assert Spec.from_dict({**spec_of([Utterance("a")]).as_dict(), "words": stored}).words == words
