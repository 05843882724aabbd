"""A project folder: made whole or not at all, read back, locked, and what of it is trained on."""

import subprocess
import sys

import pytest
from commands import write
from hypothesis import given
from hypothesis import strategies as st
from projects import run_round

from annotation.projects import music_left, tasks_of
from canvass.annotation.project import creation
from canvass.annotation.project.annotations import complete, domains_of_intents, trainable
from canvass.annotation.project.creation import guides_of, in_brackets
from canvass.annotation.project.project import Project
from canvass.annotation.project.settings import with_changes
from canvass.annotation.project.settings_file import read_settings, write_settings
from canvass.annotation.quality.progress import status_of
from canvass.annotation.store.records import NewAnswer
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.normalise import key_of
from canvass.errors import (
    CanvassError,
    FileError,
    InputError,
    OptionError,
    ProjectInUseError,
    TargetError,
    TrainingError,
)
from canvass.types import Slot, Target, Utterance
from examples import MUSIC, labelled_and_rest, music

KNOWN, REST = labelled_and_rest(2)
NOW = 1_760_000_000.0
FILES = {"canvass.toml", "canvass.db", "labelled.jsonl", "test.jsonl"}


@pytest.fixture
def pool(tmp_path):
    path = tmp_path / "pool.jsonl"
    write(path, REST, annotated=False)
    return str(path)


@pytest.fixture
def project(tmp_path, pool):
    with Project.create(tmp_path / "music", KNOWN, [pool], MUSIC) as made:
        yield made


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def keys(utterances):
    return {key_of(one.text) for one in utterances}


def answer(task, annotator="ana", **fields):
    said = {"kind": "frame", "intent": "PlayMusic", "slots": ()} | fields
    return NewAnswer(id=f"{task.id}-{annotator}-{len(fields)}", task=task.id, annotator=annotator, **said)


# Making


def test_a_fifth_is_held_out_by_hash_of_the_key(project):
    assert {path.name for path in project.folder.iterdir()} == FILES
    assert not keys(project.labelled) & keys(project.test)
    assert keys(project.labelled) | keys(project.test) == keys(KNOWN)
    ours = sum(map(MUSIC.matches, KNOWN))
    assert sum(map(MUSIC.matches, project.test)) == round(ours / 5)
    assert len(project.test) == round(ours / 5) + round((len(KNOWN) - ours) / 5)
    assert {one.split for one in project.labelled} == {"train"}
    assert {one.split for one in project.test} == {"test"}


@given(st.randoms(), st.integers(0, 9))
def test_what_is_held_out_does_not_depend_on_the_order(dice, seed):
    shuffled = dice.sample(KNOWN, len(KNOWN))
    _, test = creation.hold_out(shuffled, MUSIC, seed)
    assert keys(test) == keys(creation.hold_out(KNOWN, MUSIC, seed)[1])


def test_equal_texts_are_held_out_together():
    twice = [*KNOWN, *(Utterance(f" {one.text}", domain="other") for one in KNOWN)]
    kept, test = creation.hold_out(twice, MUSIC, 0)
    assert not keys(kept) & keys(test)
    assert len(kept) + len(test) == len(twice)
    # A text that is the target's once is the target's.
    assert keys(test) == keys(creation.hold_out(KNOWN, MUSIC, 0)[1])


def test_the_same_input_makes_the_same_files(project, tmp_path, pool):
    other = Project.create(tmp_path / "again", KNOWN, [pool], MUSIC)
    for name in FILES - {"canvass.db"}:
        assert (project.folder / name).read_bytes() == (other.folder / name).read_bytes()


def test_a_test_set_of_ones_own_is_not_trained_on(tmp_path, pool):
    test = [*music()[::7], Utterance("stop", domain="timers")]
    project = Project.create(tmp_path / "music", KNOWN, [pool], MUSIC, test=test)
    assert project.settings.project.test == "file"
    assert keys(project.test) == keys(test)
    assert keys(project.labelled) == keys(KNOWN) - keys(test)


def test_settings_hold_the_labels_with_examples(project):
    settings = read_settings(project.folder / "canvass.toml")
    assert settings == project.settings
    assert [one.name for one in settings.intents] == ["AddToPlaylist", "PlayMusic"]
    assert [one.name for one in settings.slots] == ["ArtistName", "SongName"]
    texts = {one.text for one in KNOWN}
    assert all(len(one.examples) == 3 and set(one.examples) <= texts for one in settings.intents)
    assert all("[" in example for one in settings.slots for example in one.examples)
    assert settings.project.pool == (str(project.folder.parent / "pool.jsonl"),)


def test_examples_are_short_where_there_are_short_ones():
    long = Utterance("play " + "la " * 50, domain="music", intent="PlayMusic", slots=())
    short = Utterance("play  jazz", domain="music", intent="PlayMusic", slots=(Slot(6, 10, "genre"),))
    intents, slots = guides_of([long, short], MUSIC, seed=0)
    assert intents[0].examples[0] == "play jazz"
    assert slots[0].examples == ("play [jazz]",)
    assert in_brackets(long, "genre") == long.text.strip()


REFUSED = [
    ({"target": Target("domain", "musik")}, TargetError, "did you mean music?"),
    (
        {"target": Target("domain", "timers"), "test": REST, "strategy": "majority-crf"},
        TrainingError,
        "needs a slot tagger",
    ),
    ({"strategy": "majority-crv"}, InputError, "did you mean majority-crf"),
    ({"strategy": "majority-joint", "target": Target("all")}, InputError, "take margin-balanced, margin or random"),
    ({"max_tokens": 0}, InputError, "project.max_tokens is 0; expected a whole number of at least 1"),
    ({"seed": -1}, InputError, "project.seed is -1"),
    ({"pool": ["-"]}, OptionError, "standard input (-) can be read once"),
    ({"pool": ["nix.jsonl"]}, FileError, "nix.jsonl: no such file"),
    ({"pool_format": "yaml"}, InputError, "project.pool_format is 'yaml'"),
    ({"columns": Columns(text="utt")}, InputError, "utt"),
    ({"labelled": music()}, TrainingError, "only utterances of domain:music"),
    ({"test": KNOWN}, TrainingError, "every request of LABELLED is in the --test set too"),
    ({"test": [Utterance("stop", domain="timers")]}, TrainingError, "the test set has no utterance of domain:music"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "kind", "words"), REFUSED, ids=[str(one[0])[:50] for one in REFUSED])
def test_what_makes_no_project_leaves_nothing_behind(tmp_path, pool, options, kind, words):
    options = {"labelled": KNOWN, "pool": [pool], "target": MUSIC} | options
    with pytest.raises(kind) as refused:
        Project.create(tmp_path / "music", **options)
    assert words in str(refused.value)
    assert names_in(tmp_path) == ["pool.jsonl"]


def test_a_folder_that_holds_something_is_left_alone(tmp_path, pool, project):
    for name, words in (
        ("music", "is a project already"),
        ("pool.jsonl", "is a file"),
        ("full", "is not empty"),
    ):
        (tmp_path / "full").mkdir(exist_ok=True)
        (tmp_path / "full" / "x").touch()
        with pytest.raises(FileError, match=words):
            Project.create(tmp_path / name, KNOWN, [pool], MUSIC)
    with pytest.raises(FileError, match="does not exist"):
        Project.create(tmp_path / "nix" / "music", KNOWN, [pool], MUSIC)
    (tmp_path / "empty").mkdir()
    assert {
        path.name for path in Project.create(tmp_path / "empty", KNOWN, [pool], MUSIC).folder.iterdir()
    } == FILES


def test_a_crash_in_the_middle_leaves_nothing(tmp_path, pool, monkeypatch):
    def crash(path, settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(creation, "write_settings", crash)
    with pytest.raises(KeyboardInterrupt):
        Project.create(tmp_path / "music", KNOWN, [pool], MUSIC)
    assert names_in(tmp_path) == ["pool.jsonl"]


def test_with_too_few_for_a_test_set_it_begins_without_one(tmp_path, pool):
    few = [*music()[:8], *KNOWN[-5:]]
    with Project.create(tmp_path / "music", few, [pool], MUSIC) as project:
        assert (list(keys(project.labelled)), project.test) == (list(keys(few)), ())
        assert project.settings.project.test == "none"
        result = run_round(project, 0)
        assert (result.scores, bool(result.tasks)) == (None, True)
        (words,) = status_of(project).missing
        assert words.startswith("there is no test set")
        assert str(project.folder / "test.jsonl") in words
    # What is put there is measured on, and no longer trained on.
    write(tmp_path / "music" / "test.jsonl", [*music()[4:20], *REST[-3:]])
    with Project.open(tmp_path / "music") as project:
        assert run_round(project, 0).scores.utterances == 16
        assert not keys(project.annotated()) & keys(project.test)
        assert status_of(project).missing == ()


# Opening


def test_what_is_no_project_is_refused(tmp_path, project):
    with pytest.raises(FileError, match="no project there"):
        Project.open(tmp_path)
    (project.folder / "canvass.toml").write_text("[queue]\nsise = 3\n")
    with pytest.raises(InputError, match=r"queue\.sise is no setting; did you mean size"):
        Project.open(project.folder)


def test_an_opened_project_is_what_was_made(project):
    with Project.open(project.folder) as opened:
        assert (opened.labelled, opened.test) == (project.labelled, project.test)
        assert (opened.name, opened.title, str(opened.target)) == ("music", "music", "domain:music")
        assert opened.given.domains == ("music", "timers", "weather")
        assert sum(block.batch.num_rows for block in opened.pool().blocks()) == len(REST)
        assert opened.store.counts()["open"] == 0


def test_a_relative_pool_starts_at_the_folder(project):
    settings = with_changes(project.settings, "project", pool=("../pool.jsonl",))
    write_settings(project.folder / "canvass.toml", settings)
    assert Project.open(project.folder).pool().total_bytes == project.pool().total_bytes


def test_labels_of_the_page_come_after_those_of_the_settings(project):
    project.store.add_label("intent", "StopMusic", "to stop", "ana", NOW)
    project.store.add_label("slot", "SongName", "there already", "ana", NOW)
    assert [one.name for one in project.intents()] == ["AddToPlaylist", "PlayMusic", "StopMusic"]
    assert project.intents()[-1].description == "to stop"
    assert [one.name for one in project.slots()] == ["ArtistName", "SongName"]


@pytest.mark.slow
def test_one_process_holds_a_project(project):
    code = (
        "import sys; from canvass.annotation.project.project import Project\n"
        "with Project.open(sys.argv[1]).lock('canvass annotate'):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, project.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        words = rf"is in use by canvass annotate \(process {other.pid}\); stop that first"
        with pytest.raises(ProjectInUseError, match=words), project.lock("canvass next"):
            pass
        other.kill()
        other.wait()
        # The system gives the lock back, whatever the file says.
        with project.lock("canvass next"), pytest.raises(ProjectInUseError, match="canvass next"):
            Project.open(project.folder).lock("another").__enter__()
    with project.lock("again"):
        pass


# What is trained on


def test_answers_join_what_is_trained_on(project):
    first, second, third, _ = project.store.add(tasks_of(music_left(4)))
    project.store.save(answer(first, slots=(Slot(0, 4, "SongName"),)), now=NOW)
    project.store.save(answer(second, kind="elsewhere", intent=None, slots=None), now=NOW)
    project.store.save(answer(third, kind="skip", intent=None, slots=None), now=NOW)
    annotated = project.annotated()
    assert annotated[: len(project.labelled)] == list(project.labelled)
    one, other = annotated[len(project.labelled) :]
    assert (one.text, one.domain, one.intent, one.count, one.id) == (
        first.text, "music", "PlayMusic", 3, first.utterance
    )  # fmt: skip
    assert one.slots == (Slot(0, 4, "SongName"),)
    assert (other.text, other.domain, other.intent, other.slots) == (second.text, "elsewhere", None, None)
    assert project.answered() == [one, other]


def test_an_answer_stands_in_the_place_of_what_was_labelled(project):
    before = next(one for one in project.labelled if MUSIC.matches(one))
    (task,) = project.store.add(tasks_of([before], source="imported"))
    project.store.save(answer(task, intent="AddToPlaylist"), now=NOW)
    found = [one for one in project.annotated() if one.text == before.text]
    assert [one.intent for one in found] == ["AddToPlaylist"]


def test_what_is_held_out_is_never_trained_on(project):
    (task,) = project.store.add(tasks_of(project.test[:1], source="imported"))
    project.store.save(answer(task), now=NOW)
    assert project.annotated() == list(project.labelled)


def test_slots_inside_a_token_are_exported_and_not_trained_on(project):
    (task,) = project.store.add(tasks_of(music_left(1)))
    project.store.save(answer(task, slots=(Slot(1, 3, "SongName"),)), now=NOW)
    assert project.annotated()[-1].slots is None
    assert project.answered()[-1].slots == (Slot(1, 3, "SongName"),)
    assert trainable(REST[0]) is REST[0]


def test_what_belongs_nowhere_is_the_rest_of_all(tmp_path, pool):
    with Project.create(tmp_path / "all", KNOWN, [pool], Target("all")) as project:
        (task,) = project.store.add(tasks_of(music_left(1)))
        project.store.save(answer(task, kind="elsewhere", intent=None, slots=None), now=NOW)
        *before, outside = project.annotated()
        assert before == list(project.labelled)
        assert (outside.text, outside.domain) == (task.text, "elsewhere")
        assert not project.target.matches(outside)
        assert run_round(project, 0).models.reference.knows_scope


NAMES = st.sampled_from([None, "music", "weather", "PlayMusic", "GetWeather"])


@given(
    st.sampled_from(["frame", "elsewhere"]),
    NAMES,
    NAMES,
    st.sampled_from([MUSIC, Target("intent", "PlayMusic"), Target("all")]),
)
def test_frames_are_of_the_target_and_others_are_not(kind, domain, intent, target):
    domains = domains_of_intents(KNOWN)
    said = complete(NewAnswer("a", 1, "ana", kind, domain, intent, ()), target, domains)
    utterance = Utterance("x", domain=said.domain, intent=said.intent, slots=said.slots)
    if target.kind != "all":
        assert target.matches(utterance) == (kind == "frame")
    assert (said.slots is None) == (kind == "elsewhere")
    assert complete(said, target, domains) == said


def test_the_domain_of_an_intent_is_its_most_frequent_one():
    said = [("a", "X"), ("b", "X"), ("b", "X"), ("b", "Y"), ("a", "Y"), (None, "Z")]
    assert domains_of_intents([Utterance("t", domain=d, intent=i) for d, i in said]) == {"X": "b", "Y": "a"}


def test_errors_are_ours():
    assert issubclass(ProjectInUseError, CanvassError)


@pytest.mark.parametrize(
    ("section", "before", "after"),
    [("intents", "PlayMusic", "play_music"), ("slots", "SongName", "Song"), ("slots", "ArtistName", "Who")],
)
def test_a_renamed_label_is_refused(tmp_path, pool, section, before, after):
    folder = tmp_path / "music"
    Project.create(folder, KNOWN, [pool], MUSIC).close()
    settings = folder / "canvass.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace(f'name = "{before}"', f'name = "{after}"'), encoding="utf-8")
    with pytest.raises(InputError, match="put it back") as refused_by:
        Project.open(folder)
    command = f"canvass labels {folder} to rename"
    for word in (f"[[{section}]] has no '{before}' any more, but {after}", "annotated requests do", command):
        assert word in str(refused_by.value)
    # A description may change, and a label be added.
    described = text.replace('description = ""', 'description = "of any kind"', 1)
    settings.write_text(described + '\n[[slots]]\nname = "Mood"\n', encoding="utf-8")
    with Project.open(folder) as project:
        assert project.slots()[-1].name == "Mood"
