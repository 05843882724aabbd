"""Warnings and verdicts in words."""

import pytest

from canvass.errors import InputError
from canvass.report.comparisons import Comparison, Difference
from canvass.report.document import report_of
from canvass.report.findings import LIKELY, NOT_WORTH_IT, OPEN, WORTH_IT, verdict
from canvass.simulation.store import read_study
from report.synthetic import TARGET, write_study


def reported(folder, **changes):
    return report_of(read_study(write_study(folder / "s", **changes)))


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [
        (-0.3, -0.1, 0.05, WORTH_IT),
        (-0.3, -0.1, 0.051, LIKELY),
        (-0.3, 0.0, 0.01, OPEN),
        (0.0, 0.2, 0.01, OPEN),
        (0.1, 0.2, 0.01, NOT_WORTH_IT),
    ],
)
def test_verdicts(low, high, p, expected):
    compared = Comparison(Difference((low + high) / 2, low, high, 10), p, p, p, p)
    assert verdict(compared) == expected


def test_the_default_is_the_best(report):
    (finding,) = report.targets[0].findings
    assert finding.sentence.replace("\xa0", " ") == (
        "majority-joint (the default, the best of 2 here) makes 50 % fewer errors than random-positive and 60 % fewer "
        "errors than random. To get as far, random-positive needs 40 more annotations."
    )
    assert finding.verdict == LIKELY
    assert [figure.value.replace("\xa0", " ") for figure in finding.figures] == [
        "−50 %",
        "−60 %",
        "−50 %",
        "−50 %",
        "0.0 %",
        "0.0 %",
    ]
    assert [figure.label for figure in finding.figures] == [
        "errors against random-positive",
        "errors against random",
        "at equal tokens, against random-positive",
        "svm, against random-positive",
        "spacy, against random-positive",
        "worst family, against random-positive",
    ]
    assert "p = 0.75" in finding.figures[0].detail


def test_another_best_is_named_beside_the_default(tmp_path):
    mended = {"random": 1, "random-positive": 2, "majority-crf": 4, "majority-joint": 1}
    default, best = reported(tmp_path, mended=mended, seeds=10).targets[0].findings
    assert (default.name, default.default, default.best, default.verdict) == (
        "majority-joint",
        True,
        False,
        NOT_WORTH_IT,
    )
    assert "more errors than random-positive and as many errors as random" in default.sentence
    assert "To get as far" not in default.sentence
    assert (best.name, best.default, best.best, best.verdict) == ("majority-crf", False, True, WORTH_IT)
    assert "picked afterwards" in best.sentence


def test_of_two_that_are_equal_the_default_is_the_best(tmp_path):
    mended = {"random": 1, "random-positive": 2, "majority-crf": 4, "majority-joint": 4}
    (finding,) = reported(tmp_path, mended=mended).targets[0].findings
    assert (finding.name, finding.best) == ("majority-joint", True)


@pytest.mark.slow
def test_few_seeds(report, tmp_path):
    (warning,) = report.warnings
    assert "With 3 seeds" in warning
    assert "below 0.25" in warning
    assert "below 0.75 after the correction for 3 comparisons" in warning
    assert reported(tmp_path, seeds=7).warnings == ()
    (warning,) = report_of(read_study(write_study(tmp_path / "one", seeds=1))).warnings
    assert "One seed says nothing about another start" in warning


@pytest.mark.slow
def test_missing_runs(tmp_path):
    report = reported(tmp_path, seeds=7, without=lambda name: name.seed == 6 and name.strategy == "random")
    (warning,) = report.warnings
    assert "1 of 42 runs are missing (intent:PlayMusic, random, seed 6)" in warning
    assert (report.finished, report.planned) == (41, 42)


def test_a_short_pool(tmp_path):
    (target,) = reported(tmp_path, short_pool=True).targets
    (warning,) = target.warnings
    assert "300 utterances of intent:PlayMusic, fewer than four times the budget of 40" in warning


def test_without_any_run(tmp_path):
    folder = write_study(tmp_path / "s", without=lambda name: name.kind != "ceiling")
    with pytest.raises(InputError, match="no run of a strategy is finished"):
        report_of(read_study(folder))


def test_only_the_baseline_is_there(tmp_path):
    report = reported(tmp_path, without=lambda name: name.kind == "strategy")
    assert report.targets[0].findings == ()
    assert [row.name for row in report.targets[0].rows] == []
    assert report.targets[0].planned == tuple(
        sorted(report.spec.strategies[TARGET], key=report.targets[0].planned.index)
    )


def test_target_all_is_compared_with_random(two_targets):
    report = report_of(two_targets)
    (finding,) = report.targets[1].findings
    assert (finding.name, finding.default) == ("margin-balanced", True)
    assert report.targets[1].baseline == "random"
    assert report.targets[1].rows[0].routing is None
    assert [figure.label for figure in finding.figures][:2] == [
        "errors against random",
        "at equal tokens, against random",
    ]
