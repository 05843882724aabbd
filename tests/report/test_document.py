"""The report as JSON and as Markdown."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from canvass.report.document import as_json, report_of
from canvass.report.markdown import as_markdown, escaped
from canvass.report.page import as_html
from canvass.simulation.measures import MAIN
from canvass.simulation.store import read_study
from parameters import slow_unless
from report.synthetic import TARGET, write_study


def parsed(report):
    return json.loads(as_json(report), parse_constant=pytest.fail)


def test_json_holds_every_figure(report):
    document = parsed(report)
    assert (document["kind"], document["runs"]) == ("report", {"planned": 18, "finished": 18})
    (target,) = document["targets"]
    row = target["strategies"][0]
    assert row["name"] == "majority-joint"
    assert row["against"]["random-positive"]["relative"] == -0.5
    assert row["against"]["random-positive"]["adjusted_p_seeds"] == 0.75
    assert row["saved"] == {"fewer": 20.0, "baseline_more": 40.0, "beyond": 80.0}
    assert row["routing"]["recall"] == 0.75
    assert row["chosen"]["tokens"] == 5.0
    assert row["equal_cost"]["tokens"]["relative"] == -0.5
    assert row["families"]["svm"]["difference"]["relative"] == -0.5
    assert (row["worst_family"]["family"], row["worst_family"]["relative"]) == ("spacy", 0)
    curve = target["curves"]["majority-joint"]
    assert np.array(curve["slot_error_rate"]["mean"]) * 120 == pytest.approx([24, 20, 16, 12, 8])
    assert curve["tokens"] == [0, 50, 100, 150, 200]
    assert len(target["long_run"]["utterances"]) == 13
    assert document["options"]["schedule"] == [10] * 4
    assert document["provenance"][0]["versions"] == {"numpy": "2"}


def test_no_clock_and_no_place_is_in_it(tmp_path, report):
    other = report_of(read_study(write_study(tmp_path / "elsewhere")))
    (tmp_path / "elsewhere" / "seconds.jsonl").write_text('{"seconds": {"train": 77.7}}\n')
    again = report_of(read_study(tmp_path / "elsewhere"))
    for write in (as_json, as_markdown):
        assert write(other) == write(report) == write(again)
        assert b"elsewhere" not in write(again)
        assert b"77.7" not in write(again)


def test_json_of_a_single_seed_has_no_nan(tmp_path):
    document = parsed(report_of(read_study(write_study(tmp_path / "s", seeds=1))))
    row = document["targets"][0]["strategies"][0]
    assert row["low"] is None
    assert row["against"]["random"]["relative"] == pytest.approx(-0.6)


def test_a_baseline_without_errors_makes_no_nonsense(tmp_path):
    folder = write_study(
        tmp_path / "s", mended={"random": 1, "random-positive": 6, "majority-crf": 1, "majority-joint": 1}
    )
    report = report_of(read_study(folder))
    assert parsed(report)["targets"][0]["strategies"][-1]["against"]["random-positive"]["relative"] is None
    assert "no bound" in as_markdown(report).decode()


def test_markdown(report):
    text = as_markdown(report).decode().replace("\xa0", " ")
    assert "| majority-joint | 6.7 ± 0.0 % | −50 % | −" in text
    assert "> **Warning.** With 3 seeds" in text
    assert "**Probably worth it**" in text
    assert "canvass simulate 'my corpus' -o study" in text
    assert "\\<script\\>" in text
    assert "<script>" not in text
    assert "| 40 | 6.7 % |" in text
    # Every row of a table has as many cells as its head.
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in lines}) <= 1


def test_with_and_without_word_features(with_and_without):
    report = report_of(with_and_without)
    text = as_markdown(report).decode().replace("\xa0", " ")
    assert "| majority-joint | 13.3 % | 6.7 % | −50 % | −" in text
    assert "| majority-joint without words | 13.3 ± 0.0 % | 0.0 % | " in text
    assert "* with against without word features: −50 % (" in text
    assert "* word features: of the texts of each start's pool; the same choices without, too" in text
    target = parsed(report)["targets"][0]
    gain = next(row["words"] for row in target["strategies"] if row["name"] == "majority-joint")
    assert (round(gain["relative"], 9), gain["fewer"]) == (-0.5, 20)
    assert len(target["curves"]["random without words"]["slot_error_rate"]["mean"]) == 5
    assert [finding["name"] for finding in target["findings"]] == ["majority-joint"]


def test_markdown_of_several_targets(two_targets):
    text = as_markdown(report_of(two_targets)).decode().replace("\xa0", " ")
    assert "## All targets" in text
    assert "| domain:\\<q\\&a\\> | majority-crf (best) | −25 % |" in text
    assert "| all | margin-balanced (default and best) | −40 % |" in text
    assert "## Strategies by target" in text


def test_word_features_are_summed_up_where_no_baseline_has_run(tmp_path):
    targets = (TARGET, "domain:music")
    folder = write_study(
        tmp_path / "s",
        targets=targets,
        strategies=dict.fromkeys(targets, ("majority-joint",)),
        words="both",
        without=lambda name: name.kind != "strategy",
    )
    text = as_markdown(report_of(read_study(folder))).decode().replace("\xa0", " ")
    assert "## Word features by target" in text
    assert "| majority-joint | −50 % | −50 % | −50 % |" in text
    assert "## All targets" not in text


@pytest.mark.parametrize("write", slow_unless([as_markdown], [as_markdown, as_html]))
def test_without_slots_nothing_is_said_of_them(two_targets, write):
    """A corpus of intents alone: the same counts of wrong intents, and no slot that was there or was predicted."""
    runs = []
    for run in two_targets.runs:
        errors = run.errors.copy()
        errors[..., 4] |= errors[..., :3].any(axis=-1)
        errors[..., :4] = 0
        examples = tuple(
            tuple({**chosen, "slots": [], "predicted_slots": []} for chosen in some) for some in run.examples
        )
        runs.append(replace(run, errors=errors, examples=examples))
    study = replace(two_targets, runs=tuple(runs))
    report = report_of(study)
    assert [target.main.name for target in report.targets] == ["intent_error_rate"] * 2
    for target in report.targets:
        for curve in target.curves.values():
            assert np.array_equal(target.main.rate(curve.sums), MAIN.rate(curve.sums))
    words = write(report).decode()
    shown = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", words, flags=re.DOTALL)
    assert "ntent error rate" in shown
    assert not re.findall(r".{30}\b(?:slot|span)s?\b.{30}", shown.replace("<span", "").replace("</span", ""))
    assert "slot" in as_markdown(report_of(two_targets)).decode()


def test_a_target_without_runs(tmp_path, two_targets):
    folder = write_study(
        tmp_path / "s",
        targets=two_targets.spec.targets,
        strategies=two_targets.spec.strategies,
        mended={"random": 1, "margin-balanced": 3},
        without=lambda name: name.target == "domain:<q&a>",
    )
    text = as_markdown(report_of(read_study(folder))).decode()
    assert "No run of a strategy is finished." in text
    assert "runs are missing" in text


def test_escaping():
    assert escaped("_a_ <b> [c](d) `e` ~f~ #g &h;") == r"\_a\_ \<b\> \[c\](d) \`e\` \~f\~ \#g \&h;"
    assert TARGET in escaped(TARGET)
