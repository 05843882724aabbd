"""The same answer for near duplicates: which they are, and what is stored."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from commands import write
from hypothesis import given
from hypothesis import strategies as st
from projects import make_project, music_left, tasks_of

from canvass.annotation.quality.near_duplicates import Carrier, Copy, find_copies, save_copies
from canvass.annotation.quality.progress import agreements
from canvass.annotation.store.records import NewAnswer
from canvass.corpus.spans import text_tokens
from canvass.types import Slot, Utterance

PLAY = ("play one by u2", [Slot(5, 8, "SongName"), Slot(12, 14, "ArtistName")])


@pytest.mark.parametrize(
    ("text", "values", "exact"),
    [
        ("Play Blue Moon, by The Who!", ["Blue Moon", "The Who"], True),
        ("play 歌曲 by björk", ["歌曲", "björk"], True),
        ("play by by by by", ["by", "by by"], True),
        ("play by u2", None, None),
        ("please play one by u2", None, None),
        ("play one two three four five six seven eight nine by u2", None, None),
    ],
)
def test_slots_are_carried_over(text, values, exact):
    found = Carrier.of(*PLAY).match(text)
    if values is None:
        assert found is None
    else:
        slots, same = found
        assert ([text[slot.start : slot.end] for slot in slots], same) == (values, exact)
        assert [slot.label for slot in slots] == ["SongName", "ArtistName"]


def test_one_word_may_differ_where_there_are_four():
    carrier = Carrier.of("turn the lamp on please", [Slot(9, 13, "device")])
    assert carrier.match("turn the big lamp on please") == ((Slot(9, 17, "device"),), True)
    assert carrier.match("turn the lamp off please") == ((Slot(9, 13, "device"),), False)
    assert carrier.match("turn the lamp on") == ((Slot(9, 13, "device"),), False)
    assert carrier.match("turn the lamp off now") is None
    assert Carrier.of("play music now", [Slot(5, 10, "x")]).match("play jazz soon") is None
    # One word beside the slot says nothing.
    assert Carrier.of("play one", [Slot(5, 8, "x")]).match("play two") is None


WORDS = st.lists(st.sampled_from(["play", "by", "jazz", "'s", "歌", "Ünder", "10"]), min_size=2, max_size=9)


@given(WORDS, st.lists(st.tuples(st.integers(0, 8), st.integers(1, 3)), max_size=2))
def test_a_text_is_its_own_near_duplicate(words, places):
    text = " ".join(words)
    spans = text_tokens(text)
    slots, last = [], 0
    for place, length in sorted(places):
        if place >= last and place + length <= len(spans):
            slots.append(Slot(spans[place].start, spans[place + length - 1].end, "x"))
            last = place + length
    carrier = Carrier.of(text, slots)
    found = carrier.match(text.upper())
    literal = sum(isinstance(part, str) for part in carrier.parts)
    assert (found is not None) == (literal >= 2)
    if found and "歌" not in text:
        assert len(found[0]) == len(slots)
        assert pc.match_substring_regex(pa.array([text.upper()]), carrier.pattern())[0].as_py()


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "music") as made:
        yield made


def test_near_duplicates_of_queue_and_pool(project, tmp_path):
    pool = tmp_path / "more.jsonl"
    write(
        pool,
        [
            Utterance("Play Two by Abba", id="a"),
            Utterance("play two by abba!", id="b"),
            Utterance("Play Two by Abba", id="c"),
            Utterance("play three by cream", id="d"),
            Utterance("play four by dio", id="e"),
            Utterance("stop it", id="f"),
        ],
        annotated=False,
    )
    project.settings = replace(project.settings, project=replace(project.settings.project, pool=(str(pool),)))
    one, three, four = (
        Utterance(text, domain="music", intent="PlayMusic", slots=tuple(slots))
        for text, slots in (PLAY, ("play three by cream", []), ("play four by dio", []))
    )
    store = project.store
    store.swap([*tasks_of([one, three]), *tasks_of([four], source="random")], round=0)
    task = store.task_of_key(one.text)
    store.save(NewAnswer("a1", task.id, "Ada", "frame", "music", "PlayMusic", one.slots), now=1.0)
    answer = store.answer("a1")
    copies = find_copies(project, task, answer, "Ada", most=9)
    assert copies.complete
    assert [(copy.text, copy.utterance, copy.count) for copy in copies.found] == [
        ("play three by cream", "u-2", 3),
        ("Play Two by Abba", "a", 2),
        ("play two by abba!", "b", 1),
    ]  # but not the random pick
    assert not find_copies(project, task, answer, "Ada", most=9, seconds=-1.0).complete
    assert save_copies(project, answer, copies.found, "Ada", now=2.0) == [
        store.task_of_key(copy.key).id for copy in copies.found
    ]
    assert save_copies(project, answer, copies.found, "Ada", now=3.0) == []
    accepted = {task.text: (task.source, given) for task, given in store.accepted()}
    source, given = accepted["Play Two by Abba"]
    assert (source, given.copies, given.intent, given.slots) == (
        "imported",
        "a1",
        "PlayMusic",
        (Slot(5, 8, "SongName"), Slot(12, 16, "ArtistName")),
    )
    assert accepted["play three by cream"][0] == "selected"
    assert find_copies(project, task, answer, "Ada", most=9).found == ()
    # They teach, and are no evidence of agreement.
    assert {"Play Two by Abba", "play two by abba!"} <= {utterance.text for utterance in project.annotated()}
    other = store.task_of_key("play two by abba!")
    store.save(NewAnswer("b1", other.id, "Bo", "frame", "music", "PlayMusic", ()), now=4.0)
    assert agreements(store.answers()) == []
    store.save(NewAnswer("b2", task.id, "Bo", "frame", "music", "PlayMusic", ()), now=4.0)
    assert [pair.n for pair in agreements(store.answers())] == [1]


def test_what_others_hold_is_left_to_them(project):
    store = project.store
    first, second = music_left(2)
    store.swap(tasks_of([first, second]), round=0)
    (held,) = store.lease("Bo", count=1, now=0.0, seconds=100.0)
    task = store.task_of_key(second.text if held.key != second.text else first.text)
    store.save(NewAnswer("a1", task.id, "Ada", "elsewhere"), now=1.0)
    copy = Copy(held.key, held.text, held.utterance, 1, None, exact=True)
    assert save_copies(project, store.answer("a1"), [copy], "Ada", now=2.0) == []
    assert store.task(held.id).state == "leased"
    assert save_copies(project, store.answer("a1"), [copy], "Bo", now=2.0) == [held.id]
