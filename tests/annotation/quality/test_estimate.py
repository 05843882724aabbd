"""Estimates of live error: nothing is scored on what it learnt, totals by hand, and how often the intervals hold."""

import math

import numpy as np
import pytest
from projects import write_estimates

from canvass.annotation.quality import estimate as module
from canvass.annotation.quality.estimate import (
    FEWEST,
    FEWEST_OUTSIDE,
    FOLDS,
    Control,
    Requests,
    Scored,
    estimates_of,
    score_picks,
    stored_estimates,
)
from canvass.annotation.store.records import Answer, Task, TaskPrediction
from canvass.corpus.normalise import key_of
from canvass.evaluation import takes_for_target
from canvass.statistics import Interval, wilson_interval
from canvass.statistics.prediction_powered import (
    Part,
    Predicted,
    Sample,
    anytime_level,
    powered_ratio,
    powered_total,
    ratio_of_totals,
    share_interval,
)
from canvass.types import Target
from examples import MUSIC, labelled_and_rest


def picked(utterance, number, source="random", round_number=0):
    ours = MUSIC.matches(utterance)
    said = TaskPrediction(round_number, "music", None, 0.5, (), 0.5)
    task = Task(key_of(utterance.text), utterance.text, "u", 1, source, 0.0, id=number)
    slots = utterance.slots if ours else None
    kind = "frame" if ours else "elsewhere"
    return task, Answer(f"a{number}", number, "ann", kind, "music", utterance.intent, slots, prediction=said)


@pytest.fixture(scope="module")
def some():
    labelled, rest = labelled_and_rest()
    return labelled, [picked(utterance, number) for number, utterance in enumerate(rest[:24])], rest[24:]


def test_no_model_is_scored_on_what_it_learnt(some, monkeypatch):
    labelled, picks, _ = some
    everything = [*labelled, *labelled_and_rest()[1][:24]]
    learnt, judged = [], []
    train, judge = module.NLU.train, module.judge
    monkeypatch.setattr(
        module.NLU,
        "train",
        lambda rest, *a, **k: learnt.append({key_of(one.text) for one in rest}) or train(rest, *a, **k),
    )
    monkeypatch.setattr(
        module,
        "judge",
        lambda nlu, fold: judged.append({task.key for task, _ in fold}) or judge(nlu, fold),
    )
    scored = score_picks(picks, everything, MUSIC, [], {0: Requests(100, 900)})
    assert len(learnt) == len(judged) == FOLDS
    assert all(not keys & fold for keys, fold in zip(learnt, judged, strict=True))
    # Each fold lacks itself alone, and every pick is scored once.
    everybody = {key_of(utterance.text) for utterance in everything}
    assert all(keys | fold == everybody for keys, fold in zip(learnt, judged, strict=True))
    assert sum(map(len, judged)) == len(picks) == len(scored.of_target)
    assert scored.of_target.sum() == sum(answer.kind == "frame" for _, answer in picks)


def test_picks_stand_for_the_requests_of_their_round_and_side(some):
    labelled, _, rest = some
    picks = [
        picked(utterance, number, source, round_number)
        for number, (utterance, source, round_number) in enumerate(
            zip(rest, ("random", "random", "outside", "outside", "random"), (0, 1, 0, 1, 7), strict=False)
        )
    ]
    controls = [Control(utterance.text, "random") for utterance in rest[5:15]]
    scored = score_picks(picks, labelled, MUSIC, controls, {0: Requests(10, 90), 1: Requests(30, 70)})
    assert scored.picks.total.tolist() == [10, 30, 90, 70, 30]
    assert scored.picks.shares.tolist() == pytest.approx([10 / 3, 10, 45, 35, 10])
    assert scored.controls.total.tolist() == [30] * 10
    # No pick was left out of training here, so every fold's models are the same: controls are what one of them says.
    nlu = module.NLU.train(labelled, MUSIC)
    import pyarrow as pa

    taken = takes_for_target(nlu, pa.array([key_of(control.text) for control in controls]))
    assert scored.passed.others == pytest.approx(taken.astype(float))


def test_without_picks_or_rounds_nothing_is_known(some):
    labelled, picks, _ = some
    assert score_picks([], labelled, MUSIC, [], {0: Requests(1, 1)}) is None
    assert score_picks(picks, labelled, MUSIC, [], {}) is None
    assert score_picks(picks, labelled, MUSIC, [], {0: Requests(1, 1)}, stopped=lambda: True) is None
    assert [estimate.value for estimate in estimates_of(None)] == [None] * 4


def test_of_no_stratum_by_hand():
    sample = Sample(np.array([0, 0, 1, 1]), np.array([10.0, 10.0, 90.0, 90.0]))
    none = Predicted(np.zeros(4), np.zeros(0))
    nobody = Sample(np.zeros(0, dtype=np.int64), np.zeros(0))
    found = powered_total(sample, nobody, np.array([1.0, 0.0, 1.0, 1.0]), none)
    assert found == pytest.approx((95.0, math.sqrt(50 / 2), 0.0))
    y, z = np.array([1.0, 0.0, 1.0, 0.0]), np.ones(4)
    ratio = powered_ratio(sample, nobody, Part(y, none), Part(z, none))
    assert ratio.value == pytest.approx(0.5)
    assert ratio.error == pytest.approx(math.sqrt(50 / 2 + 4050 / 2) / 100)


def test_predictions_narrow_and_never_bend():
    rng = np.random.default_rng(5)
    values = rng.random((400, 50))
    others = rng.random((400, 500))
    sample = Sample(np.zeros(50, dtype=np.int64), np.ones(50))
    beside = Sample(np.zeros(500, dtype=np.int64), np.ones(500))
    # Predictions are 0.3 too high, and right but for that.
    found = [
        powered_total(sample, beside, some, Predicted(some + 0.3, other + 0.3))
        for some, other in zip(values, others, strict=True)
    ]
    assert np.mean([one.value for one in found]) == pytest.approx(0.5, abs=0.004)
    assert np.std([one.value for one in found]) == pytest.approx(
        np.mean([one.error for one in found]), rel=0.1
    )
    assert np.mean([one.error for one in found]) < 0.4 * values.std() / math.sqrt(50)
    noise = [
        powered_total(sample, beside, some, Predicted(rng.random(50), other))
        for some, other in zip(values, others, strict=True)
    ]
    assert np.mean([one.value for one in noise]) == pytest.approx(0.5, abs=0.005)


def test_the_anytime_level_is_that_of_the_theorem():
    # rho^2 t = 2 log 20 + log(1 + 2 log 20) at t = 100.
    assert anytime_level(100) == pytest.approx(math.erf(3.0351 / math.sqrt(2)), abs=1e-5)
    assert anytime_level(20) > anytime_level(100) < anytime_level(5000)


def test_an_anytime_interval_holds_over_the_path():
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(300):
        wrong = rng.random(200) < 0.2
        ns = range(20, 201, 5)
        held += all(
            (ends := wilson_interval(int(wrong[:n].sum()), n, level=anytime_level(n))).low <= 0.2 <= ends.high
            for n in ns
        )
    assert held >= 285


def test_shares_have_wilsons_interval():
    error = math.sqrt(0.2 * 0.8 / 50)
    assert share_interval(0.2, error, 7, level=0.95) == pytest.approx(wilson_interval(10, 50))
    assert share_interval(0.0, 0.0, 40, level=0.95) == wilson_interval(0, 40)
    assert share_interval(1.5, 0.1, 40, level=0.95) == pytest.approx((1.304, 1.696), abs=1e-3)


def test_an_end_that_rests_on_few_cases_is_that_of_poisson():
    # One case of 50: the chance of any is 5 % where 0.0513 are expected (1 - exp(-x) = 0.05).
    low, high = share_interval(0.02, math.sqrt(0.02 * 0.98 / 50), 50, level=0.95)
    assert (low, high) == pytest.approx((-math.log(0.95) / 50, wilson_interval(1, 50).high))
    assert share_interval(0.98, math.sqrt(0.02 * 0.98 / 50), 50, level=0.95) == pytest.approx(
        (1 - high, 1 - low)
    )


def test_predictions_of_a_stratum_without_others_are_not_used():
    rng = np.random.default_rng(1)
    values = rng.random(40)
    annotated = Sample(np.repeat([0, 1], 20), np.ones(40))
    others = Sample(np.zeros(30, dtype=np.int64), np.ones(30))
    found = powered_total(annotated, others, values, Predicted(values, rng.random(30)))
    assert (found.value, found.power) == (pytest.approx(values.mean() * 2), 0.0)


def test_the_ratio_of_totals_by_hand():
    low, high = ratio_of_totals(1.0, Interval(0.5, 1.6), 4.0, Interval(3.0, 5.5))
    # Newcombe: R = (ab -+ sqrt((ab)^2 - l(2a - l) u(2b - u))) / (u (2b - u)).
    r = (4 - math.sqrt(16 - 0.5 * 1.5 * 5.5 * 2.5)) / (5.5 * 2.5)
    s = (4 + math.sqrt(16 - 1.6 * 0.4 * 3 * 5)) / 15
    assert (low, high) == pytest.approx((r / (1 + r), s / (1 + s)))
    nothing = ratio_of_totals(0.0, Interval(0.0, 0.5), 4.0, Interval(3.0, 5.0))
    assert nothing.low == 0
    assert 0 < nothing.high < 0.2
    assert ratio_of_totals(1.0, Interval(0.5, 2.0), 0.0, Interval(0.0, 1.0)).high == 1


def made(ours_inside, ours_outside, *, wrong=0.0, requests=(300.0, 700.0)):
    """Picks of which some are of the target, with predictions that say nothing."""
    of_target = np.array([*ours_inside, *ours_outside], dtype=float)
    strata = np.array([0] * len(ours_inside) + [1] * len(ours_outside))
    n = len(strata)
    bad = of_target * (np.arange(n) < wrong * len(ours_inside))
    nothing = Predicted(np.zeros(n), np.zeros(0))
    return Scored(
        Sample(strata, np.array(requests)[strata]), Sample(np.zeros(0, dtype=np.int64), np.zeros(0)),
        of_target, bad, 2.0 * of_target, of_target, bad, bad, Predicted(1.0 - strata, np.zeros(0)),
        *[nothing] * 6,
    )  # fmt: skip


def test_rates_by_hand():
    slots, intents, frames, missed = estimates_of(made([1] * 40 + [0] * 10, [1] * 4 + [0] * 36, wrong=0.16))
    assert (slots.value, intents.value, frames.value) == pytest.approx((0.1, 0.2, 0.2))
    # Wilson's of the binomial with as large an error, wider by Student's t of 38 degrees of freedom, 2.0244 to 1.96.
    n = 0.16 * 1600 * 49 / (50 * 6.4) / (2.02439 / 1.95996) ** 2
    assert frames.once == pytest.approx(wilson_interval(0.2 * n, n), abs=1e-5)
    assert frames.interval.low < frames.once.low
    assert frames.interval.high > frames.once.high
    # 70 of the target outside, 240 inside.
    assert missed.value == pytest.approx(70 / 310)
    assert missed.interval.low < missed.once.low < missed.value < missed.once.high < missed.interval.high
    assert "slot error rate of today's models: 10.0% (" in slots.words
    assert "40 random picks" in slots.words


def test_too_few_say_how_many_more():
    slots, _, _, missed = estimates_of(made([1] * (FEWEST - 1), [0] * 9))
    assert (slots.value, slots.more, missed.value, missed.more) == (None, 1, None, 1)
    assert slots.words == "slot error rate: unknown: 1 more random pick needed"
    assert "unknown: 1 more random pick from outside the filter needed" in missed.words


def test_what_was_drawn_decides_whether_what_is_missed_is_shown():
    for inside, outside in ((FEWEST, FEWEST_OUTSIDE - 1), (FEWEST - 1, FEWEST_OUTSIDE)):
        assert estimates_of(made([1] * inside, [1] * outside))[-1].more == 1
    # Whatever is found: none of 10 outside, where there are 70 times as many requests, could be nearly everything.
    *_, missed = estimates_of(made([1] * FEWEST, [0] * FEWEST_OUTSIDE, requests=(1000.0, 70000.0)))
    assert missed.value == missed.interval.low == 0
    assert missed.interval.high > 0.9
    *_, nothing = estimates_of(made([0] * FEWEST, [0] * FEWEST_OUTSIDE))
    assert nothing.interval == (0, 1)


@pytest.mark.slow
def test_intervals_hold_about_as_often_as_they_should():
    dice = np.random.default_rng(3)
    truth = 0.1 * 700 / (0.1 * 700 + 0.8 * 300)
    held = 0
    for _ in range(200):
        *_, missed = estimates_of(made(dice.random(60) < 0.8, dice.random(60) < 0.1))
        held += missed.once.low <= truth <= missed.once.high
    assert 184 <= held <= 199


def test_estimates_survive_the_store():
    class Project:
        annotates_slots = True
        target = MUSIC

        class store:  # noqa: N801 - an attribute
            text = None

            @classmethod
            def fact(cls, name):
                return cls.text if name == "estimates" else None

    assert stored_estimates(Project) == estimates_of(None)
    estimates = estimates_of(made([1] * 40, [1] * 4 + [0] * 36, wrong=0.2))
    Project.store.text = write_estimates(estimates)
    assert stored_estimates(Project) == estimates
    Project.annotates_slots = False
    assert stored_estimates(Project) == estimates[1:]
    Project.target = Target("all")
    assert stored_estimates(Project) == estimates[1:-1]
