"""`canvass new`, `next`, `import`, `status`, `export` and `backup`: the commands around a project."""

import json
import os
import sqlite3
import stat
import time
import zipfile
from dataclasses import replace

import pytest
from commands import record, records, refused, write, write_records
from projects import run_round

from annotation.projects import make_project, music_left, tasks_of
from canvass.annotation.project.project import Project
from canvass.annotation.quality.progress import forecast
from canvass.annotation.store.records import Label, NewAnswer, Round
from canvass.annotation.web.shapes import task_shape
from canvass.types import Utterance
from examples import labelled_and_rest
from word_pools import annotated, named_requests

KNOWN, REST = labelled_and_rest(2)
NEW = ("labelled.jsonl", "pool.jsonl", "--target", "domain:music")
PREDICTED = ("--columns", "intent=predicted_intent,slots=predicted_slots")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write(tmp_path / "labelled.jsonl", KNOWN)
    write(tmp_path / "pool.jsonl", REST, annotated=False)
    write(tmp_path / "gold.jsonl", REST)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def project(folder):
    """A project that was opened, with three answers and rounds."""
    with make_project(folder / "music") as made:
        tasks = made.store.add(tasks_of(music_left(4)))
        for task, annotator in zip(tasks, ("ana", "ana", "bo"), strict=False):
            slots = task.prediction.slots
            made.store.save(
                NewAnswer(f"a{task.id}", task.id, annotator, "frame", "music", task.prediction.intent, slots),
                now=9.0,
            )
        for number in range(3):
            made.store.add_round(Round(number, 9.0, 10 * number, 50, 40, 0.3 - 0.1 * number, 0.1, 0.8, 9))
        yield made


def test_a_skipped_text_does_not_come_back_in_another_spelling(canvass, folder):
    """A batch as large as the pool has all but the spellings; random picks are left out, which are not thinned."""
    skipped = next(one.text for one in REST if one.domain == "music")
    spellings = [f"{skipped}!", f'"{skipped}"', skipped.replace(" ", "  "), f"{skipped} ..."]
    rest = [one.text for one in REST if one.text != skipped]
    write_records(folder / "pool.jsonl", [{"text": text} for text in [skipped, *spellings, *rest]])
    assert canvass("new", "music", *NEW, "--words", "off").code == 0
    settings = folder / "music" / "canvass.toml"
    settings.write_text(
        settings.read_text()
        .replace("random_share = 0.1", "random_share = 0.0")
        .replace("outside_share = 0.02", "outside_share = 0.0")
    )
    with Project.open("music") as project:
        (task,) = project.store.add([replace(tasks_of(music_left(1))[0], key=skipped, text=skipped)])
        project.store.save(NewAnswer("a1", task.id, "ana", "skip"), now=9.0)
    assert canvass("next", "music", "--size", "500", "--out", "tasks.jsonl").code == 0
    chosen = [row["text"] for row in records((folder / "tasks.jsonl").read_text())]
    assert len(chosen) > len(rest) / 2
    assert not set(chosen) & {skipped, *spellings}


def test_a_project_is_made_and_what_is_held_out_is_said_aloud(canvass, folder):
    result = canvass("new", "music", *NEW, "--seed", "3", "--strategy", "majority-crf")
    assert (result.code, result.out) == (0, "")
    with Project.open("music") as project:
        test = len(project.test)
        assert f"{test} of the {len(KNOWN)} labelled requests" in result.err
        assert "are held out to count errors on" in result.err
        made = project.settings.project
        assert (made.seed, made.max_tokens, made.strategy) == (3, 40, "majority-crf")
        assert made.pool == (str(folder / "pool.jsonl"),)
    again = canvass("new", "music", *NEW)
    assert refused(again, "music is a project already")


def test_a_test_set_is_named(canvass, folder):
    result = canvass("new", "music", *NEW, "--test", "gold.jsonl", "--json")
    facts = json.loads(result.out)
    assert (facts["test"], facts["labelled"]) == (len(REST), len(KNOWN))
    assert (facts["target"], facts["intents"], facts["slot_labels"]) == ("domain:music", 2, 2)
    assert result.err == ""
    both = canvass("new", "both", *NEW, "--test", "labelled.jsonl")
    assert refused(both, "every request of LABELLED is in the --test set too", "name other requests")


def test_few_examples_of_the_target_begin_a_project(canvass, folder):
    few = [one for one in KNOWN if one.domain == "music"][:20]
    write(folder / "few.jsonl", [*few, *(one for one in KNOWN if one.domain != "music")])
    result = canvass("new", "music", "few.jsonl", "pool.jsonl", "--target", "domain:music", "--json")
    facts = json.loads(result.out)
    assert (facts["test"], facts["labelled_of_the_target"]) == (0, 20)
    assert "warning: there is no test set, and no error curve" in result.err
    assert facts["missing"] == json.loads(canvass("status", "music").out)["missing"]
    assert canvass("next", "music", "--size", "4", "--out", "batch.jsonl").code == 0
    assert json.loads(canvass("status", "music").out)["curve"][-1]["slot_error_rate"] is None


def test_what_is_missing_is_said_in_sentences(on_terminal, folder):
    write(folder / "few.jsonl", [one for one in KNOWN if one.domain == "music"][:6])
    shown = on_terminal("new", "music", "few.jsonl", "pool.jsonl", "--target", "all")
    assert shown.code == 0
    assert "there is no test set" in " ".join(shown.text.split())
    assert "['" not in shown.text
    assert "missing" not in shown.text


def test_a_project_reads_what_meets_a_condition(canvass, folder):
    write_records(
        folder / "pool.jsonl",
        [{"text": one.text, "language": ["de", "en"][n % 2]} for n, one in enumerate(REST)],
    )
    result = canvass("new", "music", *NEW, "--where", "language = 'de'")
    assert result.code == 0, result.err
    with Project.open("music") as project:
        assert sum(block.batch.num_rows for block in project.pool().blocks()) == -(-len(REST) // 2)
    assert refused(canvass("new", "other", *NEW, "--where", "language == 'xx'"), "empty pool", "--where")
    assert refused(canvass("new", "other", *NEW, "--where", "language ="), "cannot be read")


def test_a_project_begins_with_phrases(canvass, folder):
    words = ("pool.jsonl", "pool.jsonl", "--target", "intent:PlayMusic")
    told = canvass("new", "a", *words)
    assert refused(told, "no annotated utterance")
    result = canvass("new", "music", *words, "--keywords", "play, put on", "--json")
    assert json.loads(result.out)["missing"][0].startswith(
        "no model chooses yet: 0 requests of intent:PlayMusic"
    )
    assert canvass("next", "music", "--size", "9", "--out", "batch.jsonl").code == 0
    batch = records((folder / "batch.jsonl").read_text())
    assert [one["why"] for one in batch].count("match") == 6
    assert [one["why"] for one in batch].count(None) == 3  # random picks
    with Project.open("music") as project:
        assert [guide.name for guide in project.intents()] == ["PlayMusic"]


def test_columns_and_formats_are_told(canvass, folder):
    write_records(
        folder / "l.txt",
        [
            {"utt": one.text, "d": one.domain, "intent": one.intent, "slots": record(one).get("slots")}
            for one in KNOWN
        ],
    )
    write_records(folder / "p.txt", [{"utt": one.text, "freq": 2} for one in REST])
    words = ("--columns", "text=utt,domain=d,count=freq")
    result = canvass(
        "new", "music", "l.txt", "p.txt", "--target", "domain:music", *words,
        "--labelled-format", "jsonl", "--pool-format", "jsonl",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert canvass("next", "music", "--out", "b.jsonl", "--size", "3").code == 0
    assert {one["count"] for one in records((folder / "b.jsonl").read_text())} == {2}


def test_the_loop_without_the_page(canvass, folder):
    canvass("new", "music", *NEW)
    for name in ("one.jsonl", "two.csv"):
        handed = canvass("next", "music", "--size", "4", "--out", name)
        assert (handed.code, handed.out) == (0, ""), handed.err
        told = canvass("import", "music", name, "--annotator", "ana", *PREDICTED)
        assert json.loads(told.out)["answered"] == 4, told.err
    assert json.loads(canvass("import", "music", "two.csv", "-a", "ana", *PREDICTED).out)["repeated"] == 4
    status = json.loads(canvass("status", "music").out)
    assert status["by_annotator"] == {"ana": 8}
    assert [one["answers"] for one in status["curve"]] == [0, 4]
    assert status["suggestion"]["rule"].startswith("stabilising predictions")
    exported = records(canvass("export", "music").out)
    assert len(exported) == 8
    assert {one["domain"] for one in exported} == {"music"}


def test_what_was_handed_out_can_be_written_again(canvass, folder):
    canvass("new", "music", *NEW)
    canvass("next", "music", "--size", "3", "--out", "one.jsonl")
    again = canvass("next", "music", "--again", "--out", "two.jsonl", "--json")
    assert json.loads(again.out) == {"tasks": 3, "warnings": []}
    assert (folder / "two.jsonl").read_bytes() == (folder / "one.jsonl").read_bytes()
    assert refused(canvass("next", "music", "--again", "--size", "3", "-o", "x.jsonl"), "leave out --size")
    assert refused(canvass("next", "music", "--size", "0", "-o", "x.jsonl"), "--size 0 makes no sense")
    assert refused(canvass("next", "music", "-o", "x.doc"), "its extension tells no format")
    assert refused(canvass("next", "music", "-o", "music/test.jsonl"), "is also an input")
    assert not (folder / "x.jsonl").exists()


def test_a_file_that_cannot_be_written_loses_no_task(canvass, folder, monkeypatch):
    import canvass.annotation.exchange.exporting as module

    canvass("new", "music", *NEW)

    def full(path, rows, **options):
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr(module, "write_records", full)
    result = canvass("next", "music", "--size", "3", "--out", "one.jsonl")
    assert result.code == 2
    assert "canvass next --again writes it" in result.err
    monkeypatch.undo()
    os.chdir(folder)
    assert canvass("next", "music", "--again", "--out", "one.jsonl").code == 0
    assert len(records((folder / "one.jsonl").read_text())) == 3


def test_an_import_that_is_refused_saves_nothing(canvass, project):
    write_records(project.folder.parent / "bad.jsonl", [record(music_left(4)[3]) | {"intent": "PlayMusik"}])
    result = canvass("import", "music", "bad.jsonl", "--annotator", "ana")
    assert refused(
        result, "bad.jsonl:1: intent 'PlayMusik' is unknown; did you mean PlayMusic?", "--new-labels"
    )
    assert refused(canvass("import", "music", "bad.jsonl", "-a", " "), "is no name")
    assert refused(canvass("import", "nix", "bad.jsonl", "-a", "ana"), "nix: no project there")
    assert len(project.store.answers()) == 3
    taken = canvass("import", "music", "bad.jsonl", "-a", "ana", "--new-labels")
    assert json.loads(taken.out)["new_labels"] == ["PlayMusik"]
    (label,) = project.store.labels()
    assert abs(label.at - time.time()) < 600
    assert label == Label("intent", "PlayMusik", "", "ana", label.at)


def test_status_for_machines(canvass, project):
    told = json.loads(canvass("status", "music").out)
    assert told == json.loads(canvass("status", "music", "--json").out)
    assert told["accepted"] == told["frames"] == 3
    assert told["by_annotator"] == {"ana": 2, "bo": 1}
    assert told["tasks"]["open"] == 1
    assert told["change"] == pytest.approx(-0.1)
    assert [one["value"] for one in told["estimates"]] == [None] * 4
    assert json.loads(canvass("estimate", "music").out)["estimates"] == told["estimates"]
    assert told["agreement"] == []
    assert [one["slot_error_rate"] for one in told["curve"]] == pytest.approx([0.3, 0.2, 0.1])


@pytest.mark.slow
def test_estimates_for_people(on_terminal, project):
    del project
    shown = on_terminal("estimate", "music")
    assert shown.code == 0
    assert "Slot error rate: unknown: 20 more random picks needed." in shown.out


def test_status_for_people(on_terminal, project):
    shown = on_terminal("status", "music")
    assert shown.code == 0
    text = " ".join(shown.text.split())
    for words in (
        "music domain:music, majority-joint", "annotated here 3 of the target 3", "by ana 2", "waiting 1",
        "slot error rate, %, on 9 held-out requests of the target; last 10.0",
        "The last answers moved the slot error rate by -10.00 points",
        "Go on: 0 of 3 comparisons", "Rule: stabilising predictions",
    ):  # fmt: skip
        assert words in text, text
    assert any("⠀" < character <= "⣿" for character in text)


@pytest.mark.slow
def test_names_of_people_act_on_no_terminal(on_terminal, project):
    task = project.store.tasks("open")[0]
    project.store.save(NewAnswer("x", task.id, "e\x1b[2Jve", "skip", flagged=True), now=9.0)
    project.store.save(NewAnswer("y", task.id, "e\x1b[2Jve", "frame", "music", "PlayMusic", ()), now=9.0)
    shown = on_terminal("status", "music")
    assert "\x1b[2J" not in shown.out
    assert "by e\ufffd[2Jve" in shown.text


def test_exports(canvass, project, folder):
    assert canvass("export", "music", "--out", "out.csv", "--answers", "answers.jsonl") == (0, "", "")
    assert (folder / "out.csv").read_text().count("\n") == 4
    assert [one["answer"] for one in records((folder / "answers.jsonl").read_text())] == ["a1", "a2", "a3"]
    everything = canvass("export", "music", "--all", "--out", "-")
    assert len(records(everything.out)) == len(project.labelled) + 3
    facts = canvass("export", "music", "--json", "--answers", "answers.jsonl")
    assert json.loads(facts.out) == {"answers": 3}
    assert refused(canvass("export", "music", "-o", "x.jsonl", "--answers", "x.jsonl"), "name two files")
    assert refused(canvass("export", "music", "-o", "x.abc"), "is of no known format")
    assert refused(canvass("export", "music", "-o", "x.json"), "say which format")
    assert refused(canvass("export", "music", "-o", "music/canvass.db"), "is also an input")
    assert refused(canvass("export", "music", "-o", "music/labelled.jsonl"), "is also an input")


def test_exports_for_other_tools(canvass, project, folder):
    result = canvass("export", "music", "-o", "nlu.yml")
    assert (result.code, result.out) == (0, "")
    assert "lost, 3 times: the field domain" in result.err
    assert "nlu:" in (folder / "nlu.yml").read_text()
    canvass("export", "music", "-o", "tasks.json", "--out-format", "label-studio")
    assert len(json.loads((folder / "tasks.json").read_text())) == 3


def test_formulas_are_marked_and_said_aloud(canvass, project, folder):
    (task,) = project.store.add(tasks_of([record_of("=1+1 please")], source="imported"))
    project.store.save(NewAnswer("f", task.id, "ana", "frame", "music", "PlayMusic", ()), now=9.0)
    result = canvass("export", "music", "--out", "out.csv")
    assert "1 row has a cell that a spreadsheet would take for a formula" in result.err
    assert "'=1+1 please" in (folder / "out.csv").read_text()
    assert canvass("export", "music", "--out", "raw.csv", "--raw") == (0, "", "")
    assert "'=1+1" not in (folder / "raw.csv").read_text()


def record_of(text):
    from canvass.types import Utterance

    return Utterance(text, domain="music", intent="PlayMusic", slots=())


def test_a_person_says_where_an_export_goes(on_terminal, project):
    shown = on_terminal("export", "music")
    assert shown.code == 2
    assert "add --out labelled.jsonl" in " ".join(shown.text.split())


def test_backups(canvass, project, folder):
    assert canvass("backup", "music", "--out", "copy.db") == (0, "", "")
    connection = sqlite3.connect(folder / "copy.db")
    assert connection.execute("SELECT count(*) FROM answers").fetchone() == (3,)
    connection.close()
    assert canvass("backup", "music", "--out", "copy.zip").code == 0
    assert refused(canvass("backup", "music", "--out", "copy.tar"), "end the name in .db")
    assert refused(canvass("backup", "music", "--out", "music/canvass.db"), "is also an input")
    assert refused(canvass("backup", "nix", "--out", "copy.db"), "no project there")


def test_files_of_a_project_are_for_their_owner_alone(canvass, project, folder):
    before = os.umask(0o022)
    try:
        assert canvass("backup", "music", "--out", "copy.db").code == 0
        assert canvass("backup", "music", "--out", "copy.zip").code == 0
        assert canvass("export", "music", "--out", "out.jsonl", "--answers", "answers.csv").code == 0
        (folder / "long.txt").write_text(f"play river\n{'very ' * 40}long\n")
        said = canvass("new", "other", "labelled.jsonl", "long.txt", "--target", "domain:music")
    finally:
        os.umask(before)
    assert said.code == 0
    assert "1 of the first 2 requests of the pool have more than 40 tokens, and are never chosen" in said.err
    made = [*(folder / name for name in ("copy.db", "copy.zip", "out.jsonl", "answers.csv"))]
    made += (folder / "other").iterdir()
    assert {stat.S_IMODE(file.stat().st_mode) for file in made} == {0o600}
    assert stat.S_IMODE((folder / "other").stat().st_mode) == 0o700
    with zipfile.ZipFile("copy.zip") as archive:
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o600}


@pytest.fixture
def taught(canvass, tmp_path, monkeypatch):
    """A project whose pool teaches word features."""
    monkeypatch.chdir(tmp_path)
    texts = named_requests(4000)
    known = [annotated(text) for text in texts[::30]]
    others = [Utterance(f"other {text}", domain="two", intent="x", slots=()) for text in texts[:60]]
    write(tmp_path / "labelled.jsonl", known + others)
    (tmp_path / "pool.txt").write_text("\n".join(texts) + "\n")
    result = canvass("new", "project", "labelled.jsonl", "pool.txt", "-t", "domain:one")
    assert result.code == 0, result
    return tmp_path / "project"


@pytest.mark.slow
def test_a_project_keeps_the_word_features_that_it_learnt(canvass, taught, tmp_path):
    words = taught / "words.npz"
    status = json.loads(canvass("status", taught).out)["words"]
    assert status["requests"] == len(named_requests(4000))
    assert abs(time.time() - status["at"]) < 600
    with Project.open(taught) as project:
        models = run_round(project, 0).models
        assert project.words.digest == status["digest"]
    assert models.reference.tagger.words is not None
    assert models.selecting.tagger.words is None  # chooses
    # The pool grows: nothing changes until somebody asks.
    before = words.read_bytes()
    with (tmp_path / "pool.txt").open("a") as pool:
        pool.write("something new\n" * 2 + "something newer\n")
    assert canvass("next", taught, "--size", "5", "-o", tmp_path / "tasks.jsonl").code == 0
    assert words.read_bytes() == before
    assert canvass("words", taught).code == 0
    assert words.read_bytes() != before
    anew = json.loads(canvass("status", taught).out)["words"]
    assert anew["requests"] == status["requests"] + 2
    assert anew["digest"] != status["digest"]
    with zipfile.ZipFile(backup_of(canvass, taught, tmp_path)) as archive:
        assert archive.read("project/words.npz") == words.read_bytes()


def backup_of(canvass, project, folder):
    path = folder / "backup.zip"
    assert canvass("backup", project, "--out", path).code == 0
    return path


def test_word_features_are_refused_while_the_project_is_in_use_and_left_out_by_an_option(
    canvass, taught, tmp_path
):
    with Project.open(taught) as project, project.lock("is annotated"):
        assert refused(canvass("words", taught), "is annotated")
    plain = canvass("new", "plain", "labelled.jsonl", "pool.txt", "-t", "domain:one", "--words", "off")
    assert plain.code == 0
    assert not (tmp_path / "plain" / "words.npz").exists()
    assert json.loads(canvass("status", "plain").out)["words"] is None
    given = canvass(
        "new", "given", "labelled.jsonl", "pool.txt", "-t", "domain:one", "--words", taught / "words.npz"
    )
    assert given.code == 0
    assert (tmp_path / "given" / "words.npz").read_bytes() == (taught / "words.npz").read_bytes()


# Labels


def test_labels_are_listed_renamed_and_merged(canvass, project):
    listed = canvass("labels", str(project.folder))
    assert listed.code == 0
    rows = [line.split("\t") for line in listed.out.splitlines()]
    assert [row[:2] for row in rows] == [
        ["intent", "AddToPlaylist"],
        ["intent", "PlayMusic"],
        ["slot", "ArtistName"],
        ["slot", "SongName"],
    ]
    assert sum(int(row[4]) for row in rows if row[0] == "intent") == 3
    counts = rows[1][2:5]
    result = canvass("labels", str(project.folder), "rename", "PlayMusic", "play")
    assert (result.code, result.out) == (0, "")
    said = "{} labelled requests, {} of the test set and {} answers had it".format(*counts)
    assert f"the intent 'PlayMusic' is called 'play' now: {said}" in result.err
    assert canvass("labels", str(project.folder), "merge", "SongName", "ArtistName").code == 0
    found = json.loads(canvass("labels", str(project.folder), "--json").out)
    assert [(use["kind"], use["name"], use["retired"]) for use in found] == [
        ("intent", "AddToPlaylist", []),
        ("intent", "play", ["PlayMusic"]),
        ("slot", "ArtistName", ["SongName"]),
    ]
    assert "was deleted" not in result.err
    assert "requests are left out" in canvass("labels", str(project.folder), "delete", "play").err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["renam", "a", "b"], "'renam' is no action; did you mean rename?"),
        (["rename", "PlayMusic"], "rename takes the label and its new name, and 1 names were given"),
        (["list", "PlayMusic"], "list takes no name, and 1 names were given"),
        (["delete", "PlayMusic", "--kind", "domain"], "--kind 'domain' is none; write intent or slot"),
        (["delete", "PlayMusic", "--kind", "slot"], "there is no slot label 'PlayMusic'"),
    ],
)
def test_labels_that_are_refused(canvass, project, words, sentence):
    assert refused(canvass("labels", str(project.folder), *words), sentence)


def test_status_tells_of_annotators_and_what_more_answers_bring(project, canvass):
    for number, rate in enumerate((0.08, 0.07, 0.06), 3):
        project.store.add_round(Round(number, 9.0, 10 * number, 50, 20 * number, rate, 0.1, 0.8, 9))
    (task,) = project.store.add(tasks_of(music_left(5)[4:]))
    for name, seconds in (("cy", 4.0), ("di", 6.0)):
        project.store.save(
            NewAnswer(f"{name}{task.id}", task.id, name, "frame", "music", "PlayMusic", (), seconds=seconds),
            now=9.0,
        )
    status = json.loads(canvass("status", "music").out)
    told = {one["name"]: one for one in status["annotators"]}
    assert (told["cy"]["seconds"], told["di"]["seconds"], told["ana"]["seconds"]) == (4.0, 6.0, None)
    assert told["ana"]["answers"] == status["by_annotator"]["ana"] == 2
    # The median of 4 and 6 seconds, a hundred times; the power law through all rounds goes on falling.
    assert (status["forecast"]["more"], status["forecast"]["seconds"]) == (100, 500.0)
    assert 0 < status["forecast"]["slot_error_rate"] < 0.06


def test_a_forecast_is_the_power_law_of_the_rounds():
    curve = [
        Round(n, 0.0, n, 9, labelled, 0.8 / labelled**0.5, 0, 0, 9)
        for n, labelled in enumerate((25, 50, 100))
    ]
    assert forecast(curve, None).slot_error_rate == pytest.approx(0.8 / 200**0.5)
    assert forecast(curve[:2], 3.0) is None
    assert forecast([*curve[:2], replace(curve[2], slot_error_rate=0.9)], 3.0) is None  # it does not fall


def test_tasks_keep_the_columns_of_the_pool(canvass, folder):
    write_records(
        folder / "pool.jsonl", [{"text": one.text, "language": "de", "turn": n} for n, one in enumerate(REST)]
    )
    assert canvass("new", "music", *NEW).code == 0
    assert canvass("next", "music", "--size", "3", "--out", "b.csv").code == 0
    assert canvass("next", "music", "--again", "--out", "b.jsonl").code == 0
    turns = {one.text: number for number, one in enumerate(REST)}
    batch = records((folder / "b.jsonl").read_text())
    assert [(one["language"], one["turn"]) for one in batch] == [("de", turns[one["text"]]) for one in batch]
    told = json.loads(canvass("import", "music", "b.csv", "--annotator", "ana", *PREDICTED, "--json").out)
    assert (told["answered"], told["lost"]) == (3, [])
    with Project.open("music") as project:
        task = project.store.tasks("answered")[0]
        assert "columns" not in task_shape(task)
        assert task_shape(task, ("language", "nix"))["columns"] == {"language": "de"}
        picks = [task for task in run_round(project, 2).tasks if task.source in {"random", "outside"}]
        assert {task.source for task in picks} == {"random", "outside"}
        for stored in project.store.add(picks):
            assert (stored.reason, stored.others) == (None, {"language": "de", "turn": turns[stored.text]})
            assert task_shape(stored, ("turn",))["columns"] == {"turn": turns[stored.text]}
