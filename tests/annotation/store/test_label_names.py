"""Labels that are renamed, merged or deleted: answers stay as they were given, and are read under today's names."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.annotation.store import schema
from canvass.annotation.store.label_names import LabelNames, read_names, retire_name
from canvass.annotation.store.task_store import Store
from canvass.errors import InputError
from canvass.types import Slot, Utterance
from store_records import PREDICTION, new_answer, new_task


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "canvass.db") as made:
        made.add([new_task(f"k{place}", "imported", wanted=2) for place in range(3)])
        yield made


def rows(store):
    """What the table of answers says, but for the two columns that may change."""
    with closing(sqlite3.connect(store.path)) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute("SELECT * FROM answers ORDER BY sequence")]
    return [{name: row[name] for name in row if name not in {"current", "adjudicates"}} for row in found]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), max_size=12))
def test_every_name_that_was_ever_given_leads_to_the_label_of_today(changes):
    """Names are renamed to unused ones, merged into used ones, or deleted (6); the model moves sets of names."""
    names, connection = LabelNames(), sqlite3.connect(":memory:")
    connection.execute(schema.RETIRED)
    called = {name: {name} for name in "abc"}  # by today's name, what it was ever called
    for number, other in changes:
        old, new = "abcdef"[number], "abcdef."[other]
        taken = set().union(*called.values())
        if old not in called or old == new:
            continue
        if new in taken and new not in called and new not in called[old]:
            continue  # the earlier name of another label
        if new != "." and new in names.intents and new not in called[old]:
            continue  # that of a deleted one
        retire_name(connection, "intent", old, None if new == "." else new, 0.0)
        names = read_names(connection)
        before = called.pop(old)
        if new != ".":
            called[new] = called.get(new, {new}) | before | {new}
    today = {name: new for new, olds in called.items() for name in olds}
    for name in "abc":
        assert names.intent(name) == today.get(name)
    assert names.slots == {}


def test_an_answer_is_read_under_the_new_name_and_stays_as_it_was_given(store):
    for annotator in ("eva", "bo"):
        store.save(new_answer(annotator, 1, annotator, shown=PREDICTION), now=1.0)
    before = rows(store)
    store.retire("intent", "PlayMusic", "Play", now=2.0)
    store.retire("slot", "ArtistName", "Artist", now=2.0)
    assert rows(store) == before
    ((task, answer),) = store.accepted()
    assert (answer.intent, answer.slots) == ("Play", (Slot(5, 9, "Artist"),))
    for prediction in (task.prediction, answer.shown, answer.prediction):
        assert (prediction.intent, prediction.slots) == ("Play", (Slot(5, 9, "Artist"),))
    # What was sent before, and is sent again, is the same answer, under either name.
    assert store.save(new_answer("eva", 1, "eva", "Play", slots=answer.slots), now=3.0).repeated
    store.retire("intent", "Play", "PlayMusic", now=4.0)
    assert store.accepted()[0][1].intent == "PlayMusic"


def test_answers_that_differed_in_merged_names_agree(store):
    store.save(new_answer("a", 1, "eva", "PlayMusic"), now=1.0)
    store.save(new_answer("b", 1, "bo", "PlaySong"), now=1.0)
    assert [task.id for task, _ in store.disputes()] == [1]
    store.retire("intent", "PlaySong", "PlayMusic", now=2.0)
    assert store.disputes() == []
    assert [(task.state, answer.intent) for task, answer in store.accepted()] == [("answered", "PlayMusic")]


def test_answers_with_a_deleted_intent_count_as_passed_over(store):
    for task, intents in ((1, ("PlaySong", "PlaySong")), (2, ("PlaySong", "PlayMusic"))):
        for annotator, intent in zip(("eva", "bo"), intents, strict=True):
            store.save(new_answer(f"{task}{annotator}", task, annotator, intent), now=1.0)
    store.save(replace(new_answer("c", 3, "eva", "elsewhere"), intent="PlaySong"), now=1.0)
    store.retire("intent", "PlaySong", None, now=2.0)
    assert [task.state for task in store.tasks()] == ["skipped", "answered", "open"]
    assert [(task.id, answer.intent) for task, answer in store.accepted()] == [(2, "PlayMusic")]
    assert [answer.kind for answer in store.answers_of(3)] == ["elsewhere"]
    # Whoever passed, as it were, can take it up again.
    store.save(new_answer("d", 1, "eva", "PlayMusic", replaces="1eva"), now=3.0)
    assert store.task(1).state == "answered"


def test_a_deleted_slot_label_marks_nothing(store):
    slots = (Slot(0, 4, "Verb"), Slot(5, 9, "ArtistName"))
    store.save(new_answer("a", 1, slots=slots), now=1.0)
    store.retire("slot", "Verb", None, now=2.0)
    assert store.answers()[0].slots == slots[1:]
    names = store.names()
    assert [names.tag(tag) for tag in ("O", "B-Verb", "I-Verb", "B-ArtistName")] == [
        *"OOO",
        "B-ArtistName",
    ]
    assert names.utterance(Utterance("play", slots=slots[:1])).slots == ()


def test_a_retired_name_is_not_given_to_a_new_label(store):
    store.retire("intent", "PlaySong", "PlayMusic", now=1.0)
    store.retire("slot", "Verb", None, now=1.0)
    with pytest.raises(InputError, match=r"the intent 'PlaySong' is called 'PlayMusic' now; choose a name"):
        store.add_label("intent", "PlaySong", "", "eva", 2.0)
    with pytest.raises(InputError, match="the slot label 'Verb' was deleted"):
        store.add_label("slot", "Verb", "", "eva", 2.0)
    store.add_label("slot", "PlaySong", "", "eva", 2.0)  # the intent's name says nothing of slots
