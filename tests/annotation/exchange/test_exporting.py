"""What people annotated leaves as files that are read back, whatever the format."""

import csv
import json
import sqlite3
import zipfile

import pytest
from commands import records

from annotation.projects import make_project, music_left, tasks_of
from canvass.annotation.exchange.exporting import answer_records, exported, write_export, write_records
from canvass.annotation.project.backing_up import back_up
from canvass.annotation.project.project import Project
from canvass.annotation.store.records import NewAnswer
from canvass.corpus.labelled import read_labelled
from canvass.corpus.normalise import key_of
from canvass.errors import FileError, OptionError
from canvass.types import Slot, Utterance
from examples import MUSIC, labelled_and_rest

NOW = 1_760_000_000.0
FORMULA = Utterance("=HYPERLINK(1) please", domain="music", intent="PlayMusic", slots=())


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "music") as made:
        yield made


@pytest.fixture
def answered(project):
    """Three tasks: a frame that was corrected, one of elsewhere, and one that begins like a formula."""
    first, second, third = project.store.add(tasks_of([*music_left(2), FORMULA]))
    save(project, "a1", first, intent="AddToPlaylist")
    save(project, "a2", first, replaces="a1", note="-1", flagged=True)
    save(project, "b1", second, kind="elsewhere", domain="weather", intent=None, slots=None, annotator="bo")
    save(project, "a3", third, slots=(Slot(1, 10, "SongName"),), annotator="=bo")
    return first, second, third


def save(project, name, task, **fields):
    said = {
        "annotator": "ana",
        "kind": "frame",
        "intent": "PlayMusic",
        "slots": (),
        "shown": task.prediction,
    } | fields
    return project.store.save(NewAnswer(id=name, task=task.id, **said), now=NOW)


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv.gz", "out.tsv", "out.parquet"])
@pytest.mark.parametrize("everything", [False, True])
def test_an_export_is_a_labelled_set(project, answered, tmp_path, name, everything):
    path = str(tmp_path / name)
    done = write_export(path, project, everything=everything, guard=False)
    assert done.marked == 0
    found = read_labelled([path]).utterances
    assert list(found) == exported(project, everything=everything)
    assert done.utterances == len(found)
    assert done.utterances == 3 + (len(project.labelled) if everything else 0)


def test_what_belongs_nowhere_known_stays_a_negative(project, tmp_path):
    (task,) = project.store.add(tasks_of(music_left(1)))
    save(project, "a", task, kind="elsewhere", intent=None, slots=None)
    path = str(tmp_path / "out.csv")
    write_export(path, project)
    (found,) = read_labelled([path]).utterances
    assert (found.text, found.domain, found.intent, found.slots) == (task.text, "elsewhere", None, None)
    assert not project.target.matches(found)


def test_the_old_answer_is_not_exported(project, answered):
    assert [(one.intent, one.domain, one.slots) for one in exported(project)] == [
        ("PlayMusic", "music", ()),
        (None, "weather", None),
        ("PlayMusic", "music", (Slot(1, 10, "SongName"),)),
    ]


def test_all_is_what_there_was_and_what_came(tmp_path):
    known, rest = labelled_and_rest(2)
    pool = tmp_path / "pool.jsonl"
    pool.write_text(json.dumps({"text": rest[0].text}) + "\n")
    with Project.create(tmp_path / "music", known, [str(pool)], MUSIC) as project:
        relabelled = next(one for one in project.labelled if one.domain == "music")
        tasks = project.store.add(tasks_of([relabelled, project.test[0], rest[0]], source="imported"))
        for number, task in enumerate(tasks):
            save(project, f"a{number}", task)
        everything = exported(project, everything=True)
        keys = [key_of(one.text) for one in everything]
        assert sorted(keys) == sorted({key_of(one.text) for one in [*known, rest[0]]})
        assert {one.text: one.split for one in everything} == {
            **{one.text: "train" for one in (*project.labelled, rest[0])},
            **{one.text: "test" for one in project.test},
        }
        by_text = {one.text: one for one in everything}
        assert by_text[relabelled.text].slots == ()
        # What was held out stays as it was.
        assert by_text[project.test[0].text].intent == project.test[0].intent


def test_a_test_set_of_its_own_is_not_exported(project, answered):
    everything = exported(project, everything=True)
    assert len(everything) == len(project.labelled) + 3
    assert {one.split for one in everything} == {"train"}


def test_spreadsheets_run_nothing(project, answered, tmp_path):
    path = tmp_path / "out.csv"
    assert write_export(str(path), project).marked == 1
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    last = read_labelled([str(path)]).utterances[-1]
    assert last.text == "'=HYPERLINK(1) please"
    assert [last.text[slot.start : slot.end] for slot in last.slots] == ["HYPERLINK"]
    assert write_records(str(tmp_path / "answers.tsv"), answer_records(project)) == 2
    assert write_export(str(tmp_path / "out.jsonl"), project).marked == 0


def test_an_export_in_a_format_of_others(project, answered, tmp_path):
    path = str(tmp_path / "nlu.yml")
    done = write_export(path, project)
    found = read_labelled([path]).utterances
    # Rasa has a place for intents and slots, none for what has no intent.
    assert [(one.intent, one.slots) for one in found] == [
        (one.intent, one.slots) for one in exported(project) if one.intent is not None
    ]
    assert any("intent" in what for what in done.losses.found)
    with pytest.raises(OptionError, match="can only be read"):
        write_export(str(tmp_path / "out.zip"), project, name="dialogflow")
    with pytest.raises(OptionError, match="say which format"):
        write_export(str(tmp_path / "out.json"), project)


def test_every_answer_is_told(project, answered, tmp_path):
    first, second, third = answered
    told = answer_records(project)
    assert [one["answer"] for one in told] == ["a1", "a2", "b1", "a3"]
    assert [one["current"] for one in told] == [False, True, True, True]
    assert [one["accepted"] for one in told] == [False, True, True, True]
    assert [one["task"] for one in told] == [first.id, first.id, second.id, third.id]
    assert told[1] | {"at": None, "guessed_slots": None, "guess_confidence": None} == {
        "answer": "a2", "task": first.id, "id": first.utterance, "text": first.text, "count": 3,
        "source": "selected", "annotator": "ana", "at": None, "kind": "frame", "domain": None,
        "intent": "PlayMusic", "slots": [], "flagged": True, "note": "-1", "seconds": 0.0, "current": True,
        "accepted": True, "replaces": "a1", "adjudicates": False, "shown": True,
 "copies": None,
        "guessed_intent": first.prediction.intent, "guessed_slots": None, "guess_confidence": None, "guess_round": 0,
    }  # fmt: skip
    assert told[0]["at"] == "2025-10-09T08:53:20.000+00:00"
    path = tmp_path / "answers.jsonl"
    write_records(str(path), told)
    assert records(path.read_text(encoding="utf-8")) == told


def test_a_backup_of_the_answers_is_a_store(project, answered, tmp_path):
    back_up(project, tmp_path / "copy.db")
    with sqlite3.connect(tmp_path / "copy.db") as connection:
        assert connection.execute("SELECT count(*) FROM answers").fetchone() == (4,)
    connection.close()


def test_a_backup_of_the_project_is_a_project(project, answered, tmp_path):
    back_up(project, tmp_path / "copy.zip")
    zipfile.ZipFile(tmp_path / "copy.zip").extractall(tmp_path / "restored")
    with Project.open(tmp_path / "restored" / "music") as restored:
        assert restored.settings == project.settings
        assert restored.annotated() == project.annotated()
        assert restored.store.answers(current_only=False) == project.store.answers(current_only=False)
    assert not list(tmp_path.glob(".copy*"))


def test_a_backup_that_cannot_be_written(project, tmp_path):
    with pytest.raises(OptionError, match=r"end the name in \.db"):
        back_up(project, tmp_path / "copy.tar")
    with pytest.raises(FileError, match="does not exist"):
        back_up(project, tmp_path / "nix" / "copy.zip")
    (project.folder / "test.jsonl").unlink()
    with pytest.raises(FileError, match=r"test\.jsonl: could not be read"):
        back_up(project, tmp_path / "copy.zip")
    assert not list(tmp_path.glob("*copy*"))
