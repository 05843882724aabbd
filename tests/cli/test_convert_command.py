"""`canvass convert` and `canvass formats`."""

import json

import pytest
from commands import records, refused

from canvass.corpus.formats import FORMATS
from examples import labelled_and_rest

RASA = "nlu:\n- intent: fly\n  examples: |\n    - to [Paris](city:PAR)\n    - home\n"


@pytest.fixture
def rasa(folder):
    (folder / "nlu.yml").write_text(RASA)
    return folder


def test_convert_says_what_is_lost(canvass, rasa):
    result = canvass("convert", "nlu.yml", "out.jsonl")
    assert (result.code, result.out) == (0, "")
    assert (
        result.err
        == "canvass: warning: lost, 1 time: values of entities (synonyms); first: nlu.yml:4: 'Paris' stands for 'PAR'\n"
    )
    expected = [
        {"text": "to Paris", "intent": "fly", "slots": [{"start": 3, "end": 8, "label": "city"}]},
        {"text": "home", "intent": "fly", "slots": []},
    ]
    assert records((rasa / "out.jsonl").read_text()) == expected
    assert records(canvass("convert", "nlu.yml", "-").out) == expected


def test_convert_for_machines(canvass, rasa):
    facts = json.loads(canvass("convert", "nlu.yml", "out.json", "--out-format", "snips", "--json").out)
    assert facts["from"] == ["rasa"]
    assert (facts["to"], facts["utterances"], facts["skipped"]) == ("snips", 2, 0)
    assert facts["lost"] == [
        {"what": "values of entities (synonyms)", "count": 1, "first": "nlu.yml:4: 'Paris' stands for 'PAR'"}
    ]
    on_the_stream = canvass("convert", "nlu.yml", "-", "--json")
    assert len(records(on_the_stream.out)) == 2
    assert json.loads(on_the_stream.err)["to"] == "jsonl"


def test_convert_reads_standard_input_and_named_columns(canvass, rasa):
    found = canvass("convert", "-", "-", "--in-format", "rasa", stdin=RASA.encode()).out
    assert [one["text"] for one in records(found)] == ["to Paris", "home"]
    rows = b"utt,label\nplay,music\n"
    named = canvass(
        "convert", "-", "-", "--in-format", "csv", "--columns", "text=utt,domain=label", stdin=rows
    )
    assert records(named.out) == [{"text": "play", "domain": "music"}]
    bad = canvass("convert", "-", "-", "--skip-bad", "1", stdin=b'{"text": "a"}\nx\n')
    assert records(bad.out) == [{"text": "a"}]
    assert "1 bad record was skipped; the first: -:2" in bad.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nlu.yml", "out.jsonl", "--strict"], ["nlu.yml:4", "synonyms", "--strict"]),
        (["nlu.yml", "out.jsonl", "--in-format", "xml"], ["--in-format 'xml' is not a known format"]),
        (["nlu.yml", "out.jsonl", "--out-format", "xml"], ["--out-format 'xml' is not a known format"]),
        (["nlu.yml", "out.json"], ["out.json", "say which format to write"]),
        (["nlu.yml", "out.zip", "--out-format", "lex"], ["lex can only be read"]),
        (["nlu.yml", "nlu.yml"], ["input"]),
        (["nlu.yml", "out.jsonl", "--in-format", "jsonl"], ["nlu.yml:1"]),
    ],
)
def test_convert_refuses(canvass, rasa, words, expected):
    before = {path: path.read_bytes() for path in rasa.iterdir()}
    assert refused(canvass("convert", *words), *expected)
    assert {path: path.read_bytes() for path in rasa.iterdir()} == before


def test_every_command_takes_other_formats(canvass, folder):
    """Train on Rasa, evaluate on Snips, predict and select from a pool in the form of MASSIVE."""
    known, _ = labelled_and_rest()
    assert canvass("convert", "labelled.jsonl", "labelled.yml").code == 0
    assert canvass("convert", "labelled.jsonl", "labelled.json", "--out-format", "snips").code == 0
    assert canvass("convert", "pool.jsonl", "requests.jsonl", "--out-format", "massive").code == 0
    intent = next(one.intent for one in known if one.domain == "music")
    target = ("--target", f"intent:{intent}")
    facts = json.loads(canvass("train", "labelled.yml", *target, "-o", "m.npz", "--json").out)
    same = json.loads(canvass("train", "labelled.json", *target, "-o", "n.npz", "--json").out)
    assert facts == same
    assert facts["of_the_target"] == sum(one.intent == intent for one in known)
    assert json.loads(canvass("evaluate", "m.npz", "labelled.json").out)["target"] == f"intent:{intent}"
    plain = canvass("predict", "m.npz", "pool.jsonl").out
    assert canvass("predict", "m.npz", "requests.jsonl").out == plain
    words = ("select", "labelled.yml", "pool.jsonl", *target, "--size", "5", "--out", "a.jsonl")
    assert canvass(*words).code == 0
    words = ("select", "labelled.yml", "requests.jsonl", *target, "--size", "5", "--out", "b.jsonl")
    assert canvass(*words).code == 0
    assert (folder / "a.jsonl").read_bytes() == (folder / "b.jsonl").read_bytes()


def test_formats_lists_all(canvass, on_terminal):
    rows = json.loads(canvass("formats", "--json").out)
    assert [row["format"] for row in rows] == [kind.name for kind in FORMATS]
    assert rows[0] == {
        "format": "jsonl", "extensions": [".jsonl", ".ndjson"], "folders": False, "annotations": True, "pool": True, "writes": True,
        "recognised_by": "the extension", "loses": "nothing",
        "carries": ["text", "id", "count", "domain", "intent", "slots", "split", "unannotated"],
    }  # fmt: skip
    lines = canvass("formats").out.splitlines()
    assert len(lines) == len(FORMATS)
    kept = "id, count, domain, intent, slots, split, unannotated"
    assert lines[0].split("\t") == [
        "jsonl",
        ".jsonl .ndjson",
        "read and write",
        "the extension",
        kept,
        "nothing",
    ]
    shown = on_terminal("formats", columns=100)
    assert shown.code == 0
    assert all(kind.name in shown.text for kind in FORMATS)
    assert max(map(len, shown.text.splitlines())) <= 100
