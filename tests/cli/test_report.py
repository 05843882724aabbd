"""`canvass report` and `canvass curve`."""

import json
from types import SimpleNamespace

import pytest
from commands import refused

from canvass.cli.report import chosen_targets
from canvass.errors import OptionError
from parameters import slow_unless
from report.synthetic import TARGET, write_study


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path / "study")
    return "study"


@pytest.mark.slow
def test_every_form_at_once(canvass, study, tmp_path):
    result = canvass("report", study, "-o", "r.html", "-o", "r.md", "-o", "r.json")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("canvass: warning: With 3 seeds")
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "r.md").read_text().startswith("# What active learning")
    assert json.loads((tmp_path / "r.json").read_text())["kind"] == "report"


def test_piped_it_is_one_json_object(canvass, study, tmp_path):
    piped = canvass("report", study)
    assert json.loads(piped.out)["runs"]["finished"] == 18
    assert canvass("report", study, "--json", "-o", "r.md").out == piped.out
    assert (tmp_path / "r.md").exists()


def test_on_a_terminal_it_says_what_was_found(on_terminal, study):
    result = on_terminal("report", study, "-o", "r.md", columns=100)
    text = " ".join(result.text.split())
    assert result.code == 0
    assert (
        "Probably worth it: majority-joint (the default, the best of 2 here) makes 50 % fewer errors" in text
    )
    assert "errors against random-positive −50 %" in text
    assert "Time went into: train 75%, select 25%." in text
    assert "Wrote r.md." in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "nowhere"], ["nowhere", "no study there", "canvass simulate"]),
        (["report", "study", "-o", "r.pdf"], ["--out r.pdf", ".html, .md or .json"]),
        (["report", "study", "-o", "-"], ["--out -", ".html, .md or .json"]),
        (["report", "study", "-o", "a.md", "-o", "./a.md"], ["--out names one file twice"]),
        (["report", "study", "-o", "no/a.md"], ["no/a.md", "does not exist"]),
        (["report", "study", "-o", "study/study.json"], ["study.json is also an input"]),
        (["curve", "study", "--metric", "slot"], ["--metric 'slot' is unknown", "sloter"]),
        (["curve", "study", "--by", "words"], ["--by 'words'", "utterances, tokens, slots"]),
        (["curve", "study", "--target", "intent:Play"], ["--target 'intent:Play'", TARGET]),
        (["curve", "study", "-s", "majority"], ["--strategy 'majority'", "majority-crf"]),
    ],
)
def test_refusals(canvass, study, words, said):
    assert refused(canvass(*words), *said)


def test_a_study_without_results_is_refused(canvass, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path / "study", without=lambda _name: True)
    assert refused(canvass("report", "study"), "study", "no run of a strategy is finished")


def test_nothing_is_written_where_one_form_cannot_be(canvass, study, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = canvass("report", study, "-o", "r.md", "-o", "r.html")
    assert refused(result, "matplotlib", "pip install 'canvass-nlu[report]'")
    assert not (tmp_path / "r.md").exists()


def test_curves_as_a_table(canvass, study):
    result = canvass("curve", study)
    head, *rows = [line.split("\t") for line in result.out.splitlines()]
    assert (result.code, result.err) == (0, "")
    assert head == ["target", "strategy", "utterances", "slot_error_rate", "low", "high"]
    assert len(rows) == 4 * 5
    assert [float(row[3]) * 120 for row in rows if row[1] == "majority-joint"] == pytest.approx(
        [24, 20, 16, 12, 8], abs=1e-3
    )
    one = canvass("curve", study, "--metric", "span-f1", "--by", "tokens", "-s", "majority-crf", "-t", TARGET)
    last = one.out.splitlines()[-1].split("\t")
    assert last[:3] == [TARGET, "majority-crf", "400"]
    assert float(last[3]) == pytest.approx(1 - 12 / 80)


def test_curves_as_json(canvass, study):
    document = json.loads(canvass("curve", study, "--json", "-s", "all").out)
    points = document["targets"][TARGET]["random"]
    assert (document["metric"], document["by"], len(points)) == ("slot_error_rate", "utterances", 5)
    assert points[0]["mean"] == pytest.approx(24 / 120)


def test_curves_of_one_seed_have_no_band(canvass, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path / "study", seeds=1, without=lambda name: name.strategy == "random")
    result = canvass("curve", "study")
    assert "1 of 6 runs are missing" in result.err
    assert result.out.splitlines()[1].endswith("\t\t")
    assert (
        json.loads(canvass("curve", "study", "--json").out)["targets"][TARGET]["majority-crf"][0]["low"]
        is None
    )


def test_a_list_of_intents_is_found_in_any_order():
    study = SimpleNamespace(spec=SimpleNamespace(targets=("domain:music", "intent:Play,Stop")))
    assert chosen_targets(study, ["intent:Stop, Play"]) == ["intent:Play,Stop"]
    assert chosen_targets(study, None) == ["domain:music", "intent:Play,Stop"]
    with pytest.raises(OptionError, match="'domain:musik' is not in the study; did you mean domain:music"):
        chosen_targets(study, ["domain:musik"])


@pytest.mark.slow
@pytest.mark.parametrize("columns", slow_unless([60], [60, 120]))
def test_curves_on_a_terminal(on_terminal, study, columns):
    result = on_terminal("curve", study, columns=columns)
    lines = result.text.splitlines()
    assert result.code == 0
    assert f"{TARGET}  slot error rate, %" in result.text
    assert max(map(len, (line for line in lines if "⠀" in line))) <= columns
    # Each name stands once, at the end of its line, those with more errors above.
    order = [name for line in lines for name in ("random 16.7", "random-positive 13.3", "majority-crf 10.0", "majority-joint 6.7") if name in line]  # fmt: skip
    assert order == ["random 16.7", "random-positive 13.3", "majority-crf 10.0", "majority-joint 6.7"]
    assert "utterances" in lines[-2] + lines[-1]
