"""Losses: counted by kind, with the first example, refused under strict."""

from pathlib import Path

import pytest

from canvass.corpus.formats.losses import (
    NO_ANNOTATION,
    SETTINGS,
    BadLines,
    Loss,
    Losses,
    LossRefusedError,
    carried,
    named,
)
from canvass.errors import InputError
from canvass.types import Slot, Utterance

FULL = Utterance(
    "play jazz", id="u1", count=3, domain="music", intent="play", slots=(Slot(5, 9, "genre"),), split="train"
)


def test_losses_are_counted_in_the_order_in_which_they_are_met():
    losses = Losses()
    for what, example in (("b", "1"), ("a", "2"), ("b", "3")):
        losses.report(what, example)
    assert list(losses.found.items()) == [("b", Loss(2, "1")), ("a", Loss(1, "2"))]


def test_strict_refuses_the_first():
    with pytest.raises(
        InputError, match=r"^'play jazz' \(id 'u1'\): the field count would be lost; leave out --strict"
    ):
        list(carried([FULL], ("text", "id"), Losses(strict=True)))


def test_names_are_short_and_printable():
    words = named(Utterance("x\n" * 500, id="\ud800"), "here")
    assert len(words) < 200
    assert words.isprintable()
    assert words.endswith("(id '\\ud800'), here")


@pytest.mark.parametrize(
    ("carries", "expected", "lost"),
    [
        (("text",), Utterance("play jazz"), ["id", "count", "domain", "intent", "slots", "split"]),
        (("text", "id", "count", "domain", "intent", "slots", "split"), FULL, []),
        (
            ("text", "intent", "slots"),
            Utterance("play jazz", intent="play", slots=FULL.slots),
            ["id", "count", "domain", "split"],
        ),
    ],
)
def test_fields_without_a_place_are_taken_and_reported(carries, expected, lost):
    losses = Losses()
    assert list(carried([FULL], carries, losses)) == [expected]
    assert list(losses.found) == [f"the field {name}" for name in lost]


def test_fields_that_say_nothing_are_no_loss():
    losses = Losses()
    assert list(carried([Utterance("stop")], ("text",), losses)) == [Utterance("stop")]
    assert not losses.found


def test_slots_that_nobody_annotated_look_empty_where_the_format_cannot_tell():
    losses = Losses()
    assert list(carried([Utterance("stop")], ("text", "slots"), losses)) == [Utterance("stop", slots=())]
    assert ["nobody annotated" in what for what in losses.found] == [True]
    losses = Losses()
    assert list(carried([Utterance("stop")], ("text", "slots", "unannotated"), losses)) == [Utterance("stop")]
    assert not losses.found


def test_the_fields_that_are_no_annotation_are_listed_for_users():
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text().lower()
    assert [name for name in NO_ANNOTATION | SETTINGS if name and f"`{name}`" not in page] == []


def test_a_refused_loss_is_no_bad_line():
    bad = BadLines(5, losses=Losses(strict=True))
    with pytest.raises(LossRefusedError) as caught:
        bad.lost("synonyms", "a.json:1")
    with pytest.raises(LossRefusedError):
        bad.report(caught.value)
    assert bad.count == 0
