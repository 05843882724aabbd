"""Annotators who err at a rate, and in the same way whoever asks."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.spans import misaligned_slot
from canvass.simulation.noise import Annotator
from canvass.types import Slot, Utterance
from examples import music, others

CORPUS = [*music(), *others()]
MANY = [replace(one, text=f"{one.text} {i}") for i in range(30) for one in CORPUS]


def annotator(rate, seed=0):
    return Annotator.of(seed, rate, CORPUS)


def test_without_a_rate_nothing_changes():
    assert [annotator(0.0).annotate(one) for one in CORPUS] == CORPUS


@given(st.integers(0, 1 << 40), st.floats(0, 1), st.sampled_from(CORPUS))
def test_an_annotation_stays_well_formed(seed, rate, gold):
    given_ = annotator(rate, seed).annotate(gold)
    assert given_ == annotator(rate, seed).annotate(gold)
    assert replace(given_, domain=None, intent=None, slots=None) == replace(
        gold, domain=None, intent=None, slots=None
    )
    assert (given_.slots is None) == (gold.slots is None)
    slots = given_.slots or ()
    assert misaligned_slot(given_.text, slots) is None
    assert all(one.end <= other.start for one, other in itertools.pairwise(slots))
    assert all(one.start < one.end for one in slots)
    assert (given_.domain, given_.intent) in {(one.domain, one.intent) for one in CORPUS}


@given(st.integers(0, 1 << 40))
def test_neighbouring_slots_never_move_into_each_other(seed):
    spans = [Slot(0, 1, "x"), Slot(2, 5, "y"), Slot(6, 7, "z"), Slot(10, 13, "x")]
    gold = Utterance("a b c d e f g", intent="Go", slots=tuple(spans))
    slots = Annotator.of(seed, 0.9, [gold]).annotate(gold).slots
    assert all(one.end <= other.start for one, other in itertools.pairwise(slots))
    assert misaligned_slot(gold.text, slots) is None


@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_the_rate_is_that_of_intents_and_of_slots(rate):
    given_ = [annotator(rate).annotate(one) for one in MANY]
    wrong = sum(one.intent != gold.intent for one, gold in zip(given_, MANY, strict=True))
    assert wrong / len(MANY) == pytest.approx(rate, rel=0.15)
    kept = dropped = moved = relabelled = 0
    for one, gold in zip(given_, MANY, strict=True):
        found = set(one.slots or ())
        spans = {(slot.start, slot.end) for slot in found}
        for slot in gold.slots or ():
            if slot in found:
                kept += 1
            elif (slot.start, slot.end) in spans:
                relabelled += 1
            elif any(other.start < slot.end and slot.start < other.end for other in found):
                moved += 1
            else:
                dropped += 1
    total = kept + dropped + moved + relabelled
    for errors in (dropped, moved, relabelled):
        assert errors / total == pytest.approx(rate / 3, rel=0.3)


def test_intents_are_confused_within_their_domain_where_it_has_others():
    others_of = {
        "PlayMusic": {"AddToPlaylist"},
        "GetWeather": {"PlayMusic", "AddToPlaylist", "SetTimer", "StopTimer"},
    }
    for intent, wrong in others_of.items():
        some = [one for one in MANY if one.intent == intent]
        assert {annotator(1.0).annotate(one).intent for one in some} == wrong
    weather = next(one for one in MANY if one.intent == "GetWeather")
    found = annotator(1.0).annotate(weather)
    assert found.domain != "weather"  # the domain goes with the intent


def test_another_seed_errs_elsewhere():
    assert [annotator(0.2, 1).annotate(one) for one in CORPUS] != [
        annotator(0.2, 2).annotate(one) for one in CORPUS
    ]


def test_one_intent_alone_cannot_be_confused():
    alone = Utterance("hello", intent="Greet", slots=())
    assert Annotator.of(0, 1.0, [alone]).annotate(alone) == alone
