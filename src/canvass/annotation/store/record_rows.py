"""Between the records of annotation and the rows of its tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any

from canvass.annotation.store.label_names import LabelNames
from canvass.annotation.store.records import Answer, NewAnswer, NewTask, Reason, Task, TaskPrediction, Turns
from canvass.types import Slot

Row = tuple[Any, ...]


def _columns(record: type) -> tuple[str, ...]:
    """Name the fields of a record that are columns, too; `others` and `turns` stand in that of the reason."""
    return tuple(member.name for member in fields(record) if member.name not in {"others", "turns"})


def _listed(table: str, names: Sequence[str]) -> str:
    """List columns of a table for SELECT."""
    return ", ".join(f"{table}.{'guess' if name == 'prediction' else name}" for name in names)


_TASK, _ANSWER = _columns(Task), _columns(Answer)
TASK, ANSWER, TASK_WIDTH = _listed("tasks", _TASK), _listed("answers", _ANSWER), len(_TASK)
NEW_TASK = _listed("tasks", _columns(NewTask)).replace("tasks.", "")
LARGEST = 2**63 - 1  # number of SQLite


def task_id(number: int) -> int:
    """Give the number of a task as SQLite can hold it: a larger one is that of no task, as 0 is."""
    return number if abs(number) <= LARGEST else 0


def task_of(row: Row, names: LabelNames) -> Task:
    """Make a task of a row with the columns `TASK`, its prediction under the names of today."""
    record = dict(zip(_TASK, row, strict=True))
    reason = json.loads(record["reason"] or "{}")
    turns = reason.pop("turns", None)
    record["others"] = reason.pop("others", {})
    if turns is not None:
        turns = Turns(tuple(turns["before"]), tuple(turns["after"]), turns["earlier"], turns["later"])
    record["turns"] = turns
    record["reason"] = Reason(**reason) if reason else None
    record["prediction"] = names.prediction(prediction_of(record["prediction"]))
    return Task(**record)


def answer_of(row: Row, names: LabelNames) -> Answer:
    """Make an answer of a row with the columns `ANSWER`, under the names of today."""
    record = dict(zip(_ANSWER, row, strict=True))
    for name in ("flagged", "adjudicates", "current"):
        record[name] = bool(record[name])
    if record["slots"] is not None:
        record["slots"] = slots_of(json.loads(record["slots"]))
    prediction = prediction_of(record["prediction"])
    # The prediction in view is nearly always the one that the task has.
    seen = record["shown"] == record["prediction"]
    record["shown"] = prediction if seen else prediction_of(record["shown"])
    record["prediction"] = prediction
    return names.answer(Answer(**record))


def both_of(row: Row, names: LabelNames) -> tuple[Task, Answer]:
    """Make a task and an answer of a row with the columns `TASK` and `ANSWER`, under the names of today."""
    return task_of(row[:TASK_WIDTH], names), answer_of(row[TASK_WIDTH:], names)


# The same few thousand are read after every training; a prediction cannot be changed, so that it may be shared.
@lru_cache(maxsize=8192)
def prediction_of(document: str | None) -> TaskPrediction | None:
    """Read a prediction."""
    if document is None:
        return None
    plain = json.loads(document)
    plain["slots"] = slots_of(plain["slots"])
    plain["certainty"] = tuple(map(tuple, plain["certainty"]))
    plain["likeliest"] = tuple(map(tuple, plain.get("likeliest", ())))
    plain["alternatives"] = tuple(
        (slots_of(slots), probability) for slots, probability in plain.get("alternatives", ())
    )
    return TaskPrediction(**plain)


def slots_of(plain: Iterable[Sequence[Any]]) -> tuple[Slot, ...]:
    """Read slots."""
    return tuple(Slot(*slot) for slot in plain)


def new_task_row(task: NewTask) -> dict[str, Any]:
    """Write what `NewTask` has, by field, in the order of the columns `NEW_TASK`."""
    reason: dict[str, Any] = {} if task.reason is None else _plain(task.reason)
    if task.others:
        reason["others"] = task.others
    if task.turns is not None:
        reason["turns"] = task.turns
    return {name: getattr(task, name) for name in _columns(NewTask)} | {
        "prediction": document_of(task.prediction),
        "reason": document_of(reason or None),
    }


def answer_row(answer: NewAnswer) -> dict[str, Any]:
    """Write what `NewAnswer` has, by column."""
    return {name: getattr(answer, name) for name in _columns(NewAnswer)} | {
        "slots": document_of(answer.slots),
        "shown": document_of(answer.shown),
    }


def document_of(record: object) -> str | None:
    """Write a record, or what holds some; members and slots keep their order. None stays None."""
    if record is None:
        return None
    # A number that is not finite would be read by no other program.
    return json.dumps(record, default=_plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _plain(record: Any) -> Any:
    if isinstance(record, Slot):
        return record.start, record.end, record.label
    return {member.name: getattr(record, member.name) for member in fields(record)}
