"""Between the records of annotation and the rows of its tables."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from canvass.annotation.store.records import Answer, Reason, Task, TaskPrediction, Turns
from canvass.types import Slot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from canvass.annotation.store.label_names import LabelNames
    from canvass.annotation.store.records import NewTask

Row = tuple[Any, ...]

# The columns in the order of `task_of` and `answer_of`, for SELECT from tables under these names.
TASK = (
    "tasks.key, tasks.text, tasks.utterance, tasks.count, tasks.source, tasks.priority, tasks.guess, tasks.reason, "
    "tasks.wanted, tasks.weight, tasks.id, tasks.state, tasks.holder, tasks.until"
)
ANSWER = (
    "answers.id, answers.task, answers.annotator, answers.kind, answers.domain, answers.intent, answers.slots, "
    "answers.flagged, answers.note, answers.seconds, answers.replaces, answers.adjudicates, answers.shown, answers.at, "
    "answers.sequence, answers.guess, answers.current, answers.copies"
)
_PREDICTION = tuple(member.name for member in fields(TaskPrediction))
TASK_WIDTH = TASK.count(",") + 1


def task_of(row: Row, names: LabelNames) -> Task:
    """Make a task of a row with the columns `TASK`, its prediction under the names of today."""
    (
        key,
        text,
        utterance,
        count,
        source,
        priority,
        prediction,
        reason,
        wanted,
        weight,
        number,
        state,
        holder,
        until,
    ) = row
    document = json.loads(reason or "{}")
    others, turns = document.pop("others", {}), document.pop("turns", None)
    return Task(
        key=key,
        text=text,
        utterance=utterance,
        count=count,
        source=source,
        priority=priority,
        prediction=names.prediction(prediction_of(prediction)),
        reason=Reason(**document) if document else None,
        wanted=wanted,
        weight=weight,
        others=others,
        turns=None if turns is None else _turns_of(**turns),
        id=number,
        state=state,
        holder=holder,
        until=until,
    )


def answer_of(row: Row, names: LabelNames) -> Answer:
    """Make an answer of a row with the columns `ANSWER`, under the names of today."""
    (name, task, annotator, kind, domain, intent, slots, flagged, note, seconds, replaces, adjudicates, shown, at,
     sequence, prediction, current, copies) = row  # fmt: skip
    before = prediction_of(prediction)
    answer = Answer(
        id=name,
        task=task,
        annotator=annotator,
        kind=kind,
        domain=domain,
        intent=intent,
        slots=None if slots is None else slots_of(json.loads(slots)),
        flagged=bool(flagged),
        note=note,
        seconds=seconds,
        replaces=replaces,
        adjudicates=bool(adjudicates),
        # The prediction in view is nearly always the one that the task has.
        shown=before if shown == prediction else prediction_of(shown),
        at=at,
        sequence=sequence,
        prediction=before,
        current=bool(current),
        copies=copies,
    )
    return names.answer(answer)


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
    plain["certainty"] = tuple((start, end, probability) for start, end, probability in plain["certainty"])
    plain["likeliest"] = tuple((name, probability) for name, probability in plain.get("likeliest", ()))
    plain["alternatives"] = tuple(
        (slots_of(slots), probability) for slots, probability in plain.get("alternatives", ())
    )
    return TaskPrediction(**plain)


def prediction_document(prediction: TaskPrediction | None) -> str | None:
    """Write a prediction."""
    if prediction is None:
        return None
    plain = {name: getattr(prediction, name) for name in _PREDICTION}  # `asdict` copies all that is in it
    plain["slots"] = _plain(prediction.slots)
    plain["alternatives"] = [(_plain(slots), probability) for slots, probability in prediction.alternatives]
    return _document(plain)


def slots_document(slots: Sequence[Slot] | None) -> str | None:
    """Write slots."""
    return None if slots is None else _document(_plain(slots))


def slots_of(plain: Iterable[Sequence[Any]]) -> tuple[Slot, ...]:
    """Read slots."""
    return tuple(Slot(start, end, label) for start, end, label in plain)


def new_task_row(task: NewTask) -> Row:
    """Write what `NewTask` has, in the order of the columns `NEW_TASK`."""
    reason = {} if task.reason is None else asdict(task.reason)
    if task.others:
        reason["others"] = task.others
    if task.turns is not None:
        reason["turns"] = asdict(task.turns)
    return (
        task.key,
        task.text,
        task.utterance,
        task.count,
        task.source,
        task.priority,
        prediction_document(task.prediction),
        _document(reason) if reason else None,
        task.wanted,
        task.weight,
    )


def _turns_of(before: Sequence[str], after: Sequence[str], earlier: int, later: int) -> Turns:
    return Turns(tuple(before), tuple(after), earlier, later)


NEW_TASK = "key, text, utterance, count, source, priority, guess, reason, wanted, weight"


def _plain(slots: Sequence[Slot]) -> list[tuple[int, int, str]]:
    return [(slot.start, slot.end, slot.label) for slot in slots]


def _document(plain: object) -> str:
    # Members and slots keep their order; a number that is not finite would be read by no other program.
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
