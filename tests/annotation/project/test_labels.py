"""`canvass labels`: what a project reads after a label was renamed, merged or deleted, and what is refused."""

import pytest
from projects import make_project, music_left, run_round, tasks_of

from canvass.annotation.project.answer_rule import AnswerRule, UnknownLabelError
from canvass.annotation.project.labels import delete_label, label_uses, merge_label, rename_label
from canvass.annotation.project.project import Project
from canvass.annotation.store.records import NewAnswer
from canvass.errors import InputError, OptionError
from canvass.types import Slot, Target

NOW = 1_760_000_000.0


@pytest.fixture
def project(tmp_path):
    """A project with an answer to each of six tasks."""
    with make_project(tmp_path / "music") as made:
        for number, task in enumerate(made.store.add(tasks_of(music_left(6)))):
            said = task.prediction
            made.store.save(
                NewAnswer(f"a{number}", task.id, "eva", "frame", "music", said.intent, said.slots), now=NOW
            )
        yield made


def uses(project):
    return {(use.kind, use.name): use for use in label_uses(project)}


def named(utterances, name):
    return sum(name in {one.intent, *(slot.label for slot in one.slots or ())} for one in utterances)


def test_a_renamed_label_has_its_new_name_everywhere(project):
    path = project.folder / "canvass.toml"
    text = path.read_text(encoding="utf-8").replace("[page]", "# Mine.\n[page]")
    path.write_text(text, encoding="utf-8")
    before = uses(project)
    counts = [named(part, "PlayMusic") for part in (project.labelled, project.test, project.answered())]
    assert all(counts)
    assert [
        getattr(before["intent", "PlayMusic"], part) for part in ("labelled", "test", "answers")
    ] == counts
    with Project.open(project.folder) as server:  # that runs meanwhile
        assert named(server.annotated(), "PlayMusic")
        rename_label(project, "intent", "PlayMusic", "play_music", now=NOW)
        rename_label(project, "slot", "ArtistName", "artist", now=NOW)
        for here in (project, server):
            assert [guide.name for guide in here.intents()] == ["AddToPlaylist", "play_music"]
            assert [guide.name for guide in here.slots()] == ["artist", "SongName"]
            assert [
                named(part, "play_music") for part in (here.labelled, here.test, here.answered())
            ] == counts
            assert not named((*here.annotated(), *here.test), "PlayMusic")
            assert "play_music" in here.given.intents
            assert here.given.domain_of_intent["play_music"] == "music"
    edited = text.replace('name = "PlayMusic"', 'name = "play_music"').replace(
        'name = "ArtistName"', 'name = "artist"'
    )
    assert path.read_text(encoding="utf-8") == edited
    assert uses(project)["intent", "play_music"].retired == ("PlayMusic",)
    Project.open(project.folder).close()


def test_models_and_predictions_follow_at_the_next_round(project):
    rename_label(project, "intent", "PlayMusic", "play_music", now=NOW)
    result = run_round(project, 1)
    assert result.models.reference.intent_names == ["AddToPlaylist", "play_music"]
    assert result.scores.intent_error_rate < 0.5
    assert {task.prediction.intent for task in result.tasks} <= {"AddToPlaylist", "play_music"}


def test_a_page_that_has_the_old_names_is_understood(project):
    rename_label(project, "intent", "PlayMusic", "play_music", now=NOW)
    delete_label(project, "slot", "SongName", now=NOW)
    rule = AnswerRule(project)
    said = rule.decide("play u2", "frame", intent="PlayMusic", slots=[Slot(5, 7, "ArtistName")])
    assert (said.intent, said.slots) == ("play_music", (Slot(5, 7, "ArtistName"),))
    with pytest.raises(UnknownLabelError, match="slot label 'SongName' was deleted from the project"):
        rule.decide("play u2", "frame", intent="PlayMusic", slots=[Slot(5, 7, "SongName")])


def test_merged_labels_count_together(project):
    before = uses(project)
    merge_label(project, "slot", "SongName", "ArtistName", now=NOW)
    after = uses(project)
    assert ("slot", "SongName") not in after
    assert after["slot", "ArtistName"].labelled > before["slot", "ArtistName"].labelled
    assert [guide.name for guide in project.slots()] == ["ArtistName"]
    with Project.open(project.folder) as again:
        assert [guide.name for guide in again.settings.slots] == ["ArtistName"]


def test_requests_of_a_deleted_intent_are_left_out(project):
    before = len(project.labelled), len(project.annotated())
    lost = uses(project)["intent", "PlayMusic"]
    assert lost.answers
    delete_label(project, "intent", "PlayMusic", now=NOW)
    assert (len(project.labelled), len(project.annotated())) == (
        before[0] - lost.labelled,
        before[1] - lost.labelled - lost.answers,
    )
    assert project.store.counts()["skipped"] == lost.answers
    with pytest.raises(OptionError, match="no annotated request of domain:music would be left to train on"):
        delete_label(project, "intent", "AddToPlaylist", now=NOW)


REFUSED = [
    (rename_label, ("intent", "PlayMusik", "a"), "no intent 'PlayMusik'; did you mean PlayMusic"),
    (rename_label, ("intent", "PlayMusic", "AddToPlaylist"), "'AddToPlaylist' already; use merge"),
    (
        rename_label,
        ("intent", "PlayMusic", "GetWeather"),
        "is there already, and does not belong to domain:music",
    ),
    (rename_label, ("intent", "PlayMusic", " a"), "cannot be the name of a label"),
    (rename_label, ("intent", "PlayMusic", ""), "cannot be the name of a label"),
    (merge_label, ("slot", "SongName", "SongName"), "cannot be merged into itself"),
    (merge_label, ("slot", "SongName", "PlayMusic"), "no slot label 'PlayMusic'"),
    (delete_label, ("slot", "song"), "no slot label 'song'"),
]


@pytest.mark.parametrize(("change", "names", "sentence"), REFUSED)
def test_what_is_refused_changes_nothing(project, change, names, sentence):
    before = project.store.names(), (project.folder / "canvass.toml").read_bytes()
    with pytest.raises(OptionError, match=sentence):
        change(project, *names, now=NOW)
    assert (project.store.names(), (project.folder / "canvass.toml").read_bytes()) == before


def test_a_name_of_another_label_is_not_taken_up_again(project):
    rename_label(project, "intent", "PlayMusic", "play_music", now=NOW)
    with pytest.raises(InputError, match="'PlayMusic' is called 'play_music' now"):
        rename_label(project, "intent", "AddToPlaylist", "PlayMusic", now=NOW)
    rename_label(project, "intent", "play_music", "PlayMusic", now=NOW)
    assert uses(project)["intent", "PlayMusic"].retired == ("play_music",)


def test_an_intent_that_is_the_target_is_renamed_and_not_deleted(tmp_path):
    with make_project(tmp_path / "play", target=Target("intent", "PlayMusic")) as project:
        with pytest.raises(OptionError, match="left to train on; begin another with canvass new instead"):
            delete_label(project, "intent", "PlayMusic", now=NOW)
        use = rename_label(project, "intent", "PlayMusic", "play", now=NOW)
    with Project.open(tmp_path / "play") as project:
        assert project.target == Target("intent", "play")
        assert project.settings.project.target == "intent:PlayMusic"
        assert use.labelled == sum(map(project.target.matches, project.labelled)) > 0
        assert AnswerRule(project).decide("play u2", "frame", intent="PlayMusic").intent == "play"


def test_a_file_with_comments_inside_a_table_is_written_anew(project):
    path = project.folder / "canvass.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('name = "PlayMusic"\n', 'name = "PlayMusic"\n# of any kind\n'), encoding="utf-8"
    )
    rename_label(project, "intent", "PlayMusic", "play_music", now=NOW)
    assert path.read_text(encoding="utf-8") == text.replace('name = "PlayMusic"', 'name = "play_music"')


def test_answers_of_a_target_of_several_intents(project):
    rule = AnswerRule(project)
    rule.target, rule.intents, rule.others = (
        Target("intent", "Play", ("Stop",)),
        ["Play", "Stop"],
        {"Play", "Stop", "Weather"},
    )
    rule.domains, rule.domain_of = [], {"Play": "music"}
    assert rule.decide("now", None, intent="Stop")[:3] == ("frame", None, "Stop")
    assert rule.decide("now", None, intent="Play")[:3] == ("frame", "music", "Play")
    assert rule.decide("now", None, intent="Weather")[:3] == ("elsewhere", None, "Weather")
    with pytest.raises(InputError, match="has no intent; name one"):
        rule.decide("now", "frame")
    with pytest.raises(InputError, match="what is named is intent:Play,Stop itself"):
        rule.decide("now", "elsewhere", intent="Stop")


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (lambda project: rename_label(project, "intent", "PlayMusic", "a", now=NOW), ["AddToPlaylist", "a"]),
        (
            lambda project: merge_label(project, "intent", "PlayMusic", "AddToPlaylist", now=NOW),
            ["AddToPlaylist"],
        ),
        (lambda project: delete_label(project, "intent", "PlayMusic", now=NOW), ["AddToPlaylist"]),
    ],
    ids=["rename", "merge", "delete"],
)
def test_a_target_of_several_intents_follows_its_intents(tmp_path, change, left):
    several = Target("intent", "AddToPlaylist", ("PlayMusic",))
    with make_project(tmp_path / "several", target=several) as project:
        assert [guide.name for guide in project.intents()] == ["AddToPlaylist", "PlayMusic"]
        change(project)
        assert sorted(project.target.intents) == [guide.name for guide in project.intents()] == left
        assert {one.intent for one in filter(project.target.matches, project.labelled)} == {*left}
        assert run_round(project, 1).models.reference.target == project.target
