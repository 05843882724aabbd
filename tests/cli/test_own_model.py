"""The user's own model, as columns of the pool and as a scorer: what commands choose, and what they refuse."""

import json

import numpy as np
import pytest
from commands import MUSIC, records
from projects import run_round

from canvass.annotation.project.project import Project
from canvass.annotation.project.settings import ProjectSettings, Settings, with_changes
from canvass.corpus.formats import jsonl
from canvass.corpus.formats.validation import record_of
from canvass.corpus.pool import Pool
from canvass.errors import InputError
from canvass.simulation.store import read_study
from canvass.strategies import STRATEGIES
from examples import labelled_and_rest
from pools import opinion_of

LABELLED, REST = labelled_and_rest()
SCORED = [{"text": row.text, "id": row.text, **opinion_of(row)} for row in REST]
EXTERNAL = [name for name, row in STRATEGIES.items() if row.columns]


def wanted(rows, name="external", suffix="jsonl", folder=None, **options):
    """Read a pool of rows for a strategy, as pyarrow's table."""
    path = folder / f"pool.{suffix}"
    if suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif suffix == "csv":
        head = list(rows[0])
        lines = [head, *([str(row.get(cell, "")) for cell in head] for row in rows)]
        path.write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    pool = Pool.open([str(path)], model_columns=STRATEGIES[name].columns, **options)
    return [row for block in pool.blocks() for row in block.batch.to_pylist()]


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize(
    ("value", "column", "expected"),
    [
        (None, "score", "a finite number, as in every record of the pool"),
        (float("nan"), "score", "a finite number"),
        (float("inf"), "score", "a finite number"),
        (1.5, "intent_probability", "a number from 0 to 1"),
        (-0.01, "slots_probability", "a number from 0 to 1"),
    ],
)
def test_a_bad_value_is_named_with_its_place(tmp_path, suffix, value, column, expected):
    good = {"text": "play river", "score": 0.5, "intent_probability": 0.25, "slots_probability": 1.0}
    bad = {**good, column: value}
    if value is None and suffix == "csv":
        bad[column] = ""
    place = {"jsonl": ":2: ", "csv": ":3: ", "parquet": ": row 2: "}[suffix]
    with pytest.raises(InputError) as refused:
        wanted([good, bad, good], suffix=suffix, folder=tmp_path)
    assert place in str(refused.value)
    assert f"field {column!r}" in str(refused.value)
    assert expected in str(refused.value)
    assert len(wanted([good, bad, good], suffix=suffix, folder=tmp_path, skip_bad=1)) == 2


def test_the_same_values_in_every_format(tmp_path):
    rows = [
        {"text": "a", "Score": 1, "intent_probability": 1},
        {"text": "b", "Score": -2e-3, "intent_probability": 0},
    ]
    expected = [
        {"text": "a", "id": None, "count": 1, "score": 1.0, "intent_probability": 1.0},
        {"text": "b", "id": None, "count": 1, "score": -0.002, "intent_probability": 0.0},
    ]
    assert wanted(rows, suffix="csv", folder=tmp_path) == expected  # without regard to case
    named = [{"score" if name == "Score" else name: value for name, value in row.items()} for row in rows]
    assert wanted(named, folder=tmp_path) == expected
    floats = [{name: float(v) if name != "text" else v for name, v in row.items()} for row in named]
    assert wanted(floats, suffix="parquet", folder=tmp_path) == expected
    # An intent without its probability is not read, nor is anything by other strategies.
    assert wanted([{"text": "a", "score": 1, "intent": "X"}], folder=tmp_path)[0].keys() == {
        "text",
        "id",
        "count",
        "score",
    }
    assert wanted(named, name="majority-joint", folder=tmp_path)[0].keys() == {"text", "id", "count"}


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("external", {"text": "a"}, "'score' or 'intent_probability' or 'slots_probability' is missing"),
        (
            "external-joint",
            {"text": "a", "score": 1},
            "'intent_probability' or 'slots_probability' is missing",
        ),
    ],
)
def test_a_pool_without_the_columns_is_refused(tmp_path, name, row, said):
    with pytest.raises(InputError, match=said):
        wanted([row], name=name, folder=tmp_path)


def test_a_file_that_lacks_what_the_first_has(tmp_path):
    (tmp_path / "a.csv").write_text("text,score\na,1\n")
    (tmp_path / "b.csv").write_text("text\nb\n")
    with pytest.raises(InputError, match=r"b\.csv:1: column 'score' is missing"):
        Pool.open([str(tmp_path)], model_columns=("score",))
    (tmp_path / "c.txt").write_text("play\n")
    with pytest.raises(InputError, match=r"c\.txt: the columns of a model are looked for .* text has none"):
        Pool.open([str(tmp_path / "c.txt")], model_columns=("score",))


@pytest.mark.parametrize("name", EXTERNAL)
def test_select_ranks_by_them(canvass, folder, name):
    jsonl.write(str(folder / "scored.jsonl"), SCORED)
    target = ["-t", "all"] if name == "external-all" else ["-t", "domain:music"]
    result = canvass("select", "labelled.jsonl", "scored.jsonl", *target, "-n", 8, "-s", name)
    assert result.code == 0, result.err
    said = {row["text"]: row for row in SCORED}
    batch = [row for row in records(result.out) if row["why"] == "filter"]
    assert batch
    for row in batch:
        theirs = said[row["text"]]
        assert row.get("predicted_intent") == theirs["intent"]
        assert theirs["intent"] is None or row["intent_probability"] == theirs["intent_probability"]
        assert name == "external-joint" or row["score"] == theirs["score"]


def test_options_that_make_no_sense(canvass, folder):
    jsonl.write(str(folder / "scored.jsonl"), SCORED)
    for words, said in (
        (("pool.jsonl",), "column 'score' or 'intent_probability' or 'slots_probability' is missing"),
        (("scored.jsonl", "--columns", "score=p_model"), "column 'p_model' is missing"),
        (("-",), "standard input is read once"),
    ):
        result = canvass("select", "labelled.jsonl", *words, *MUSIC, "-s", "external")
        assert result.code == 2
        assert said in result.err


def test_a_project_reads_them_in_every_round(tmp_path):
    path = tmp_path / "scored.jsonl"
    jsonl.write(str(path), [{"p_model" if k == "score" else k: v for k, v in row.items()} for row in SCORED])
    from canvass.corpus.formats.column_names import Columns
    from canvass.types import Target

    target, columns = Target("domain", "music"), Columns(score="p_model")
    with Project.create(
        tmp_path / "project", LABELLED, [str(path)], target, strategy="external", columns=columns
    ) as project:
        result = run_round(project, 0, answers=0)
    said = {row["text"]: row for row in SCORED}
    tasks = [task for task in result.tasks if task.source == "selected" and task.reason.why == "filter"]
    assert tasks
    for task in tasks:
        assert task.reason.score == said[task.text]["score"]
        assert task.prediction.intent == said[task.text]["intent"]
        assert task.prediction.intent_probability == said[task.text]["intent_probability"]


@pytest.mark.slow
def test_simulate_reads_them_from_labelled(canvass, tmp_path):
    """Choices follow the score of the hidden requests, and a study whose columns changed is another one."""
    corpus = [*LABELLED, *REST]
    for sign, folder in ((1, "first"), (-1, "first"), (-1, "second")):
        rows = [{**record_of(one), **opinion_of(one), "score": sign * len(one.text)} for one in corpus]
        for row, one in zip(rows, corpus, strict=True):
            row["intent"] = one.intent
        jsonl.write(str(tmp_path / "corpus.jsonl"), rows)
        result = canvass(
            "simulate", tmp_path / "corpus.jsonl", "--out", tmp_path / folder, "-t", "domain:music", "-s", "external",
            "--seeds", 1, "--seed-size", 10, "--negatives", 20, "--rounds", 1, "--batch", 4, "--processes", 1,
        )  # fmt: skip
        assert result.code == (2 if (sign, folder) == (-1, "first") else 0), result.err
    lengths = [
        [
            len(key)
            for run in read_study(tmp_path / folder).runs
            if run.name.strategy == "external"
            for key in run.keys
        ]
        for folder in ("first", "second")
    ]
    assert max(lengths[0]) < min(lengths[1])


SCORER = """
def score(texts):
    return [
        {"intent": "PlayMusic", "intent_probability": (len(text) % 7) / 10, "slots": [], "slots_probability": 0.5}
        for text in texts
    ]

def of_slots(texts):
    return [{"slots": [], "slots_probability": 0.5} for _ in texts]

def unknown(texts):
    return [{"intent": "Dance", "intent_probability": 0.5} for _ in texts]
"""


@pytest.fixture
def named(tmp_path, monkeypatch):
    """A module with scorers, under a name of its own; as it is imported, it stays."""
    name = f"scorers_of_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(SCORER)
    monkeypatch.syspath_prepend(str(tmp_path))
    return lambda function: f"{name}:{function}"


def test_select_ranks_the_shortlist_anew(canvass, folder, named):
    words = ["select", "labelled.jsonl", "pool.jsonl", *MUSIC, "--no-variety"]
    plain = records(canvass(*words, "-n", 12).out)
    result = canvass(*words, "-n", 6, "--shortlist", 12, "--scorer", named("score"))
    assert result.code == 0, result.err
    shortlist = {row["text"]: row for row in plain if row["why"] == "filter"}

    def expected(text):
        log_target = -np.logaddexp(0.0, -shortlist[text]["score_logistic"])
        return float(log_target + np.log(max(len(text) % 7 / 10, 2.0**-1022)) + np.log(0.5))

    batch = records(result.out)
    ranked = sorted(shortlist, key=lambda text: (expected(text), text))[:6]
    assert [row["text"] for row in batch] == ranked
    for row in batch:
        assert row["score"] == pytest.approx(expected(row["text"]), rel=1e-12)
        assert (row["predicted_intent"], row["intent_probability"]) == (
            "PlayMusic",
            len(row["text"]) % 7 / 10,
        )
        assert (row["predicted_slots"], row["tagger_confidence"]) == ([], 0.5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--scorer", "nowhere"), "is no module:function"),
        (("--scorer", "no_such_module_here:score"), "importing no_such_module_here failed"),
        (
            ("--scorer", "json:dumps", "-s", "random-positive"),
            "--strategy random-positive does not rank by these",
        ),
        (("--scorer", "json:dumps", "-s", "entropy", "-t", "all"), "does not rank by these"),
        (("--scorer", "json:dumps", "--shortlist", "9"), "--shortlist 9 is smaller than the batch of 10"),
        (("--scorer", "json:dumps"), "answered"),
    ],
)
def test_scorers_that_make_no_sense(canvass, folder, options, said):
    target = [] if "-t" in options else ["-t", "domain:music"]
    result = canvass("select", "labelled.jsonl", "pool.jsonl", *target, "-n", 10, *options)
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err


def test_labels_and_parts_that_do_not_fit(canvass, folder, named):
    words = ["select", "labelled.jsonl", "pool.jsonl", "-n", 5]
    unknown = canvass(*words, "-t", "domain:music", "--scorer", named("unknown"))
    assert (unknown.code, "the intent 'Dance', which LABELLED does not have" in unknown.err) == (2, True)
    alone = canvass(*words, "-t", "all", "-s", "least-confidence", "--scorer", named("of_slots"))
    assert (alone.code, "says slots alone, and --strategy least-confidence does not" in alone.err) == (
        2,
        True,
    )


def test_a_project_asks_in_every_round_and_shows_the_answers(canvass, folder, named):
    result = canvass("new", "project", "labelled.jsonl", "pool.jsonl", *MUSIC[:2], "--scorer", named("score"))
    assert result.code == 0, result.err
    assert f'scorer = "{named("score")}"' in (folder / "project" / "canvass.toml").read_text()
    with Project.open("project") as project:
        result = run_round(project, 0, answers=0)
    selected = [task for task in result.tasks if task.source == "selected"]
    assert selected
    for task in selected:
        assert task.prediction.intent == "PlayMusic"
        assert task.prediction.intent_probability == len(task.text) % 7 / 10
        assert (task.prediction.slots, task.prediction.confidence, task.prediction.certainty) == ((), 0.5, ())
    refused = canvass(
        "new", "other", "labelled.jsonl", "pool.jsonl", *MUSIC[:2], "--scorer", named("nothing")
    )
    assert (refused.code, (folder / "other").exists()) == (2, False)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scorer": "nowhere"}, "canvass.toml: project.scorer: --scorer 'nowhere' is no module:function"),
        ({"scorer": "json:dumps", "shortlist": 7}, "--shortlist 7 is smaller than the batch of 50"),
        ({"scorer": "json:dumps", "strategy": "random-positive"}, "does not rank by these"),
    ],
)
def test_settings_that_make_no_sense(changes, said):
    settings = Settings(project=ProjectSettings(target="domain:music", pool=("pool.jsonl",)))
    settings.check("canvass.toml")
    with pytest.raises(InputError, match=said):
        with_changes(settings, "project", **changes).check("canvass.toml")


@pytest.mark.slow
def test_simulate_asks_it_too(canvass, tmp_path, named):
    jsonl.write(str(tmp_path / "corpus.jsonl"), map(record_of, [*LABELLED, *REST]))
    chosen = {}
    for scorer in ("", "score", "unknown"):
        folder = tmp_path / f"study {scorer}"
        result = canvass(
            "simulate", tmp_path / "corpus.jsonl", "--out", folder, "-t", "domain:music", "-s", "majority-joint",
            "--seeds", 1, "--seed-size", 10, "--negatives", 20, "--rounds", 1, "--batch", 4, "--processes", 1,
            *(["--scorer", named(scorer)] if scorer else []),
        )  # fmt: skip
        assert result.code == (2 if scorer == "unknown" else 0), result.err
        assert not (scorer == "unknown" and folder.exists())
        if result.code == 0:
            runs = read_study(folder).runs
            chosen[scorer] = next(run.keys for run in runs if run.name.strategy == "majority-joint")
    assert chosen[""] != chosen["score"]
