"""Annotated sets: what is kept, what is left out, and what is refused."""

import io
import json
import logging
from types import SimpleNamespace

import pytest

from canvass.corpus.formats import FORMATS, format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import Loss
from canvass.corpus.labelled import Labelled, read_labelled
from canvass.errors import FileError, InputError, OptionError
from canvass.types import Slot, Utterance

SLOT = {"start": 5, "end": 9, "label": "genre"}
ROWS = [
    {"id": "1", "text": "play jazz", "domain": "music", "intent": "Play", "slots": [SLOT], "split": "train"},
    {"id": "2", "text": "stop", "domain": "music", "intent": None, "slots": [], "split": None},
    {"id": "3", "text": "naïve 😀", "domain": None, "intent": "Chat", "slots": None, "split": None},
]
EXPECTED = (
    Utterance("play jazz", "1", 1, "music", "Play", (Slot(5, 9, "genre"),), "train"),
    Utterance("stop", "2", 1, "music", None, ()),
    Utterance("naïve 😀", "3", intent="Chat"),
)
OFF = {"text": "play jazzy", "slots": [SLOT]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name, rows=ROWS):
    format_of(name).write(name, rows)


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", [row for row in FORMATS if row.read and row.write], ids=lambda row: row.name)
def test_every_format_comes_back(folder, kind, ending):
    name = f"train{kind.extensions[0]}{ending}"
    write(name)
    assert read_labelled([name]) == Labelled(EXPECTED)


def test_many_files_and_a_folder_with_notes(folder):
    write("a.jsonl", ROWS[:1])
    write("b.parquet", ROWS[1:])
    (folder / "notes.txt").write_text("not annotated\n")
    assert read_labelled(["."]).utterances == EXPECTED


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(json.dumps(ROWS[0]).encode())))
    assert read_labelled(["-"]).utterances == EXPECTED[:1]


def test_a_slot_off_the_token_borders_is_left_out(folder, caplog):
    caplog.set_level(logging.WARNING)
    write("a.jsonl", [ROWS[0], OFF, ROWS[1], OFF])
    labelled = read_labelled(["a.jsonl"])
    assert labelled.utterances == EXPECTED[:2]
    assert labelled.left_out.count == 2
    assert labelled.left_out.first.startswith(
        "a.jsonl:2: slot 'genre' at 5-9, 'jazz', does not begin and end at token"
    )
    assert labelled.bad_lines.count == 0
    assert "left out 2 records" in caplog.text


def test_strict_refuses_a_slot_off_the_token_borders(folder):
    write("a.jsonl", [ROWS[0], OFF])
    with pytest.raises(
        InputError, match=r"a\.jsonl:2: slot 'genre' at 5-9, 'jazz', does not begin and end at token"
    ):
        read_labelled(["a.jsonl"], strict=True, skip_bad=9)


def test_bad_lines_are_tolerated_over_all_files(folder):
    for name in ("a.jsonl", "b.jsonl"):
        write(name, [ROWS[0], {"text": "stop", "slots": [SLOT]}])
    labelled = read_labelled(["."], skip_bad=2)
    assert (len(labelled.utterances), labelled.bad_lines.count) == (2, 2)
    with pytest.raises(
        InputError,
        match=r"b\.jsonl:2: slot 1 of field 'slots', 'genre' at 5-9, is out of bounds.*tolerates 1",
    ):
        read_labelled(["."], skip_bad=1)
    with pytest.raises(InputError, match=r"a\.jsonl:2: slot 1 of field 'slots'"):
        read_labelled(["."])


def test_the_names_of_the_user(folder):
    write("a.csv", [{"utt": "play", "scenario": "music", "text": "x"}])
    (utterance,) = read_labelled(["a.csv"], columns=Columns(text="utt", domain="scenario")).utterances
    assert utterance == Utterance("play", domain="music")


NOTHING_SAID = [
    {},
    {"domain": None, "intent": None, "slots": None},
    {"domain": "", "intent": " "},
    {"slots": []},
    {"domain": "", "intent": "", "slots": []},
]


@pytest.mark.parametrize("said", NOTHING_SAID)
def test_a_record_without_any_label_is_unlabelled(folder, said):
    (folder / "a.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in [ROWS[0], {"text": "is it cold"} | said, ROWS[1]])
    )
    labelled = read_labelled(["a.jsonl"])
    assert labelled.utterances == EXPECTED[:2]
    assert labelled.unlabelled == Loss(1, "a.jsonl:2")


def test_empty_cells_of_a_table_are_no_labels(folder):
    (folder / "a.csv").write_text(
        'text,domain,intent,slots\nplay,music,Play,[]\nstop,,,\ngo,,,[]\nrain," ",,\n'
    )
    labelled = read_labelled(["a.csv"])
    assert [utterance.text for utterance in labelled.utterances] == ["play"]
    assert labelled.unlabelled.count == 3


def test_no_slot_is_a_label_where_there_are_slots_alone(folder):
    write("a.jsonl", [{"text": "play jazz", "slots": [SLOT]}, {"text": "stop", "slots": []}, {"text": "go"}])
    labelled = read_labelled(["a.jsonl"])
    assert [utterance.slots for utterance in labelled.utterances] == [(Slot(5, 9, "genre"),), ()]
    assert labelled.unlabelled.count == 1


def test_labels_of_one_file_count_for_the_other(folder):
    write("a.jsonl", [{"text": "stop", "slots": []}])
    write("b.jsonl", ROWS[:1])
    assert read_labelled(["a.jsonl", "b.jsonl"]).utterances == EXPECTED[:1]
    assert read_labelled(["a.jsonl"]).utterances == (Utterance("stop", slots=()),)


@pytest.mark.parametrize(
    ("names", "options", "error", "words"),
    [
        (["none.jsonl"], {}, FileError, "none.jsonl: no such file or folder"),
        (["pool.txt"], {}, OptionError, "pool.txt: the format text carries no annotations"),
        (["empty.jsonl"], {}, InputError, "empty.jsonl: no annotated utterance; name a file that has some"),
        (
            ["off.jsonl"],
            {},
            InputError,
            "(1 with slots off the token borders, left out; the first: off.jsonl:1: slot",
        ),
        (
            ["bad.jsonl"],
            {"skip_bad": 3},
            InputError,
            "(1 bad, left out; the first: bad.jsonl:1: field 'text' is missing",
        ),
        (
            ["pool.jsonl"],
            {},
            InputError,
            "(2 without domain, intent and slots, left out; the first: pool.jsonl:1)",
        ),
        (["off.jsonl"], {"skip_bad": -1}, OptionError, "--skip-bad -1 is negative"),
    ],
)
def test_what_is_refused(folder, names, options, error, words):
    (folder / "pool.txt").write_text("a\n")
    (folder / "empty.jsonl").write_text("\n")
    (folder / "bad.jsonl").write_text("{}\n")
    write("off.jsonl", [OFF])
    (folder / "pool.jsonl").write_text('{"text": "play"}\n{"text": "stop"}\n')
    with pytest.raises(error) as caught:
        read_labelled(names, **options)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["train.jsonl", "train.csv", "train.parquet"])
@pytest.mark.parametrize("field", ["weight", "sample_weight"])
def test_sample_weights_are_refused(folder, name, field):
    write(name, [row | {field: weight} for row, weight in zip(ROWS, (1.0, 2.5, 1.0), strict=True)])
    with pytest.raises(
        InputError, match=f"field '{field}' is '?2.5'?, and canvass has no sample weights: every"
    ):
        read_labelled([name])


@pytest.mark.parametrize(
    ("values", "lost"),
    [((1, 1, 1), 3), (("heavy", "light", None), 2), ((None, None, None), 0)],
    ids=["of one", "words", "nothing"],
)
@pytest.mark.parametrize("name", ["train.jsonl", "train.csv", "train.parquet"])
def test_weights_that_change_nothing_are_only_told(folder, name, values, lost):
    write(name, [row | {"weight": value} for row, value in zip(ROWS, values, strict=True)])
    labelled = read_labelled([name])
    assert labelled.utterances == EXPECTED
    assert sum(loss.count for _, loss in labelled.lost) == lost


def test_a_slot_may_have_a_weight(folder):
    write("train.jsonl", [ROWS[0] | {"slots": [SLOT | {"weight": 2}]}, *ROWS[1:]])
    assert read_labelled(["train.jsonl"]).utterances == EXPECTED
