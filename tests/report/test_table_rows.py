"""From the files of a study to the rows of its tables: the synthetic study, whose answers are known."""

import numpy as np
import pytest

from canvass.report.comparisons import PARTS, at_equal_cost, errors_at, smallest_adjusted_p
from canvass.report.document import report_of
from canvass.report.learning_curves import TargetRuns, annotated
from canvass.simulation.measures import MEASURES, final_slot_error_rates, frame_errors
from canvass.simulation.store import read_study
from report.synthetic import TARGET, write_study


@pytest.fixture
def rows(report):
    return {row.name: row for row in report.targets[0].rows}


def test_final_rates_are_those_of_the_engine(study, rows):
    told = final_slot_error_rates(study, TARGET)
    assert {name: row.final for name, row in rows.items()} == pytest.approx(
        {name: rate for name, rate in told.items() if not name.startswith("(")}
    )
    assert {name: round(row.final * 120) for name, row in rows.items()} == {
        "majority-joint": 8,
        "majority-crf": 12,
        "random-positive": 16,
        "random": 20,
    }
    assert list(rows) == ["majority-joint", "majority-crf", "random-positive", "random"]


def test_differences_and_their_p_values(rows):
    joint = rows["majority-joint"].against
    assert joint["random-positive"].difference.relative == pytest.approx(-0.5)
    assert joint["random"].difference.relative == pytest.approx(-0.6)
    assert rows["random"].against["random-positive"].difference.relative == pytest.approx(0.25)
    assert set(rows["random-positive"].against) == {"random"}
    # Three seeds, all with the same sign: 2 / 2^3; three strategies against each baseline.
    for row in rows.values():
        for compared in row.against.values():
            assert compared.p_seeds == 0.25
            assert compared.adjusted_p_seeds == 0.75
            assert compared.p_utterances <= compared.adjusted_p_utterances
            assert compared.difference.low <= compared.difference.relative <= compared.difference.high
            assert compared.difference.seeds == 3


def test_annotations_saved_are_read_off_the_long_run(rows):
    # The baseline mends two a round of ten: from 16 wrong to 8 takes it 40 more; the strategy had 16 after 20.
    assert (rows["majority-joint"].saved.baseline_more, rows["majority-joint"].saved.fewer) == (40.0, 20.0)
    assert rows["majority-crf"].saved.baseline_more == 20.0
    assert rows["random"].saved.fewer is None
    assert rows["random"].saved.baseline_more == -20.0
    assert rows["random-positive"].saved is None
    assert rows["majority-joint"].saved.beyond == 80


def test_a_baseline_that_never_gets_there(tmp_path):
    folder = write_study(
        tmp_path / "s", mended={"majority-joint": 6, "random-positive": 1, "random": 1, "majority-crf": 1}
    )
    (row, *_) = report_of(read_study(folder)).targets[0].rows
    assert (row.name, row.saved.baseline_more) == ("majority-joint", None)


def test_the_area_is_the_mean_on_the_way(rows):
    assert rows["majority-joint"].area == pytest.approx(np.mean([24, 20, 16, 12, 8]) / 120)


def test_at_equal_tokens_a_costly_strategy_is_compared_earlier(rows):
    # majority-crf spends ten tokens where the baseline spends five: its state after two rounds, 18 against 16.
    assert rows["majority-crf"].equal_cost["tokens"].relative == pytest.approx(18 / 16 - 1)
    assert rows["majority-joint"].equal_cost["tokens"].relative == pytest.approx(-0.5)
    assert rows["majority-crf"].equal_cost["slots"].relative == pytest.approx(12 / 16 - 1)


def test_between_rounds_errors_are_interpolated(study):
    run = TargetRuns.of(study, TARGET).strategies["majority-crf"][0]
    spent = annotated(run, "tokens")
    assert spent.tolist() == [0, 100, 200, 300, 400]
    for budget in (0, 1, 50, 100, 275, 400):
        expected = np.interp(budget, spent, frame_errors(run.errors).sum(axis=1))
        assert errors_at(run, spent, budget).sum() / PARTS == pytest.approx(expected, abs=0.01)
    assert annotated(run, "slots").tolist() == [0, 20, 40, 60, 80]


def test_what_was_chosen(rows):
    chosen = rows["majority-crf"].chosen
    assert (chosen.count, chosen.on_target, chosen.filled, chosen.tokens, chosen.slots) == (
        120,
        0.5,
        0.0,
        10.0,
        1.0,
    )
    routing = rows["majority-crf"].routing
    assert (routing.precision, routing.recall) == (30 / 32, 30 / 40)
    assert routing.true_positives == 90


def test_transfer(rows):
    families = rows["majority-joint"].families
    assert families["svm"].rate == pytest.approx(4 / 120)
    assert families["svm"].difference.relative == pytest.approx(4 / 8 - 1)
    assert families["spacy"].difference.relative == 0
    assert rows["random-positive"].families["svm"].difference is None


def test_the_worst_family_may_be_the_reference_model(rows):
    family, difference = rows["majority-joint"].worst_family
    assert (family, difference.relative) == ("spacy", 0)
    family, difference = rows["random"].worst_family  # 20 errors against 16, 10 against 8, and 10 against 8
    assert (family, difference.relative) == ("reference NLU", pytest.approx(0.25))
    assert rows["random-positive"].worst_family is None


def test_without_transfer(tmp_path):
    report = report_of(read_study(write_study(tmp_path / "s", transfer=False)))
    assert all(row.families == {} and row.worst_family is None for row in report.targets[0].rows)


def test_what_word_features_change(with_and_without, rows):
    both = {row.name: row for row in report_of(with_and_without).targets[0].rows}
    assert list(both) == [  # of 120: 8, 12, 16, 16, 18, 20, 20, 22
        "majority-joint", "majority-crf", "majority-joint without words", "random-positive",
        "majority-crf without words", "random", "random-positive without words", "random without words",
    ]  # fmt: skip
    joint, plain = both["majority-joint"], both["majority-joint without words"]
    assert (joint.final, plain.final) == pytest.approx((8 / 120, 16 / 120))
    assert joint.words.difference.relative == pytest.approx(-0.5)
    assert joint.words.difference.low <= -0.5 <= joint.words.difference.high
    assert joint.words.difference.seeds == 3
    assert joint.words.fewer == 20  # 16 are wrong after 20 with them, and after 40 without
    assert both["random"].words.fewer == 20
    assert plain.words is rows["majority-joint"].words is None
    # The same choices, compared with the same baseline: 16 wrong, as it has.
    assert plain.chosen == joint.chosen
    assert plain.against["random-positive"].difference.relative == 0
    assert (plain.saved.baseline_more, plain.saved.fewer) == (0, 0)
    assert (plain.routing, plain.families) == (None, {})
    # Seven comparisons with each baseline instead of three.
    assert joint.against["random"].adjusted_p_seeds == 1
    told = final_slot_error_rates(with_and_without, TARGET)
    assert {name: row.final for name, row in both.items()} == pytest.approx(
        {name: rate for name, rate in told.items() if not name.startswith("(")}
    )


def test_curves(report):
    target = report.targets[0]
    curve = target.curves["majority-joint"]
    band = curve.band(MEASURES["slot_error_rate"])
    assert (band.mean * 120).round(6).tolist() == [24, 20, 16, 12, 8]
    assert band.low == pytest.approx(band.mean)  # every seed is equal
    assert curve.x("utterances").tolist() == [0, 10, 20, 30, 40]
    assert target.ceiling["slot_error_rate"] == pytest.approx(6 / 120)
    assert target.long_run.x("utterances")[-1] == 120
    assert target.curves["random"].band(MEASURES["frame_error_rate"]).mean[0] == 24 / 40


def test_intent_errors_of_one_intent_tell_nothing(report):
    names = [measure.name for measure in report.targets[0].measures]
    assert names == ["slot_error_rate", "span_slot_error_rate", "span_f1", "frame_error_rate"]


def test_the_beginning_of_the_long_run_stands_for_a_baseline_that_was_not_asked_for(tmp_path, rows):
    folder = write_study(tmp_path / "s", strategies={TARGET: ("majority-joint", "random")})
    others = {row.name: row for row in report_of(read_study(folder)).targets[0].rows}
    assert set(others) == {"majority-joint", "random", "random-positive"}
    theirs, ours = others["random-positive"], rows["random-positive"]
    assert (theirs.final, theirs.chosen, theirs.routing, theirs.area) == (
        ours.final,
        ours.chosen,
        ours.routing,
        ours.area,
    )
    assert others["majority-joint"].against["random-positive"].difference == rows["majority-joint"].against["random-positive"].difference  # fmt: skip


def test_runs_that_are_missing_do_not_help_the_others(tmp_path, rows):
    folder = write_study(tmp_path / "s", without=lambda name: name.strategy == "majority-crf")
    others = {row.name: row for row in report_of(read_study(folder)).targets[0].rows}
    assert "majority-crf" not in others
    assert others["majority-joint"].against["random"].adjusted_p_seeds == rows["majority-joint"].against["random"].adjusted_p_seeds  # fmt: skip


def test_comparisons_are_of_the_seeds_that_both_have(tmp_path):
    folder = write_study(
        tmp_path / "s",
        without=lambda name: (name.kind, name.strategy, name.seed) == ("strategy", "random", 1),
    )
    others = {row.name: row for row in report_of(read_study(folder)).targets[0].rows}
    assert others["random"].seeds == 2
    assert others["random"].saved is None  # its curve is of other seeds than the long run
    assert others["majority-joint"].against["random"].difference.seeds == 2
    assert others["majority-joint"].against["random-positive"].difference.seeds == 3


def test_no_seed_in_common(study):
    runs = TargetRuns.of(study, TARGET).strategies
    assert at_equal_cost({0: runs["random"][0]}, {1: runs["random"][1]}, "tokens") is None


@pytest.mark.parametrize(("seeds", "smallest"), [(1, 1.0), (5, 0.75), (9, 12 / 256), (10, 12 / 512)])
def test_smallest_p(seeds, smallest):
    assert smallest_adjusted_p(seeds, 12) == smallest
