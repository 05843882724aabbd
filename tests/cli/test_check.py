"""`canvass check`, and what `train` and `new` tell of it in short."""

import csv
import json

import pytest
from commands import record, records, refused, write, write_records

from canvass.annotation.project.project import Project
from examples import labelled_and_rest, music, others

KNOWN, _ = labelled_and_rest()
TWICE = [
    {"text": "good day", "domain": "music", "intent": name, "slots": []} for name in ("Greet", "greet", "Bye")
]


def test_check_lists_and_train_and_new_tell(canvass, folder):
    clean = canvass("check", "labelled.jsonl")
    assert clean.code == 0
    write_records(
        folder / "odd.jsonl", [*map(json.loads, (folder / "labelled.jsonl").read_text().splitlines()), *TWICE]
    )
    found = canvass("check", "odd.jsonl")
    assert (found.code, found.err) == (0, "")
    facts = json.loads(canvass("check", "odd.jsonl", "--json").out)
    assert facts["records"] == len(KNOWN) + 3
    assert facts["counts"]["contradiction"] == 2
    assert [f"{one['kind']}: {one['words']}" for one in facts["findings"]] == found.out.splitlines()
    names = "the intents 'Greet' (1), 'greet' (1) differ by case or blanks alone"
    assert names in canvass("select", "odd.jsonl", "pool.jsonl", "-t", "domain:music", "-o", "b.jsonl").err
    for words in (
        ["train", "odd.jsonl", "-t", "domain:music", "-o", "m.npz"],
        ["new", "project", "odd.jsonl", "pool.jsonl", "-t", "domain:music"],
    ):
        told = canvass(*words)
        assert told.code == 0
        assert f"odd.jsonl:{len(KNOWN) + 1} and intent 'greet' at odd.jsonl:{len(KNOWN) + 2}" in told.err
        assert names in told.err
        assert "canvass check LABELLED" in told.err
    assert "canvass check" not in canvass("train", "labelled.jsonl", "-t", "domain:music", "-o", "m.npz").err


def test_nothing_found(canvass, folder):
    music = [one for one in KNOWN if one.domain == "music"]
    write(folder / "music.jsonl", music)
    assert canvass("check", "music.jsonl").out == f"{len(music):,} records: nothing found\n"


def test_what_is_left_out_is_told_once(canvass, folder):
    write_records(folder / "odd.jsonl", [*map(record, KNOWN), {"text": "good day"}])
    found = canvass("check", "odd.jsonl")
    assert found.err == ""
    assert (
        f"unlabelled: 1 record without domain, intent and slots, left out; the first: odd.jsonl:{len(KNOWN) + 1}"
        in found.out
    )


def wrong(records, number):
    """Change every so-many-th intent, as somebody who errs."""
    names = sorted({one["intent"] for one in records})
    return [
        one if place % number else one | {"intent": names[(names.index(one["intent"]) + 1) % len(names)]}
        for place, one in enumerate(records)
    ]


def test_suspicious_requests_are_mended_in_a_file_and_imported(canvass, folder):
    gold = [record(one) for one in music()]
    planted = wrong(gold, 12)
    write_records(folder / "odd.jsonl", [*planted, *(record(one) for one in others())])
    assert canvass("new", "project", "odd.jsonl", "pool.jsonl", "-t", "domain:music").code == 0
    found = canvass("check", "odd.jsonl", "--out", "suspicious.csv", "--json")
    assert found.code == 0, found.err
    with (folder / "suspicious.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == json.loads(found.out)["counts"]["suspicious"]
    scores = [float(row["suspicion"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    said = {one["text"]: one["intent"] for one in gold}
    errors = [row for row in rows if row["domain"] == "music" and row["intent"] != said[row["text"]]]
    assert len(errors) >= 2
    assert all(row["models_intent"] == said[row["text"]] for row in errors)
    # Mended, it is the answers of whoever mended it; the older annotations are replaced.
    write_records(
        folder / "mended.jsonl", [one for one in gold if one["text"] in {row["text"] for row in errors}]
    )
    told = json.loads(canvass("import", "project", "mended.jsonl", "--annotator", "ana").out)
    assert told["answered"] + told["in_test"] == len(errors)
    with Project.open("project") as project:
        learnt = {one.text: one.intent for one in project.annotated()}
        test = {one.text for one in project.test}
        assert all(learnt[row["text"]] == said[row["text"]] for row in errors if row["text"] not in test)


@pytest.mark.slow
def test_the_review_list_of_a_project_is_made_without_the_page(canvass, folder):
    assert canvass("new", "project", "labelled.jsonl", "pool.jsonl", "-t", "domain:music").code == 0
    assert json.loads(canvass("status", "project").out)["review"] is None  # nobody has looked
    assert canvass("check", "project").out == "0 answers: nothing found\n"
    assert json.loads(canvass("status", "project").out)["review"] == 0
    gold = [one for one in labelled_and_rest()[1] if one.domain == "music"]
    answers = [record(one) for one in gold]
    wrong_one = answers[5] | {"domain": "weather", "intent": "GetWeather"}
    wrong_one.pop("slots")
    write_records(folder / "answers.jsonl", [*answers[:5], wrong_one, *answers[6:]])
    assert canvass("import", "project", "answers.jsonl", "--annotator", "ana").code == 0
    facts = json.loads(canvass("check", "project", "--json", "--out", "review.jsonl").out)
    assert wrong_one["text"] in [item["text"] for item in facts["review"]]
    assert json.loads(canvass("status", "project").out)["review"] == len(facts["review"])
    rows = records((folder / "review.jsonl").read_text())
    assert {row["text"] for row in rows} >= {wrong_one["text"]}
    with Project.open("project") as project:  # what the page shows
        assert [item.text for item in project.store.to_review()] == [item["text"] for item in facts["review"]]


def test_records_that_cannot_be_read_are_found_and_stop_nothing(canvass, folder):
    inside = {"text": "play new york blues", "intent": "PlayMusic", "domain": "music"}
    slots = [{"start": 5, "end": 19, "label": "SongName"}, {"start": 5, "end": 13, "label": "City"}]
    write_records(folder / "odd.jsonl", [*(record(one) for one in KNOWN), inside | {"slots": slots}])
    found = canvass("check", "odd.jsonl")
    assert found.code == 0
    assert (
        f"record: 1 record that other commands cannot read and stop at; the first: odd.jsonl:{len(KNOWN) + 1}"
        in found.out
    )
    write_records(
        folder / "half.jsonl",
        [*(record(one) for one in KNOWN), inside | {"slots": [{"start": 6, "end": 13, "label": "City"}]}],
    )
    assert (
        "record: 1 record with a slot off the token borders, left out" in canvass("check", "half.jsonl").out
    )


def test_what_has_a_place_is_no_option(canvass, folder):
    told = canvass(
        "new", "project", "--labelled", "labelled.jsonl", "--pool", "pool.jsonl", "-t", "domain:music"
    )
    assert refused(
        told,
        "--labelled is no option: LABELLED is known by its place; write canvass new DIR LABELLED POOL...",
    )
    assert refused(
        canvass("select", "labelled.jsonl", "--pool=p.jsonl", "-t", "domain:music"), "--pool is no option"
    )
