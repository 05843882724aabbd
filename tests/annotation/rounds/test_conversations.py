"""The turns around requests: as a plain reading of all rows finds them, from every kind of pool."""

import dataclasses
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import write_records
from hypothesis import given
from hypothesis import strategies as some

from canvass.annotation.project.project import Project
from canvass.annotation.project.settings import ColumnsSettings, with_changes
from canvass.annotation.rounds.conversations import AFTER, BEFORE, LONGEST, find_turns
from canvass.annotation.rounds.round import Rounds
from canvass.annotation.store.records import NewTask, Turns
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.pool import Pool
from examples import MUSIC, labelled_and_rest

COLUMNS = ColumnsSettings()
CONVERSATIONS = ["c1", "c11", "ünï", 'a"b\\c', "(.*)", "7"]


def task_of(text, **others):
    return NewTask(text, text, "id", 1, "selected", 0.0, others=others)


def plain_turns(rows, conversation, turn, text):
    """The readable twin: sort all rows of the conversation, and look at both sides."""
    of_it = [row for row in rows if str(row["conversation"]) == str(conversation)]
    ordered = [row["text"] for row in sorted(of_it, key=lambda row: row["turn"]) if row["turn"] < turn]
    others = [row for row in of_it if row["turn"] >= turn and (row["turn"], row["text"]) != (turn, text)]
    after = [row["text"] for row in sorted(others, key=lambda row: row["turn"])]
    before = ordered[-BEFORE:]
    return Turns(tuple(before), tuple(after[:AFTER]), len(ordered) - len(before), max(0, len(after) - AFTER))


ROWS = some.lists(
    some.tuples(some.sampled_from(CONVERSATIONS), some.integers(-3, 12)), min_size=1, max_size=40
)


@given(ROWS, some.sampled_from(["lines", "escaped", "parquet", "csv"]), some.integers(1, 9))
def test_turns_are_those_of_a_plain_reading(tmp_path_factory, pairs, kind, size):
    rows = [
        {"text": f"turn {place}", "conversation": conversation, "turn": turn}
        for place, (conversation, turn) in enumerate(pairs)
    ]
    folder = tmp_path_factory.mktemp("pool")
    path = folder / {"parquet": "pool.parquet", "csv": "pool.csv"}.get(kind, "pool.jsonl")
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif kind == "csv":
        cells = ["text,conversation,turn"] + [
            '{text},"{}",{turn}'.format(row["conversation"].replace('"', '""'), **row) for row in rows
        ]
        path.write_text("\n".join(cells) + "\n")
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=kind == "escaped") + "\n" for row in rows))
    tasks = [
        task_of(row["text"], conversation=row["conversation"], turn=row["turn"]) for row in rows[::3]
    ] + [task_of("alone")]
    turns, notes = find_turns(
        tasks, COLUMNS, lambda: Pool.open([str(path)], rows=size, columns=Columns(others=True)), {}
    )
    assert notes == []
    assert turns == {
        row["text"]: plain_turns(rows, row["conversation"], row["turn"], row["text"]) for row in rows[::3]
    }


def refuse_pool():
    raise AssertionError("the pool was read")


def test_without_conversations_and_for_what_is_known_nothing_is_read():
    known = {"a": Turns(("b",))}
    tasks = [task_of("a", conversation=1, turn=2), task_of("c", language="de")]
    assert find_turns(tasks, COLUMNS, refuse_pool, known) == (known, [])


@pytest.mark.parametrize(
    ("others", "columns", "words"),
    [
        ({"conversation": 1, "turn": "second"}, {}, "'turn' of the pool holds 'second', which is no number"),
        ({"conversation": 1}, {}, "no column 'turn'"),
        ({"conversation": 1, "turn": 1}, {"audio": "clip"}, "no request of the queue has the column 'clip'"),
    ],
)
def test_what_is_wrong_is_said(others, columns, words):
    pool = Pool.from_table(pa.table({"text": ["x"]}))
    _, (note,) = find_turns(
        [task_of("x", **others)], dataclasses.replace(COLUMNS, **columns), lambda: pool, {}
    )
    assert words in note


@pytest.mark.slow
def test_a_round_stores_turns_with_its_tasks_and_tells_once_what_is_wrong(tmp_path, caplog):
    known, rest = labelled_and_rest(2)
    records = []
    for place, request in enumerate(rest):
        records += [
            {"text": request.text, "id": f"u{place}", "conversation": place, "turn": 1, "who": "user"},
            {"text": f"reply {place} " + "so " * 200, "conversation": place, "turn": 2, "who": "bot"},
            {"text": f"late {place}", "conversation": place, "turn": "x", "who": "bot"},
            {"text": None, "conversation": place, "turn": 0, "who": "bot"},
        ]
    write_records(tmp_path / "pool.jsonl", records)
    pool = [str(tmp_path / "pool.jsonl")]
    with Project.create(tmp_path / "project", known, pool, MUSIC, where="who = 'user'") as project:
        project.settings = with_changes(project.settings, "queue", size=6, random_share=0.5)
        rounds = Rounds(project)
        for number in (0, 1):
            result = rounds.run(number, answers=0)
            project.store.swap(result.tasks, round=number)
        tasks = project.store.tasks("open")
        assert {task.source for task in tasks} >= {"selected", "random"}
        for task in tasks:
            (reply,) = task.turns.after
            assert reply.startswith(f"reply {task.others['conversation']} so so")
            assert len(reply) <= LONGEST
            assert (task.turns.before, task.turns.earlier, task.turns.later) == ((), 0, 0)
    (note,) = [record.message for record in caplog.records if "no number" in record.message]
    assert note == (
        "the column 'turn' of the pool holds 'x', which is no number, and such turns are not shown beside requests; "
        "number the turns, or name their column in [columns] of canvass.toml"
    )
