"""`canvass train`, `predict` and `evaluate`: a model goes to a file and back."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import record, records, refused, write, write_records

from canvass.cli import terminal
from canvass.evaluation import evaluate
from canvass.models.nlu import NLU
from examples import MUSIC, labelled_and_rest
from word_pools import annotated, named_requests

KNOWN, REST = labelled_and_rest()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "music.npz"
    NLU.train(KNOWN, MUSIC).save(path)
    return path


@pytest.mark.slow
def test_a_model_with_word_features_predicts_elsewhere(canvass, folder):
    texts = named_requests(4000)
    write(folder / "labelled.jsonl", [annotated(text) for text in texts[::40]])
    write(folder / "others.jsonl", [annotated(text) for text in texts[7::40]])
    Path("pool.txt").write_text("\n".join(texts) + "\n")
    errors = []
    for name, words in (("plain", ()), ("words", ("--words", "pool.txt"))):
        assert canvass("train", "labelled.jsonl", "-t", "all", "-o", f"{name}.npz", *words).code == 0
        evaluated = json.loads(canvass("evaluate", f"{name}.npz", "others.jsonl", "--json").out)
        errors.append(evaluated["span_slot_error_rate"])
    assert errors[1] < 0.7 * errors[0]
    assert canvass("words", "pool.txt", "-o", "learnt.npz").code == 0
    assert (
        canvass("train", "labelled.jsonl", "-t", "all", "-o", "again.npz", "--words", "learnt.npz").code == 0
    )
    assert Path("again.npz").read_bytes() == Path("words.npz").read_bytes()


def test_train_writes_the_model_of_the_library(canvass, folder, model):
    result = canvass("train", "labelled.jsonl", "--target", "domain:music", "--out", "m.npz")
    assert result == (0, "", "")
    assert (folder / "m.npz").read_bytes() == model.read_bytes()
    canvass("train", "labelled.jsonl", "-t", "domain:music", "--out", "short.npz")
    assert (folder / "short.npz").read_bytes() == model.read_bytes()
    facts = json.loads(
        canvass("train", "labelled.jsonl", "--target", "domain:music", "-o", "m.npz", "--json").out
    )
    positives = sum(map(MUSIC.matches, KNOWN))
    assert facts.pop("tags") > 3
    assert facts == {
        "target": "domain:music",
        "labelled": len(KNOWN),
        "of_the_target": positives,
        "annotated_for_slots": positives,
        "intents": 2,
    }


def test_train_without_a_tagger_warns(canvass, folder):
    rows = [{name: value for name, value in record(one).items() if name != "slots"} for one in KNOWN]
    write_records(folder / "bare.jsonl", rows)
    result = canvass("train", "bare.jsonl", "--target", "domain:music", "-o", "m.npz")
    assert result == (0, "", "")
    facts = json.loads(canvass("evaluate", "m.npz", "labelled.jsonl").out)
    assert facts["utterances"] == sum(map(MUSIC.matches, KNOWN))
    assert facts["intent_error_rate"] == facts["intent_errors"] / facts["utterances"]
    assert not {name for name in facts if "slot" in name or "span" in name}
    found = records(canvass("predict", "m.npz", "pool.jsonl").out)
    assert not {name for one in found for name in one if "slot" in name or "tagger" in name}
    assert {one["predicted_intent"] for one in found} == {"AddToPlaylist", "PlayMusic"}
    assert {one["is_target"] for one in found} == {True, False}


def test_train_on_slots_alone_predicts_slots_alone(canvass, folder):
    rows = [record(one) | {"intent": None} for one in KNOWN]
    write_records(folder / "slots.jsonl", rows)
    assert canvass("train", "slots.jsonl", "-t", "domain:music", "-o", "m.npz") == (0, "", "")
    facts = json.loads(canvass("evaluate", "m.npz", "slots.jsonl").out)
    assert facts["reference_slots"] > 0
    assert not {name for name in facts if "intent" in name}
    found = records(canvass("predict", "m.npz", "pool.jsonl").out)
    assert not {name for one in found for name in one if "intent" in name}
    assert any(one["predicted_slots"] for one in found)


def test_neither_slots_nor_intents_say_nothing(canvass, folder):
    write_records(folder / "bare.jsonl", [{"text": one.text, "domain": one.domain} for one in KNOWN])
    result = canvass("train", "bare.jsonl", "-t", "domain:music", "-o", "m.npz")
    assert "warning: no tagger was trained: only 0 utterances" in result.err
    refused(canvass("evaluate", "m.npz", "labelled.jsonl"), "has an intent", "at least 2")
    found = records(canvass("predict", "m.npz", "pool.jsonl").out)
    assert {one["is_target"] for one in found} == {True, False}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["labelled.jsonl", "--target", "domain:musik", "-o", "m.npz"], ["did you mean music?"]),
        (["labelled.jsonl", "-o", "m.npz"], ["--target is missing", "domain:NAME"]),
        (["nix.jsonl", "--target", "domain:music", "-o", "m.npz"], ["nix.jsonl"]),
        (["labelled.jsonl", "--target", "domain:music", "-o", "nix/m.npz"], ["nix", "does not exist"]),
        (
            ["labelled.jsonl", "--target", "domain:music", "-o", "./labelled.jsonl"],
            ["labelled.jsonl", "input"],
        ),
        (["labelled.jsonl", "--target", "domain:music", "-o", "-"], ["--out -", "name a file"]),
        (
            ["labelled.jsonl", "--target", "domain:music", "-o", "m.npz", "--iterations", "0"],
            ["--iterations 0"],
        ),
        (
            ["labelled.jsonl", "--target", "domain:music", "-o", "m.npz", "--labelled-format", "xml"],
            ["--labelled-format"],
        ),
    ],
)
def test_train_refuses(canvass, folder, words, expected):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert refused(canvass("train", *words), *expected)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_predict_in_every_format(canvass, folder, model):
    found = records(canvass("predict", model, "pool.jsonl").out)
    assert [one["text"] for one in found] == [one.text for one in REST]
    assert list(found[0])[:4] == ["text", "id", "count", "is_target"]
    right = sum(one["is_target"] == MUSIC.matches(gold) for one, gold in zip(found, REST, strict=True))
    assert right > 0.9 * len(REST)
    slot = next(one for one in found if one["text"].startswith("put on"))["predicted_slots"][0]
    assert (slot["start"], slot["label"]) == (7, "SongName")
    assert canvass("predict", model, "pool.jsonl", "-o", "p.parquet") == (0, "", "")
    assert pq.read_table(folder / "p.parquet").to_pylist() == found
    lines = (folder / "pool.jsonl").read_bytes()
    assert records(canvass("predict", model, "-", stdin=lines).out) == found
    text = "".join(f"{one.text}\n" for one in REST).encode()
    assert len(records(canvass("predict", model, "-", "--pool-format", "text", stdin=text).out)) == len(REST)
    bad = canvass("predict", model, "-", "--skip-bad", "1", stdin=lines + b"nonsense\n")
    assert records(bad.out) == found
    assert "1 bad line was skipped; the first: -:" in bad.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["MODEL", "nix.jsonl"], ["nix.jsonl"]),
        (["nix.npz", "pool.jsonl"], ["nix.npz"]),
        (["pool.jsonl", "pool.jsonl"], ["pool.jsonl", "model"]),
        (["cut.npz", "pool.jsonl"], ["cut.npz", "damaged"]),
        (["MODEL", "pool.jsonl", "-o", "p.xml"], ["p.xml", ".jsonl"]),
        (["MODEL", "pool.jsonl", "-o", "pool.jsonl"], ["pool.jsonl", "input"]),
        (["MODEL", "pool.jsonl", "-o", "nix/p.jsonl"], ["does not exist"]),
        (["MODEL", "pool.jsonl", "--pool-format", "xml"], ["--pool-format 'xml'"]),
        (["MODEL", "bad.jsonl", "-o", "p.jsonl"], ["bad.jsonl:2"]),
        (["MODEL", "-", "-"], ["standard input"]),
    ],
)
def test_predict_refuses(canvass, folder, model, words, expected):
    (folder / "cut.npz").write_bytes(model.read_bytes()[:-500])
    (folder / "bad.jsonl").write_bytes(b'{"text": "play"}\nnonsense\n')
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert refused(canvass("predict", *(model if word == "MODEL" else word for word in words)), *expected)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_evaluate_gives_the_metrics_of_the_library(canvass, folder, model):
    write(folder / "test.jsonl", REST)
    scores, routing = evaluate(NLU.load(model), REST)
    result = canvass("evaluate", model, "test.jsonl")
    assert result.err == ""
    facts = json.loads(result.out)
    assert facts == json.loads(
        json.dumps({"target": "domain:music", **scores.as_dict(), "routing": routing.as_dict()})
    )
    assert facts["utterances"] == sum(map(MUSIC.matches, REST))
    assert canvass("evaluate", model, "test.jsonl", "--json") == result


def test_evaluate_train_and_predict_for_a_person(canvass, folder, model, monkeypatch):
    monkeypatch.setattr(terminal, "interactive", lambda: True)
    write(folder / "test.jsonl", REST)
    text = " ".join(canvass("evaluate", model, "test.jsonl").out.split())
    for words in ("slot error rate, intent as a slot", "span F1", "wrong intents", "routing: precision"):
        assert words in text
    text = canvass("train", "labelled.jsonl", "--target", "domain:music", "-o", "m.npz").out
    assert "of the target" in text
    assert "Wrote m.npz." in text
    assert canvass("predict", model, "pool.jsonl", "-o", "p.jsonl").out == "Wrote p.jsonl.\n"
    assert len(records(canvass("predict", model, "pool.jsonl").out)) == len(REST)
    text = "play \x9b31mmoon \u202e"
    write_records(folder / "nasty.jsonl", [{"text": text}])
    seen = []
    monkeypatch.setattr(terminal, "print_json", seen.append)
    assert canvass("predict", model, "nasty.jsonl").out == ""
    canvass("select", "labelled.jsonl", "nasty.jsonl", "--target", "domain:music", "--out", "-")
    assert [one["text"] for one in seen] == [text, text]  # by the printer that escapes


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["MODEL", "nix.jsonl"], ["nix.jsonl"]),
        (["cut.npz", "labelled.jsonl"], ["cut.npz", "damaged"]),
        (["MODEL", "labelled.txt"], ["labelled.txt", "no annotations"]),
        (["MODEL", "others.jsonl"], ["domain:music"]),
    ],
)
def test_evaluate_refuses(canvass, folder, model, words, expected):
    (folder / "cut.npz").write_bytes(model.read_bytes()[:-500])
    (folder / "labelled.txt").write_text("play\n", encoding="utf-8")
    write(folder / "others.jsonl", [one for one in REST if one.domain != "music"])
    assert refused(canvass("evaluate", *(model if word == "MODEL" else word for word in words)), *expected)
