"""From annotations of Label Studio to answers of a project, and into its store."""

import contextlib
import itertools

import pytest
from hooks import INTENTS, annotation, config, task
from hypothesis import given
from hypothesis import strategies as some
from projects import NOON, make_project, music_left, tasks_of

from canvass.annotation.exchange.answer_files import AnswerFiles
from canvass.annotation.project.settings import with_changes
from canvass.corpus.formats.label_studio_regions import Controls
from canvass.errors import InputError
from canvass.integrations.label_studio.answers import Annotated, answer_of, why_of
from canvass.integrations.label_studio.labelling import read_labelling
from canvass.integrations.label_studio.saving import NAME, annotations_in, keep, withdraw
from canvass.types import Slot, Target

TEXT = "play 😀 river by björk"  # 0-4 5-6 7-12 13-15 16-21
SONG = Slot(7, 12, "SongName")


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "music") as made:
        yield made


def read(project, one, of, labelling=None):
    known = AnswerFiles(project, "nobody", new_labels=False)
    return answer_of(one, of, labelling or read_labelling(config()), known)


def refused(read, *arguments, **fields):
    """Why an annotation is no answer, and the sentence that says so."""
    with pytest.raises(InputError) as error:
        read(*arguments, **fields)
    return why_of(error.value), str(error.value)


def said(project, intent=None, slots=(), *, text=TEXT, labelling=None, **fields):
    of = task(5, text, canvass_id="u-1")
    return read(project, annotation(17, of, intent, slots, **fields), of, labelling)


# Labelling configurations


def test_a_configuration_is_read():
    found = read_labelling(config(text="utterance"))
    assert found.controls == Controls("intent", "slot", "text", None)
    assert (found.field, found.has_slots) == ("utterance", True)
    assert found.intents == ("PlayMusic", "AddToPlaylist", "elsewhere")
    assert found.slots == ("SongName", "ArtistName")


def test_names_of_other_peoples_configurations():
    found = read_labelling(
        """<View><!-- music --><Header value="x"/>
        <Text name="utt" value="$query"/>
        <Labels name="ner" toName="utt"><Label value="Song" alias="SongName"/></Labels>
        <Choices name="class" toName="utt"><View><Choice value="PlayMusic"/></View></Choices>
        <Choices name="domain" toName="utt"><Choice value="music"/></Choices>
        <Choices name="sure" toName="utt" perRegion="true"><Choice value="yes"/></Choices>
        <Choices name="other" toName="image"><Choice value="no"/></Choices></View>"""
    )
    assert found.controls == Controls("class", "ner", "utt", "domain")
    assert (found.field, found.intents, found.slots, found.domains) == (
        "query",
        ("PlayMusic",),
        ("SongName",),
        ("music",),
    )
    without = read_labelling(config().replace("Labels", "HyperTextLabels"))
    assert (without.controls.slot, without.has_slots, without.slots) == (None, False, ())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("", "not XML"),
        ("<View>", "not XML"),
        ("<View/>", "neither Choices nor Labels"),
        ("<View><Text name='a' value='$a'/></View>", "neither Choices nor Labels"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>', "entities"),
        (
            config()
            .replace("</View>", '<Choices name="b" toName="text"/></View>')
            .replace('"intent"', '"a"'),
            "a, b",
        ),
        (" " * 1_000_001, "1,000,000"),
    ],
)
def test_configurations_that_ask_nothing(wrong, words):
    with pytest.raises(InputError, match=words):
        read_labelling(wrong)


@given(some.text() | some.text(alphabet='<>/VTextnamevlu="$!- '))
def test_no_configuration_breaks_the_reader(words):
    with contextlib.suppress(InputError):
        read_labelling(words)


# Annotations


def test_a_frame(project):
    found = said(project, "PlayMusic", [SONG])
    assert isinstance(found, Annotated)
    assert found.name == "label-studio-1-17"
    answer = found.given.answer
    assert (answer.kind, answer.domain, answer.intent) == ("frame", "music", "PlayMusic")
    assert answer.slots == (SONG,)
    assert TEXT[answer.slots[0].start : answer.slots[0].end] == "river"
    assert (answer.annotator, answer.seconds, found.given.utterance.id) == ("label-studio-1", 4.25, "u-1")


def test_slots_are_absent_where_nobody_was_asked_for_them(project):
    labelling = read_labelling(config().replace("Labels", "HyperTextLabels"))
    assert said(project, "PlayMusic", labelling=labelling).given.answer.slots is None
    assert said(project, "PlayMusic").given.answer.slots == ()


def test_negatives(project):
    for intent, expected in (("elsewhere", None), ("GetWeather", "GetWeather")):
        answer = said(project, intent, text="what about lima").given.answer
        assert (answer.kind, answer.intent, answer.slots) == ("elsewhere", expected, None)
    labelling = read_labelling(
        config().replace(
            "</View>", '<Choices name="domain" toName="text"><Choice value="weather"/></Choices></View>'
        )
    )
    of = task(5, "what about lima")
    for intent, expected in (
        (None, ("elsewhere", "weather")),
        ("elsewhere", ("elsewhere", "weather")),
        ("PlayMusic", ("frame", "music")),  # what was chosen before and is hidden now
    ):
        one = annotation(17, of, intent)
        one["result"].append({"from_name": "domain", "type": "choices", "value": {"choices": ["weather"]}})
        answer = read(project, one, of, labelling).given.answer
        assert (answer.kind, answer.domain) == expected


def test_the_domain_decides_where_there_is_no_elsewhere(project):
    choices = '<Choices name="domain" toName="text"><Choice value="music"/><Choice value="weather"/></Choices></View>'
    labelling = read_labelling(config(INTENTS).replace("</View>", choices))
    of = task(5, "what about lima")
    for domain, kind in (("music", "frame"), ("weather", "elsewhere")):
        one = annotation(17, of, "PlayMusic")
        one["result"].append({"from_name": "domain", "type": "choices", "value": {"choices": [domain]}})
        assert read(project, one, of, labelling).given.answer.kind == kind


def test_what_was_skipped_is_a_skip(project):
    found = said(project, "PlayMusic", was_cancelled=True)
    assert (found.given.answer.kind, found.given.answer.intent) == ("skip", None)


@pytest.mark.parametrize(
    ("fields", "why", "words"),
    [
        ({}, "empty", "marks nothing"),
        ({"slots": [SONG]}, "empty", "no intent"),
        ({"intent": "PlayMusc"}, "labels", "PlayMusic"),
        ({"intent": "PlayMusic", "slots": [Slot(7, 12, "Song")]}, "labels", "SongName"),
        ({"intent": "PlayMusic", "slots": [Slot(7, 11, "SongName")]}, "malformed", "token borders"),
        ({"intent": "PlayMusic", "slots": [SONG, Slot(7, 15, "ArtistName")]}, "malformed", "overlapping"),
        ({"intent": "PlayMusic", "text": "  "}, "malformed", "blank"),
        ({"intent": "PlayMusic", "text": None}, "malformed", "no text"),
        ({"intent": "PlayMusic", "id": None}, "malformed", "number"),
        ({"result": "x"}, "malformed", "a list"),
        ({"result": [{"from_name": "slot", "type": "labels", "value": {"start": 0, "end": 900, "labels": ["SongName"]}}]}, "malformed", "no part of the text"),
        ({"result": [{"from_name": "intent", "type": "choices", "value": {"choices": ["a", "b"]}}]}, "malformed", "one choice"),
    ],
)  # fmt: skip
def test_annotations_that_are_no_answer(project, fields, why, words):
    text = fields.pop("text", TEXT)
    of = task(5, text) if text is not None else {**task(5, ""), "data": {"image": "a.png"}}
    intent, slots = fields.pop("intent", None), fields.pop("slots", ())
    found, sentence = refused(read, project, annotation(17, of, intent, slots, **fields), of)
    assert found == why, sentence
    assert words in sentence
    assert "\n" not in sentence


def test_texts_that_errors_are_counted_on_are_left_out(project):
    one = next(one for one in project.test if project.target.matches(one))
    why, sentence = refused(said, project, one.intent, one.slots, text=one.text)
    assert (why, "counted on" in sentence) == ("in test", True)


def test_an_intent_as_target(tmp_path):
    with make_project(tmp_path / "play", target=Target("intent", "PlayMusic")) as project:
        assert said(project, "PlayMusic", [SONG]).given.answer.kind == "frame"
        assert said(project, "AddToPlaylist").given.answer.kind == "elsewhere"
        assert said(project, "elsewhere").given.answer.kind == "elsewhere"
        assert refused(said, project)[0] == "empty"


@given(some.recursive(some.none() | some.booleans() | some.integers() | some.text(max_size=5),
                      lambda inner: some.lists(inner, max_size=3) | some.dictionaries(
                          some.sampled_from(["value", "type", "from_name", "labels", "choices", "start", "end", "text"]), inner, max_size=4), max_leaves=12),
       some.sampled_from(["result", "completed_by", "was_cancelled", "updated_at", "lead_time", "id", "project"]))  # fmt: skip
def test_no_annotation_breaks_the_reader(shared, value, field):
    _, known = shared
    of = task(5, TEXT)
    with contextlib.suppress(InputError):
        one = {**annotation(17, of, "PlayMusic"), field: value}
        assert isinstance(answer_of(one, of, read_labelling(config()), known), Annotated)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with make_project(tmp_path_factory.mktemp("shared") / "music") as project:
        yield project, AnswerFiles(project, "nobody", new_labels=False)


# The store


def kept(project, *found):
    return keep(project.store, found, now=NOON)


def test_an_annotation_becomes_the_answer_of_its_task(project):
    project.store.swap(tasks_of(music_left(3)), round=0)
    before = project.store.tasks("open")[1]
    found = said(project, before.prediction.intent, before.prediction.slots, text=before.text)
    assert kept(project, found).answered == 1
    ((done, answer),) = project.store.accepted()
    assert (done.id, done.state, answer.annotator, answer.at) == (
        before.id,
        "answered",
        "label-studio-1",
        NOON,
    )
    again = kept(project, found)
    assert (again.repeated, again.changed) == (1, 0)
    assert annotations_in(project.store, 1) == {17}
    assert annotations_in(project.store, 2) == set()


def test_a_text_that_was_not_in_the_project_makes_a_task(project):
    assert kept(project, said(project, "PlayMusic", [SONG])).added == 1
    ((done, answer),) = project.store.accepted()
    assert (done.text, done.utterance, done.source, answer.slots) == (TEXT, "u-1", "imported", (SONG,))


def test_corrections_to_and_fro(project):
    for intent in ("PlayMusic", "AddToPlaylist", "PlayMusic"):
        kept(project, said(project, intent, [SONG]))
        ((_, answer),) = project.store.accepted()
        assert answer.intent == intent
    assert len(project.store.answers(current_only=False)) == 3


def test_the_latest_of_several_by_one_person_counts(project):
    early, late = (
        said(project, intent, updated_at=moment, id=number)
        for number, (intent, moment) in enumerate(
            (("PlayMusic", "2026-01-01"), ("AddToPlaylist", "2026-01-02")), 1
        )
    )
    for order in itertools.permutations((early, late)):
        result = kept(project, *order)
        assert result.outdated == 1
        ((_, answer),) = project.store.accepted()
        assert answer.intent == "AddToPlaylist"


def test_people_are_kept_under_the_names_that_a_push_learned(project):
    project.store.set_fact(NAME, '{"label-studio-1": "ada@example.org"}')
    kept(project, said(project, "PlayMusic"), said(project, "PlayMusic", by=2, id=18))
    assert [one.annotator for one in project.store.answers()] == ["ada@example.org", "label-studio-2"]


def test_two_people_who_disagree(project):
    result = kept(project, said(project, "PlayMusic", by=1), said(project, "AddToPlaylist", by=2, id=18))
    assert (result.answered, result.disputed) == (2, 1)
    assert project.store.accepted() == []


def test_a_spelling_of_the_text_with_other_blanks(project):
    kept(project, said(project, "PlayMusic", [SONG], by=1))
    # Read before the first was kept, as a pull reads all of them.
    spaced = TEXT.replace(" ", "  ")
    of = task(6, spaced)
    other = annotation(18, of, "PlayMusic", [Slot(9, 14, "SongName")], by=2)
    known = AnswerFiles(project, "nobody", new_labels=False)
    known.tasks = {}
    kept(project, answer_of(other, of, read_labelling(config()), known))
    assert project.store.counts()["answered"] == 1
    assert {one.slots for one in project.store.answers()} == {(SONG,)}


def test_a_deleted_annotation_is_taken_back(project):
    kept(project, said(project, "PlayMusic", [SONG]), said(project, "PlayMusic", [SONG], by=2, id=18))
    assert withdraw(project.store, 1, [17, 99], now=NOON).withdrawn == 1
    assert withdraw(project.store, 1, [17], now=NOON).withdrawn == 0
    assert withdraw(project.store, 2, [18], now=NOON).withdrawn == 0
    ((_, answer),) = project.store.accepted()
    assert answer.annotator == "label-studio-2"
    assert annotations_in(project.store, 1) == {18}
    # News of it that comes late changes nothing; a new annotation does.
    late = kept(project, said(project, "AddToPlaylist", [SONG]))
    assert (late.deleted, late.changed) == (1, 0)
    assert kept(project, said(project, "PlayMusic", [SONG], id=19)).answered == 1
    withdraw(project.store, 1, [18, 19], now=NOON)
    assert project.store.accepted() == []
    assert project.store.counts()["skipped"] == 1


def test_inside_of_tokens_where_that_is_allowed(project):
    project.settings = with_changes(project.settings, "page", inside_tokens=True)
    assert isinstance(said(project, "PlayMusic", [Slot(7, 11, "SongName")]), Annotated)
