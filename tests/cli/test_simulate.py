"""`canvass simulate`: the command around a study."""

import json
import os
import signal
import time

import pytest
from commands import refused, write

from canvass.simulation import read_study
from examples import music, others

SMALL = (
    "--target", "domain:music", "--strategy", "random", "--strategy", "majority-crf", "--seeds", "1", "--seed-size", "8",
    "--negatives", "8", "--batch", "3,4", "--processes", "1",
)  # fmt: skip


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    write(tmp_path / "corpus.jsonl", [*music(), *others()])
    monkeypatch.chdir(tmp_path)
    return "corpus.jsonl"


def test_a_study_is_run_and_told(canvass, corpus, tmp_path):
    result = canvass("simulate", corpus, *SMALL, "--out", "study", "--transfer", "svm", "--noise", "0.1")
    assert result.code == 0, result.err
    told = json.loads(result.out)
    assert (told["study"], told["runs"], told["run_now"]) == ("study", 4, 4)
    rates = told["slot_error_rate"]["domain:music"]
    assert {"random", "majority-crf"} < set(rates)
    study = read_study(tmp_path / "study")
    assert study.missing == ()
    assert (study.spec.schedule, study.spec.noise, study.spec.transfer, study.spec.test) == (
        (3, 4),
        0.1,
        ("svm",),
        "fifth",
    )
    assert study.provenance[0]["command"][:3] == ["canvass", "simulate", corpus]
    again = canvass("simulate", corpus, *SMALL, "--out", "study", "--transfer", "svm", "--noise", "0.1")
    assert json.loads(again.out)["run_now"] == 0
    assert json.loads(again.out)["slot_error_rate"] == told["slot_error_rate"]
    assert refused(canvass("simulate", corpus, *SMALL, "--out", "study"), "study holds a study", "--noise")


def test_a_small_pool_is_warned_of_and_marked(canvass, corpus, tmp_path):
    words = [*SMALL[:-4], "--rounds", "1", "--batch", "20", "--processes", "1"]
    result = canvass("simulate", corpus, *words, "--out", "study")
    assert result.code == 0, result.err
    assert "fewer than four times the budget of 20" in result.err
    assert read_study(tmp_path / "study").facts["domain:music"].short_pool


@pytest.mark.slow
def test_the_test_part_of_the_corpus_is_used_where_there_is_one(canvass, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from commands import record, write_records

    some = [
        {**record(one), "split": "test" if i % 3 == 0 else "train"}
        for i, one in enumerate([*music(), *others()])
    ]
    write_records(tmp_path / "corpus.jsonl", some)
    for words, test in ((), "own"), (("--test", "fifth"), "fifth"):
        result = canvass("simulate", "corpus.jsonl", *SMALL, *words, "--out", test)
        assert result.code == 0, result.err
        assert read_study(tmp_path / test).spec.test == test


@pytest.mark.slow
def test_on_a_terminal_the_rates_are_a_table(on_terminal, corpus):
    words = ("--assistant-error", "0.4,0.5")
    result = on_terminal("simulate", corpus, *SMALL, *words, "--out", "study")
    assert result.code == 0
    said = " ".join(result.text.split())
    study = read_study("study")
    for run in study.runs_of("domain:music", "strategy"):
        keys, wrong, alone, wrong_alone = run.checks.mean(axis=0)
        assert (
            f"{run.name.strategy}: {keys:.2f} keys a request with the assistant and {alone:.2f} without"
            in said
        )
        assert f"{wrong:.1%} and {wrong_alone:.1%} are annotated wrongly" in said
        assert run.checks.shape == (7, 4)
        assert wrong_alone == 0.0
    assert not any(len(run.checks) for run in study.runs_of("domain:music", "prolonged"))
    assert "domain:music: slot error rate after 7 utterances, mean of 1 start" in " ".join(
        result.text.split()
    )
    assert "majority-crf" in result.text
    assert "Wrote study." in result.text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--batch", "3,x"), ["--batch '3,x'"]),
        (("--rounds", "3"), ["--batch 3,4 says", "--rounds"]),
        (("--strategy", "randon"), ["did you mean random"]),
        (("--target", "domain:music"), ["a target is given twice"]),
        (("--target", "music"), ["'music' is not a target"]),
        (("--target", "domain:nix"), ["0 utterances of domain:nix"]),
        (("--seeds", "0"), ["--seeds 0"]),
        (("--processes", "0"), ["--processes 0"]),
        (("--batch", "3,4:euros"), ["--batch in 'euros'", "utterances, tokens, slots"]),
        (("--test", "half"), ["--test 'half'", "own or fifth"]),
        (("--test", "own"), ["no record with the split 'test'"]),
        (("--noise", "2"), ["--noise 2"]),
        (("--assistant-error", "-0.1"), ["--assistant-error -0.1"]),
        (("--assistant-error", "0.1,2"), ["the second share of --assistant-error, 2"]),
        (("--assistant-error", "0.1,0.2,0.3"), ["--assistant-error '0.1,0.2,0.3'", "0.2,0.5"]),
        (("--pool-share", "0.999"), ["--pool-share 0.999"]),
        (("--seed-size", "5000"), ["5000 are asked"]),
        (("--transfer", "last"), ["--transfer 'last'", "module:factory", "--transfer-every"]),
        (("--transfer", "svm", "--transfer", "svm"), ["--transfer names a family twice"]),
        (("--transfer-every", "2"), ["--transfer-every 2", "needs --transfer"]),
        (("--transfer", "nowhere:build"), ["--transfer nowhere:build", "importing nowhere failed"]),
        (("--batch", "900,"), ["--batch '900,'"]),
        (("--batch", "900"), ["spend less, or give a larger corpus"]),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(canvass, corpus, tmp_path, words, said):
    assert refused(canvass("simulate", corpus, *SMALL, *words, "--out", "study"), *said)
    assert not (tmp_path / "study").exists()


def test_standard_input_is_refused(canvass):
    assert refused(canvass("simulate", "-", *SMALL, "--out", "study"), "standard input (-)", "name a file")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of the terminal")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_study_can_go_on(start, corpus, tmp_path, number, code):
    import subprocess

    words = [*SMALL[:-2], "--processes", "2", "--out", "study"]
    process = start(
        "simulate", corpus, *words, "--seeds", "20", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    end = time.monotonic() + 120
    while not list(tmp_path.glob("study/*/*.npz")) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert (b"give the same command again to go on" in said) == (number == signal.SIGINT)
    assert b"Traceback" not in said
    assert not list(tmp_path.glob("study/**/.*"))
    assert read_study(tmp_path / "study").missing
