"""Annotation noise: its rate, its kinds, and that it is reproducible."""

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
MANY = [replace(utterance, text=f"{utterance.text} {i}") for i in range(30) for utterance in CORPUS]


def annotator(rate, seed=0):
    return Annotator.of(seed, rate, CORPUS)


def test_without_a_rate_nothing_changes():
    assert [annotator(0.0).annotate(utterance) for utterance in CORPUS] == CORPUS


@given(st.integers(0, 1 << 40), st.floats(0, 1), st.sampled_from(CORPUS))
def test_an_annotation_stays_well_formed(seed, rate, gold):
    noisy = annotator(rate, seed).annotate(gold)
    assert noisy == annotator(rate, seed).annotate(gold)
    assert replace(noisy, domain=None, intent=None, slots=None) == replace(
        gold, domain=None, intent=None, slots=None
    )
    assert (noisy.slots is None) == (gold.slots is None)
    slots = noisy.slots or ()
    assert misaligned_slot(noisy.text, slots) is None
    assert all(slot.end <= other.start for slot, other in itertools.pairwise(slots))
    assert all(slot.start < slot.end for slot in slots)
    assert (noisy.domain, noisy.intent) in {(utterance.domain, utterance.intent) for utterance in CORPUS}


@given(st.integers(0, 1 << 40))
def test_neighbouring_slots_never_move_into_each_other(seed):
    spans = [Slot(0, 1, "x"), Slot(2, 5, "y"), Slot(6, 7, "z"), Slot(10, 13, "x")]
    gold = Utterance("a b c d e f g", intent="Go", slots=tuple(spans))
    slots = Annotator.of(seed, 0.9, [gold]).annotate(gold).slots
    assert all(slot.end <= other.start for slot, other in itertools.pairwise(slots))
    assert misaligned_slot(gold.text, slots) is None


@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_the_rate_is_that_of_intents_and_of_slots(rate):
    noisy = [annotator(rate).annotate(utterance) for utterance in MANY]
    wrong = sum(utterance.intent != gold.intent for utterance, gold in zip(noisy, MANY, strict=True))
    assert wrong / len(MANY) == pytest.approx(rate, rel=0.15)
    kept = dropped = moved = relabelled = 0
    for utterance, gold in zip(noisy, MANY, strict=True):
        answered = set(utterance.slots or ())
        spans = {(slot.start, slot.end) for slot in answered}
        for slot in gold.slots or ():
            if slot in answered:
                kept += 1
            elif (slot.start, slot.end) in spans:
                relabelled += 1
            elif any(other.start < slot.end and slot.start < other.end for other in answered):
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
        of_intent = [utterance for utterance in MANY if utterance.intent == intent]
        assert {annotator(1.0).annotate(utterance).intent for utterance in of_intent} == wrong
    weather = next(utterance for utterance in MANY if utterance.intent == "GetWeather")
    noisy = annotator(1.0).annotate(weather)
    assert noisy.domain != "weather"  # the domain goes with the intent


def test_another_seed_errs_elsewhere():
    assert [annotator(0.2, 1).annotate(utterance) for utterance in CORPUS] != [
        annotator(0.2, 2).annotate(utterance) for utterance in CORPUS
    ]


def test_one_intent_alone_cannot_be_confused():
    alone = Utterance("hello", intent="Greet", slots=())
    assert Annotator.of(0, 1.0, [alone]).annotate(alone) == alone
