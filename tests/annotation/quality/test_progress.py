"""Agreement of each pair of annotators."""

import pytest

from canvass.annotation.quality.progress import agreements
from canvass.annotation.store.records import Answer
from canvass.types import Slot


def answer(task, annotator, intent="Play", slots=(), kind="frame", **others):
    return Answer(
        id=f"{task}-{annotator}-{intent}", task=task, annotator=annotator, kind=kind,
        intent=intent if kind == "frame" else None,
        slots=tuple(Slot(*one) for one in slots) if kind == "frame" else None, **others,
    )  # fmt: skip


def test_kappa_and_span_f1_by_hand():
    answers = [
        answer(1, "ann", slots=[(0, 2, "song"), (3, 5, "artist")]), answer(1, "bob", slots=[(0, 2, "song")]),
        answer(2, "ann"), answer(2, "bob", "Stop"),
        answer(3, "bob", "Stop"), answer(3, "ann", "Stop", [(0, 2, "song")]),
        answer(4, "ann", "Stop"), answer(4, "bob", "Stop"),
    ]  # fmt: skip
    (one,) = agreements(answers)
    # Observed 3/4; expected (2 * 1 + 2 * 3) / 16 = 1/2.
    assert one[:3] == ("ann", "bob", 0.5)
    assert one.span_f1 == pytest.approx(2 / 4)
    assert (one.n, one.frames) == (4, 4)


def test_not_of_the_target_is_a_label_of_its_own():
    answers = [answer(task, name, kind="elsewhere") for task in (1, 2) for name in ("a", "b")]
    answers += [answer(3, "a"), answer(3, "b", kind="elsewhere"), answer(4, "a"), answer(4, "b")]
    (one,) = agreements(answers)
    assert one.kappa == pytest.approx((0.75 - 0.5) / 0.5)
    assert (one.span_f1, one.n, one.frames) == (1.0, 4, 1)


def test_an_intent_may_be_called_elsewhere():
    answers = [answer(1, "a", "elsewhere"), answer(1, "b", kind="elsewhere"), answer(2, "a"), answer(2, "b")]
    assert agreements(answers)[0].kappa == pytest.approx((0.5 - 0.25) / 0.75)


def test_every_pair_by_name_on_what_both_answered():
    answers = [answer(1, name) for name in ("c", "a", "b")] + [answer(2, "c"), answer(2, "d"), answer(3, "e")]
    assert [(one.a, one.b, one.n) for one in agreements(answers)] == [
        ("a", "b", 1), ("a", "c", 1), ("b", "c", 1), ("c", "d", 1),
    ]  # fmt: skip
    assert agreements(answers)[0].kappa is None


def test_only_independent_words_that_stand_are_compared():
    answers = [
        answer(1, "a"), answer(1, "b", current=False), answer(2, "a"), answer(2, "b", kind="skip"),
        answer(3, "a"), answer(3, "b", adjudicates=True),
    ]  # fmt: skip
    assert agreements(answers) == []


def test_without_frames_there_is_no_span_f1():
    (one,) = agreements([answer(1, "a", kind="elsewhere"), answer(1, "b", kind="elsewhere")])
    assert (one.kappa, one.span_f1, one.frames) == (None, None, 0)
