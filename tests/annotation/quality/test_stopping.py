"""The stopping rule, and the stop set that it looks at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.annotation.quality.estimate import Estimate
from canvass.annotation.quality.stopping import RULE, Decisions, Reference, agreement, decide, suggestion
from canvass.annotation.store.label_names import LabelNames
from canvass.annotation.store.records import Round
from canvass.corpus.spans import bio_tags
from canvass.statistics import Interval, cohens_kappa
from canvass.types import ELSEWHERE, Target
from examples import MUSIC, labelled_and_rest
from pools import trained


def rounds(*kappas):
    return [Round(number, 0.0, 10 * number, 100, 50, agreement=one) for number, one in enumerate(kappas)]


def test_before_three_comparisons_it_is_too_early():
    for some in ([], [None, 1.0], [1.0, None, None, 1.0, None]):
        said = suggestion(rounds(*some), None)
        assert said.value is None
        assert said.rule == RULE
        assert said.words.startswith(f"go on: {sum(one is not None for one in some)} of 3")


def test_the_last_three_decide():
    said = suggestion(rounds(0.5, 0.985, None, 0.99, None, 0.995), None)
    assert said.value == pytest.approx(0.99)
    assert said.words.startswith("you may stop")
    assert "mean kappa 0.990" in said.words
    assert suggestion(rounds(1.0, 1.0, 1.0, 0.98, 0.98, 0.99), None).words.startswith(
        "go on: the last answers still changed"
    )


def test_what_is_missing_is_said():
    assert (
        "one is made every 50 answers, so that about 100 more tell"
        in suggestion(rounds(None, 1.0), None).words
    )
    assert "about 200 more tell" in suggestion([], None).words


def test_the_live_error_is_mentioned():
    estimate = Estimate("slot error rate", 0.1, Interval(0.05, 0.2), Interval(0.06, 0.18), 31)
    assert suggestion([], estimate).words.endswith(
        "slot error rate of today's models: 10.0% (5.0% to 20.0%), from 31 random picks"
    )


@pytest.mark.parametrize("target", [MUSIC, Target("all")])
def test_decisions_are_intents_and_tags_or_elsewhere(target):
    nlu = trained(target)
    texts = [one.text for one in labelled_and_rest()[1]]
    found = decide(nlu, texts)
    utterances, tokens = [], []
    for text, predicted in zip(texts, nlu.predict(texts), strict=True):
        yes = target.kind == "all" or (nlu.committee.decision_function([text]) > 0).sum() >= 2
        utterances.append(predicted.intent if yes else ELSEWHERE)
        tokens += [tag if yes else ELSEWHERE for tag in bio_tags(text, predicted.slots)]
    assert found == Decisions(tuple(utterances), tuple(tokens))
    assert len(set(tokens)) > 3
    assert (ELSEWHERE in utterances) == (target == MUSIC)


def test_the_smaller_kappa_counts():
    one = Decisions(("a", "b", "a", "b"), ("O", "B-x", "O", "O"))
    other = Decisions(("a", "b", "a", "b"), ("O", "B-x", "B-x", "O"))
    assert agreement(one, one) == 1.0
    assert agreement(one, other) == agreement(other, one) == cohens_kappa(one.tokens, other.tokens) < 1
    assert agreement(Decisions(("a",), ("O",)), Decisions(("b",), ("O",))) == 0.0


words = st.lists(st.text(max_size=4), max_size=20).map(tuple)


@given(st.integers(0, 10**6), words, words)
def test_a_reference_survives_the_store(answers, utterances, tokens):
    reference = Reference(answers, Decisions(utterances, tokens))
    assert Reference.from_text(reference.to_text(), LabelNames()) == reference
