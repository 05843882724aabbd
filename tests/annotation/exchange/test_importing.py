"""Answers from files: each finds its task, is checked, and is saved once; what is wrong saves nothing."""

import random

import pytest
from commands import record, write_records

from annotation.projects import make_project, music_left, tasks_of
from canvass.annotation.exchange.handing_out import hand_out, handed_out, task_record
from canvass.annotation.exchange.importing import Imported, import_answers
from canvass.annotation.project.settings import with_changes
from canvass.annotation.project.settings_file import write_settings
from canvass.annotation.store.records import NewAnswer
from canvass.corpus.formats.column_names import Columns
from canvass.errors import InputError, OptionError
from canvass.types import Slot, Target, Utterance
from examples import MUSIC

NOW = 1_760_000_000.0
LEFT = music_left(8)
PREDICTED = Columns(intent="predicted_intent", slots="predicted_slots")


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "music") as made:
        yield made


@pytest.fixture
def imported(project, tmp_path):
    """Write records and import them."""

    def run(records, annotator="ana", name="answers.jsonl", now=NOW, **options):
        if name.endswith(".jsonl"):
            write_records(tmp_path / name, records)
        return import_answers(project, [str(tmp_path / name)], annotator, now=now, **options)

    return run


def state(project):
    return project.store.tasks(), project.store.answers(current_only=False), project.store.labels()


def test_answers_find_their_tasks_and_are_saved_once(project, imported):
    tasks = project.store.add(tasks_of(LEFT[:3], source="handed out"))
    records = [record(one) for one in LEFT[:3]]
    records[1] |= {"domain": "weather", "intent": "GetWeather"}
    records[2] |= {"domain": "elsewhere", "intent": None, "slots": None}
    assert imported(records) == Imported(answered=3)
    before = state(project)
    frame, weather, nowhere = project.answered()
    assert (frame.intent, frame.domain, frame.slots) == (LEFT[0].intent, "music", LEFT[0].slots)
    assert (weather.domain, weather.intent, weather.slots) == ("weather", "GetWeather", None)
    assert (nowhere.domain, nowhere.intent, nowhere.slots) == ("elsewhere", None, None)
    answers = project.store.answers()
    assert [one.kind for one in answers] == ["frame", "elsewhere", "elsewhere"]
    # The file shows the prediction, unlike a blind task of the page.
    assert answers[0].shown == tasks[0].prediction is not None
    random.Random(1).shuffle(records)
    assert imported(records, now=NOW + 9) == Imported(repeated=3)
    assert state(project) == before


def test_what_is_new_becomes_a_task(project, imported):
    one = record(LEFT[0]) | {"id": "x1", "count": 5}
    other = record(LEFT[1])
    del other["id"]
    assert imported([one, other]) == Imported(answered=2, added=2)
    first, second = project.store.tasks("answered")
    assert (first.source, first.utterance, first.count) == ("imported", "x1", 5)
    assert len(second.utterance) == 16
    assert project.answered()[0].count == 5


def test_what_waits_in_the_queue_is_answered_there(project, imported):
    project.store.swap(tasks_of(LEFT[:3]), round=0)
    assert imported([record(one) for one in LEFT[:3]]) == Imported(answered=3)
    assert {one.source for one in project.store.tasks("answered")} == {"selected"}


def test_a_queue_that_changes_meanwhile_takes_no_task_away(project, imported, monkeypatch):
    """What nobody holds may leave the queue between two looks: then it comes back as a task of its own."""
    project.store.swap(tasks_of(LEFT[:3]), round=0)
    add, calls = project.store.add, []

    def add_and_swap(tasks):
        found = add(tasks)
        if not calls:
            project.store.swap([], round=1)
        calls.append(tasks)
        return found

    monkeypatch.setattr(project.store, "add", add_and_swap)
    assert imported([record(one) for one in LEFT[:3]]).answered == 3
    assert len(calls) == 2
    assert project.store.counts()["answered"] == 3


def test_a_correction_takes_the_place_of_the_earlier_answer_and_back(project, imported):
    (task,) = project.store.add(tasks_of(LEFT[:1]))
    good, bad = record(LEFT[0]), record(LEFT[0]) | {"slots": []}
    assert imported([bad]) == Imported(answered=1)
    assert imported([good]) == Imported(answered=1, corrected=1)
    assert imported([bad]) == Imported(answered=1, corrected=1)
    assert imported([bad]) == Imported(repeated=1)
    assert [one.slots for one in project.store.answers()] == [()]
    assert len(project.store.answers_of(task.id)) == 3


def test_two_annotators_may_disagree(project, imported):
    project.store.add(tasks_of(LEFT[:2]))
    both = [record(one) for one in LEFT[:2]]
    assert imported(both) == Imported(answered=2)
    both[1] |= {"slots": []}
    assert imported(both, annotator="bo") == Imported(answered=2, disputed=1)
    assert [task.text for task, _ in project.store.disputes()] == [LEFT[1].text]


def test_a_third_equal_vote_settles_a_dispute(project, imported):
    project.store.add(tasks_of(LEFT[:1]))
    good, bad = record(LEFT[0]), record(LEFT[0]) | {"slots": []}
    assert imported([good]) == Imported(answered=1)
    assert imported([bad], annotator="bo") == Imported(answered=1, disputed=1)
    # One that says a third thing settles nothing.
    third = good | {"intent": "AddToPlaylist" if good["intent"] == "PlayMusic" else "PlayMusic"}
    assert imported([third], annotator="cy") == Imported(answered=1, disputed=1)
    assert imported([bad], annotator="di") == Imported(answered=1)
    assert list(project.store.disputes()) == []
    ((_, counts),) = project.store.accepted()
    assert (counts.annotator, counts.slots) == ("di", ())


def test_what_is_not_annotated_or_held_out_is_left_out(project, imported):
    project.store.add(tasks_of(LEFT[:1]))
    blank = record(LEFT[0], annotated=False) | {"domain": None, "intent": None, "slots": None}
    assert imported([blank, record(project.test[0])]) == Imported(unannotated=1, in_test=1)
    assert project.store.answers() == []


def test_frames_without_slots_are_counted(project, imported):
    one = record(LEFT[0]) | {"slots": None}
    assert imported([one]) == Imported(answered=1, added=1, without_slots=1)
    assert project.answered()[0].slots is None


def test_the_domain_follows_from_the_intent(project, imported):
    one = record(LEFT[0]) | {"domain": None}
    other = {"text": "is it wet outside", "intent": "GetWeather"}
    imported([one, other])
    assert [(one.kind, one.domain) for one in project.store.answers()] == [
        ("frame", "music"),
        ("elsewhere", None),
    ]


GOOD = record(LEFT[0])
BAD = [
    (GOOD | {"domain": "musik"}, "domain 'musik' is unknown; did you mean music? (there are music, timers, weather)"),
    (GOOD | {"intent": "PlayMusik"}, "intent 'PlayMusik' is unknown; did you mean PlayMusic?"),
    (GOOD | {"domain": None, "intent": "PlayMusik"}, "intent 'PlayMusik' is unknown"),
    (GOOD | {"domain": "weather", "intent": "Rain"}, "intent 'Rain' is unknown"),
    (GOOD | {"intent": "GetWeather"}, "intent 'GetWeather' is unknown (there are AddToPlaylist, PlayMusic)"),
    (GOOD | {"intent": None}, "has no intent; name one, or write the domain 'elsewhere'"),
    (GOOD | {"slots": [{"start": 0, "end": 4, "label": "Song"}]}, "slot label 'Song' is unknown; did you mean SongName?"),
    (GOOD | {"slots": [{"start": 0, "end": 3, "label": "SongName"}]}, "does not begin and end at token borders"),
    (GOOD | {"slots": [{"start": 0, "end": 300, "label": "SongName"}]}, "is out of bounds"),
    (GOOD | {"text": " \t"}, "is out of bounds"),
    ({"text": " \t", "intent": "PlayMusic"}, "the text is blank"),
    ({"text": LEFT[1].text, "domain": "weather"}, "says otherwise than"),
    (GOOD | {"text": "play river", "id": "u-2", "slots": []}, "is not the one that was handed out with the id 'u-2'"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "words"), BAD, ids=[words[:40] for _, words in BAD])
def test_a_mistake_saves_nothing(project, imported, tmp_path, bad, words):
    project.store.add(tasks_of(LEFT[:3], source="handed out"))
    before = state(project)
    with pytest.raises(InputError) as refused:
        imported([record(LEFT[1]), bad])
    assert words in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path}/answers.jsonl:2: ")
    assert state(project) == before


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 81])
def test_a_name_is_a_name(imported, name):
    with pytest.raises(OptionError, match="is no name; expected 1 to 80 characters"):
        imported([GOOD], annotator=name)


def test_bad_lines_may_be_tolerated(imported):
    assert imported([GOOD, {"utt": "x"}], skip_bad=1) == Imported(answered=1, added=1, bad_lines=1)


def test_new_labels_are_taken_on_where_that_was_asked_for(project, imported):
    records = [
        GOOD | {"intent": "StopMusic"},
        record(LEFT[1]) | {"slots": [{"start": 0, "end": 4, "label": "verb"}]},
        record(LEFT[2]) | {"domain": "lights", "intent": "LightsOn", "slots": None},
    ]
    assert imported(records, new_labels=True) == Imported(
        answered=3, added=3, new_labels=("StopMusic", "verb")
    )
    assert [one.name for one in project.intents()][-1] == "StopMusic"
    assert [one.name for one in project.slots()][-1] == "verb"
    assert project.answered()[2].domain == "lights"


def test_slots_inside_tokens_only_where_the_settings_allow_it(project, imported):
    one = GOOD | {"slots": [{"start": 0, "end": 3, "label": "SongName"}]}
    project.settings = with_changes(project.settings, "page", inside_tokens=True)
    assert imported([one]).answered == 1
    assert project.answered()[0].slots == (Slot(0, 3, "SongName"),)
    assert project.annotated()[-1].slots is None


def test_slots_move_with_white_space_and_accents(project, imported):
    stored = Utterance("  play  cafe\u0301 noir", domain="music")
    project.store.add(tasks_of([stored]))
    one = {"text": "play caf\u00e9 noir", "intent": "PlayMusic"}
    imported([one | {"slots": [{"start": 5, "end": 14, "label": "SongName"}]}])
    (said,) = project.answered()
    assert said.text == stored.text
    assert [said.text[slot.start : slot.end] for slot in said.slots] == ["cafe\u0301 noir"]
    with pytest.raises(InputError, match="begins or ends inside"):
        imported(
            [
                {
                    "text": "play cafe\u0301 noir",
                    "intent": "PlayMusic",
                    "slots": [{"start": 5, "end": 9, "label": "SongName"}],
                }
            ]
        )


def test_an_intent_as_the_target(tmp_path):
    with make_project(tmp_path / "play", target=Target("intent", "PlayMusic")) as project:
        write_records(
            tmp_path / "a.jsonl",
            [
                {"text": "play xyz", "intent": "PlayMusic", "slots": []},
                {"text": "add xyz", "intent": "AddToPlaylist"},
                {"text": "xyz", "domain": "weather"},
            ],
        )
        import_answers(project, [str(tmp_path / "a.jsonl")], "ana", now=NOW)
        assert [(one.domain, one.intent) for one in project.answered()] == [
            ("music", "PlayMusic"), (None, "AddToPlaylist"), ("weather", None)
        ]  # fmt: skip


# Handing out


@pytest.mark.slow
def test_what_was_handed_out_comes_back_as_it_is(project, tmp_path, imported):
    found = hand_out(project, 5, now=NOW, threads=1)
    assert [task.reason.rank for task in found.tasks] == [1, 2, 3, 4, 5]
    assert all(task.prediction is not None and task.prediction.slots is not None for task in found.tasks)
    assert handed_out(project).tasks == found.tasks
    (one,) = project.store.rounds()
    assert (one.number, one.answers, one.labelled) == (0, 0, len(project.labelled))
    assert one.slot_error_rate is not None
    assert project.store.lease("ana", count=9, now=NOW, seconds=60) == []
    records = [task_record(task, str(MUSIC)) for task in found.tasks]
    assert imported(records, columns=PREDICTED) == Imported(answered=5)
    assert handed_out(project).tasks == ()
    again = hand_out(project, 5, now=NOW, threads=1)
    assert not {task.key for task in again.tasks} & {task.key for task in found.tasks}
    assert [one.answers for one in project.store.rounds()] == [0, 5]


def test_what_is_handed_out_is_never_held_out_or_labelled(project):
    held_out = {one.text for one in (*project.test, *project.labelled)}
    found = hand_out(project, 500, now=NOW, threads=1)
    assert not {task.text for task in found.tasks} & held_out
    assert any("candidates" in warning or "pool" in warning for warning in found.warnings)
    with pytest.raises(InputError, match="pool"):
        hand_out(project, 5, now=NOW, threads=1)


def test_beside_a_server_the_queue_keeps_its_random_picks(project):
    picks = tasks_of(LEFT[:2], source="random")
    project.store.swap([*picks, *tasks_of(LEFT[2:4])], round=0)
    (held,) = project.store.lease("bo", count=1, now=NOW, seconds=9e9)
    with project.lock("canvass annotate"):
        found = hand_out(project, 200, now=NOW, threads=1)
    taken = {task.key for task in found.tasks}
    assert {one.key for one in project.store.tasks("open")} == {one.key for one in picks} - {held.key}
    assert not taken & {one.key for one in picks}
    assert {LEFT[2].text, LEFT[3].text} <= {task.text for task in found.tasks}
    assert project.store.rounds() == []


def test_random_picks_take_no_place_in_the_file(project, tmp_path):
    with make_project(tmp_path / "twin") as twin:
        best = hand_out(twin, 5, now=NOW, threads=1).tasks
    texts = [one.text for one in best]
    project.store.swap(tasks_of([Utterance(text) for text in texts[:2]], source="random"), round=0)
    with project.lock("canvass annotate"):
        found = hand_out(project, 3, now=NOW, threads=1)
    assert [one.text for one in found.tasks] == texts[2:]


def test_alone_the_queue_goes(project):
    project.store.swap(tasks_of(LEFT[:2], source="random"), round=0)
    hand_out(project, 3, now=NOW, threads=1)
    assert project.store.tasks("open") == []


def test_what_cannot_be_trained_hands_nothing_out(project):
    with pytest.raises(OptionError, match="--size 0 makes no sense"):
        hand_out(project, 0, now=NOW)
    settings = with_changes(project.settings, "project", pool=("nix.jsonl",))
    write_settings(project.folder / "canvass.toml", settings)
    with pytest.raises(Exception, match=r"nix\.jsonl"):
        hand_out(project.with_settings(settings), 5, now=NOW)
    assert project.store.tasks() == []


def test_an_answer_id_says_what_was_said(project, imported):
    """Two people who say the same have answers of their own; the same said again of another task has its own id."""
    project.store.add(tasks_of(LEFT[:2]))
    imported([record(one) for one in LEFT[:2]])
    imported([record(one) for one in LEFT[:2]], annotator="bo")
    ids = [one.id for one in project.store.answers()]
    assert len(set(ids)) == 4
    assert all(one.startswith("import-") for one in ids)
    assert isinstance(project.store.answers()[0], NewAnswer)
