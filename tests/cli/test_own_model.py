"""Columns of another model, from files to batches: what is read, what is refused, and where else they are used."""

import json

import pytest
from commands import MUSIC, records

from canvass.annotation.project.project import Project
from canvass.annotation.rounds.round import run_round
from canvass.corpus.formats import jsonl
from canvass.corpus.formats.annotated import record_of
from canvass.corpus.pool import Pool
from canvass.errors import InputError
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
    from canvass.corpus.formats.records import Columns
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
            "simulate", tmp_path / "corpus.jsonl", "--out", tmp_path / folder, "-d", "music", "-s", "external",
            "--seeds", 1, "--seed-size", 10, "--negatives", 20, "--rounds", 1, "--batch", 4, "--processes", 1,
        )  # fmt: skip
        assert result.code == (2 if (sign, folder) == (-1, "first") else 0), result.err
    from canvass.simulation.store import read_study

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
