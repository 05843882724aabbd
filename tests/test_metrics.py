"""The metrics against hand-counted examples and their invariants."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.metrics import FrameErrors, Routing, count_errors, routing, score
from canvass.types import Slot


def slots(*words):
    """Read slots such as `5-10artist`."""
    found = []
    for word in words:
        start, rest = word.split("-")
        end = rest.rstrip("abcdefghijklmnopqrstuvwxyz")
        found.append(Slot(int(start), int(end), rest.removeprefix(end)))
    return found


def kinds(reference, predicted):
    """Count (substitutions, insertions, deletions, correct)."""
    errors = count_errors(reference, predicted, None, None)
    return errors.substitutions, errors.insertions, errors.deletions, errors.correct_slots


@pytest.mark.parametrize(
    ("reference", "predicted", "expected"),
    [
        ([], [], (0, 0, 0, 0)),
        (["0-4a"], ["0-4a"], (0, 0, 0, 1)),
        (["0-4a"], ["0-4b"], (1, 0, 0, 0)),  # same span, other label
        (["0-4a"], ["2-6a"], (1, 0, 0, 0)),  # overlap
        (["0-4a"], ["4-6a"], (0, 1, 1, 0)),  # they touch but do not overlap
        (["0-4a"], [], (0, 0, 1, 0)),
        ([], ["0-4a"], (0, 1, 0, 0)),
        (["0-9a"], ["0-4a", "5-9a"], (1, 1, 0, 0)),  # one to one
        (["0-4a", "5-9a"], ["0-9a"], (1, 0, 1, 0)),
        # An exact match is not given away to an overlap further left.
        (["0-4a", "5-9b"], ["3-6a", "5-9b"], (1, 0, 0, 1)),
        # A chain: 0-4 takes 3-6, and 5-9 is left with 8-12, whatever the order of the arguments.
        (["5-9a", "0-4a"], ["8-12a", "3-6a"], (2, 0, 0, 0)),
        (["0-4a", "5-9b", "10-14c"], ["0-4a", "5-9c", "20-24d"], (1, 1, 1, 1)),
    ],
)
def test_alignment_counted_by_hand(reference, predicted, expected):
    assert kinds(slots(*reference), slots(*predicted)) == expected


def test_rates_counted_by_hand():
    scores = score(
        [
            count_errors(slots("0-4a", "5-9b"), slots("0-4a", "5-9c"), "Play", "Play"),  # 1 substitution
            count_errors(slots("0-4a"), [], "Play", "Stop"),  # 1 deletion, intent wrong
            count_errors([], [], "Stop", "Stop"),
            count_errors(slots("0-4a"), slots("0-4a"), "Stop", "Play"),  # intent wrong
            count_errors(slots("0-4a"), slots("0-4a", "6-8b", "9-12b"), "Stop", "Stop"),  # 2 insertions
        ]
    )
    assert scores.as_dict() == {
        "slot_error_rate": (1 + 1 + 2 + 2) / (5 + 5),
        "span_slot_error_rate": (1 + 1 + 2) / 5,
        "intent_error_rate": 2 / 5,
        "frame_error_rate": 4 / 5,
        "span_precision": 3 / 6,
        "span_recall": 3 / 5,
        "span_f1": 6 / 11,
        "utterances": 5,
        "substitutions": 1,
        "insertions": 2,
        "deletions": 1,
        "correct_slots": 3,
        "reference_slots": 5,
        "predicted_slots": 6,
        "intent_errors": 2,
        "frame_errors": 4,
    }


def test_nothing_is_divided_by_zero():
    nothing = score([])
    assert (nothing.slot_error_rate, nothing.span_slot_error_rate, nothing.intent_error_rate) == (
        0.0,
        0.0,
        0.0,
    )
    assert (nothing.frame_error_rate, nothing.span_f1) == (0.0, 1.0)
    # Without a slot in the reference the spans' rate is the number of errors, finite and not hidden.
    invented = score([count_errors([], slots("0-4a", "5-9b"), "Play", "Play")])
    assert (invented.slot_error_rate, invented.span_slot_error_rate) == (2.0, 2.0)
    assert (invented.span_precision, invented.span_recall, invented.span_f1) == (0.0, 1.0, 0.0)
    silent = score([count_errors(slots("0-4a"), [], "Play", "Play")])
    assert (silent.span_precision, silent.span_recall, silent.span_f1) == (1.0, 0.0, 0.0)


# Spans that may overlap and repeat: the counts must add up for any input.
SLOTS = st.lists(
    st.builds(
        lambda start, width, label: Slot(start, start + width, label),
        st.integers(0, 12),
        st.integers(1, 5),
        st.sampled_from("ab"),
    ),
    max_size=6,
)
INTENTS = st.sampled_from(["Play", "Stop"])


@given(SLOTS, SLOTS, INTENTS, INTENTS)
def test_every_slot_is_counted_once(reference, predicted, intent, guess):
    errors = count_errors(reference, predicted, intent, guess)
    assert errors.substitutions + errors.deletions + errors.correct_slots == len(reference)
    assert errors.substitutions + errors.insertions + errors.correct_slots == len(predicted)
    assert errors.substitutions <= min(len(reference), len(predicted))
    assert min(errors.substitutions, errors.insertions, errors.deletions, errors.correct_slots) >= 0
    assert (errors.reference_slots, errors.predicted_slots) == (len(reference), len(predicted))
    assert errors.errors == errors.substitutions + errors.insertions + errors.deletions + (intent != guess)


@given(SLOTS, INTENTS, st.randoms())
def test_a_perfect_prediction_has_no_errors(reference, intent, random):
    shuffled = random.sample(reference, len(reference))
    scores = score([count_errors(reference, shuffled, intent, intent)])
    assert (scores.slot_error_rate, scores.span_slot_error_rate, scores.frame_error_rate) == (0.0, 0.0, 0.0)
    assert (scores.intent_error_rate, scores.span_precision, scores.span_recall, scores.span_f1) == (
        0,
        1,
        1,
        1,
    )


@given(SLOTS, INTENTS)
def test_only_insertions(predicted, intent):
    assert count_errors([], predicted, intent, intent) == FrameErrors(
        substitutions=0,
        insertions=len(predicted),
        deletions=0,
        correct_slots=0,
        reference_slots=0,
        predicted_slots=len(predicted),
        intent_wrong=False,
    )


def disjoint(spans):
    """Keep from the left the slots that overlap none before them, as in a real annotation."""
    kept: list[Slot] = []
    for slot in sorted(spans):
        if not kept or kept[-1].end <= slot.start:
            kept.append(slot)
    return kept


@given(SLOTS.map(disjoint), SLOTS.map(disjoint))
def test_swapping_the_roles_swaps_insertions_and_deletions(reference, predicted):
    there, back = kinds(reference, predicted), kinds(predicted, reference)
    assert there == (back[0], back[2], back[1], back[3])


@given(SLOTS, SLOTS, st.randoms())
def test_the_order_of_the_slots_does_not_matter(reference, predicted, random):
    shuffled = random.sample(reference, len(reference)), random.sample(predicted, len(predicted))
    assert kinds(*shuffled) == kinds(reference, predicted)


@given(st.lists(st.tuples(SLOTS, SLOTS, INTENTS, INTENTS), max_size=5))
def test_the_headline_is_errors_over_weight(frames):
    counts = [count_errors(*frame) for frame in frames]
    weight = sum(one.weight for one in counts)
    expected = sum(one.errors for one in counts) / weight if weight else 0.0
    assert score(counts).slot_error_rate == expected
    assert json.loads(json.dumps(score(counts).as_dict())) == score(counts).as_dict()


def test_a_missing_intent_is_wrong_only_if_one_was_expected():
    assert not count_errors([], [], None, None).intent_wrong
    assert count_errors([], [], "Play", None).intent_wrong


def test_routing_counted_by_hand():
    truth = [True] * 4 + [False] * 4
    found = routing(truth, [True, True, False, False, True, False, False, False])
    assert found == Routing(true_positives=2, false_positives=1, false_negatives=2, true_negatives=3)
    assert found.as_dict() == {
        "precision": 2 / 3,
        "recall": 2 / 4,
        "f1": 4 / 7,
        "true_positives": 2,
        "false_positives": 1,
        "false_negatives": 2,
        "true_negatives": 3,
    }


def test_routing_takes_arrays_and_refuses_unequal_lengths():
    scores = np.array([0.5, -0.5, 0.0])
    assert routing(np.array([True, True, False]), scores > 0) == Routing(1, 0, 1, 1)
    json.dumps(routing(scores > 0, scores > 0).as_dict())
    with pytest.raises(ValueError, match=r"."):
        routing([True, False], [True])


def test_routing_over_nothing():
    assert routing([], []).as_dict() == {
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "true_positives": 0,
        "false_positives": 0,
        "false_negatives": 0,
        "true_negatives": 0,
    }
    assert routing([True], [False]).f1 == 0.0
