"""The live error, and what the filter misses: by hand, and how often the intervals hold."""

import numpy as np
import pytest

from canvass.annotation.quality.estimate import FEWEST, live_error, missed
from canvass.annotation.store.records import Answer, Task, TaskPrediction
from canvass.statistics import wilson_interval
from canvass.types import Slot

SONG = Slot(5, 10, "song")


def picked(number, *, right=True, source="random", weight=1.0, kind="frame", prediction=True):
    said = TaskPrediction(0, "music", "Play" if right else "Stop", 0.9, (SONG,), 0.9, (), True)
    task = Task(f"k{number}", "play river", "u", 1, source, 0.0, said, None, 1, weight, number, "answered")
    return task, Answer(
        f"a{number}", number, "ann", kind, "music", "Play" if kind == "frame" else None,
        (SONG,) if kind == "frame" else None, sequence=number, prediction=said if prediction else None,
    )  # fmt: skip


def test_too_few_say_nothing():
    some = [picked(number) for number in range(FEWEST - 1)]
    assert live_error(some) is None
    assert (
        live_error(
            [*some, picked(99, kind="elsewhere"), picked(98, source="selected"), picked(97, prediction=False)]
        )
        is None
    )
    assert live_error([*some, picked(99)]) is not None


def test_rates_by_hand():
    # Of 30, 6 have a wrong intent: one error of the two slots of each, the intent being one.
    some = [picked(number, right=number % 5 > 0) for number in range(30)] + [
        picked(50, kind="elsewhere")
    ] * 10
    found = live_error(some)
    assert found.slot_error_rate == pytest.approx(6 / 60)
    assert found.frame_error_rate == pytest.approx(6 / 30)
    assert found.frame_error_interval == pytest.approx(wilson_interval(6, 30))
    assert found.precision == pytest.approx(30 / 40)
    assert found.precision_interval == pytest.approx(wilson_interval(30, 40))
    assert (found.n, found.effective) == (30, pytest.approx(30))
    assert found.slot_error_interval.low < 0.1 < found.slot_error_interval.high
    assert live_error(some) == found
    assert "0.100" in found.words
    assert "30 random picks" in found.words


def test_weights_count_and_make_fewer_of_them():
    some = [picked(number, right=number >= 10, weight=0.25 if number < 10 else 1.0) for number in range(30)]
    found = live_error(some)
    assert found.frame_error_rate == pytest.approx(2.5 / 22.5)
    assert found.slot_error_rate == pytest.approx(2.5 / 45)
    assert found.effective == pytest.approx(22.5**2 / (20 + 10 / 16))
    assert found.frame_error_interval.high > wilson_interval(3, 30).high


def test_the_latest_count():
    some = [picked(number, right=number >= 20) for number in range(60)]
    assert live_error(some, latest=40).slot_error_rate == 0
    assert live_error(some[::-1], latest=40).slot_error_rate == 0
    assert live_error(some).slot_error_rate > 0


def test_without_an_error_the_interval_does_not_end_at_zero():
    found = live_error([picked(number) for number in range(40)])
    assert found.slot_error_rate == found.slot_error_interval.low == 0
    # One error in each wrong frame, of two slots.
    assert found.slot_error_interval.high == pytest.approx(wilson_interval(0, 40).high / 2)


def test_intervals_hold_about_as_often_as_they_should():
    dice = np.random.default_rng(7)
    held = {"slot": 0, "frame": 0}
    for run in range(200):
        wrong = dice.random(60) < 0.2
        found = live_error([picked(number, right=not one) for number, one in enumerate(wrong)], seed=run)
        held["slot"] += found.slot_error_interval.low <= 0.1 <= found.slot_error_interval.high
        held["frame"] += found.frame_error_interval.low <= 0.2 <= found.frame_error_interval.high
    assert min(held.values()) >= 180


def sides(inside, outside):
    some = [picked(number, kind="frame" if one else "elsewhere") for number, one in enumerate(inside)]
    return some + [
        picked(1000 + number, source="outside", kind="frame" if one else "elsewhere")
        for number, one in enumerate(outside)
    ]


def test_what_is_missed_by_hand():
    found = missed(sides([1] * 20 + [0] * 5, [1] * 2 + [0] * 38), inside_requests=1000, outside_requests=9000)
    # 450 of the target outside, 800 inside.
    assert found.share == pytest.approx(450 / 1250)
    assert found.interval.low < found.share < found.interval.high
    assert (found.n, found.found) == (40, 2)
    assert "36%" in found.words
    assert "2 are of the target" in found.words


def test_nothing_found_outside_says_how_much_it_may_be():
    found = missed(sides([1] * 25, [0] * 25), inside_requests=5000, outside_requests=5000)
    assert found.share == found.interval.low == 0
    assert 0 < found.interval.high < 0.3


def test_either_side_may_be_too_small():
    assert missed(sides([1] * 19, [0] * 40), inside_requests=1, outside_requests=1) is None
    assert missed(sides([1] * 40, [0] * 9), inside_requests=1, outside_requests=1) is None
    assert missed(sides([1] * 20, [0] * 10), inside_requests=1, outside_requests=1) is not None


def test_the_interval_of_what_is_missed_holds():
    dice = np.random.default_rng(3)
    truth = 0.1 * 700 / (0.1 * 700 + 0.8 * 300)
    held = 0
    for _ in range(200):
        found = missed(
            sides(dice.random(60) < 0.8, dice.random(60) < 0.1), inside_requests=300, outside_requests=700
        )
        held += found.interval.low <= truth <= found.interval.high
    assert held >= 190
