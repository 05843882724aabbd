"""How an answer is written down, and what it does to its task."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import replace
from operator import attrgetter

from canvass.annotation.store.label_names import LabelKind, read_names, retire_name
from canvass.annotation.store.record_rows import (
    ANSWER,
    TASK,
    answer_of,
    answer_row,
    document_of,
    task_id,
    task_of,
)
from canvass.annotation.store.records import (
    ALONE,
    HANDED_OUT,
    Answer,
    NewAnswer,
    Saved,
    State,
    Task,
    TaskPrediction,
)
from canvass.annotation.store.task_writes import TaskWrites
from canvass.annotation.store.tasks import after, event_of, standing
from canvass.errors import AnswerConflict, InputError

# What makes two sendings the same answer: what was said, of what, by whom; not how long it took.
CONTENT = attrgetter("task", "annotator", "said", "flagged", "note", "replaces")


class Answering(TaskWrites):
    """The database of a project, as those see it who answer."""

    def save(self, answer: NewAnswer, *, now: float) -> Saved:
        """Write an answer down: it is on the disk when this returns.

        The same answer may be sent any number of times. It is accepted with a lease, without one, and after it ran
        out. It takes the place of what it `replaces`, and of the same person's earlier answer to the task (one that
        `adjudicates`, of the earlier last word); what was replaced is kept. `tasks.event_of` says what becomes of the
        task.

        Raises AnswerConflict if another answer was saved under the same id (how long it took, and what was shown, may
        differ), and InputError if there is no such task, the answer replaces one of another task, or is malformed.
        """
        check(answer)
        with self.atomic("the answer") as connection:
            return _save(connection, answer, now)

    def suggest(
        self, number: int, prediction: TaskPrediction, alone: NewAnswer | None = None, *, now: float = 0.0
    ) -> bool:
        """Put a suggestion in the place of a task's prediction, and save it as an answer where there is an `alone` one.

        False where somebody saw the task, or it is gone: nothing is changed.
        """
        with self.atomic("the suggestion") as connection:
            cursor = connection.execute(
                "UPDATE tasks SET guess = ?, seen = ? WHERE id = ? AND state = 'open' AND NOT seen",
                (document_of(prediction), alone is not None, number),
            )
            if cursor.rowcount and alone is not None:
                _save(connection, alone, now)
            return bool(cursor.rowcount)

    def withdraw(self, *, now: float) -> int:
        """Take back all that assistants answered alone and no person has changed; returns how many answers.

        They are kept, and their tasks wait for people, ranked as newer models rank them.
        """
        with self.atomic("what was withdrawn") as connection:
            alone = "SELECT id, task, annotator FROM answers WHERE current = 1 AND annotator GLOB ?"
            rows = connection.execute(alone, (f"{ALONE}*",)).fetchall()
            for name, number, annotator in rows:
                skip = NewAnswer(f"{name}/withdrawn", number, annotator, "skip", replaces=name)
                _write(connection, skip, _task(connection, number), now)
            return len(rows)

    def retire(self, kind: LabelKind, name: str, became: str | None, *, now: float) -> None:
        """Retire the name of a label: from now on it is read as `became`, or, where that is None, as deleted.

        No answer is changed. What answers amount to may change: those that differed in this name agree, and what has a
        deleted intent counts as passed over.
        """
        with self.atomic("the label") as connection:
            retire_name(connection, kind, name, became, now)
            answered = "SELECT DISTINCT task FROM answers ORDER BY task"
            for (number,) in connection.execute(answered).fetchall():
                _settle(connection, _task(connection, number), now)


def check(answer: NewAnswer) -> None:
    """Refuse, with InputError, what no table can hold or no one could find again, and persons named as assistants."""
    words = {
        "id": answer.id,
        "annotator": answer.annotator,
        "domain": answer.domain,
        "intent": answer.intent,
        "note": answer.note,
        "replaces": answer.replaces,
        **{f"slots[{place}].label": slot.label for place, slot in enumerate(answer.slots or ())},
    }
    for field, text in words.items():
        if text is not None and any("\ud800" <= character <= "\udfff" for character in text):
            raise InputError(
                f"{field} of the answer holds half of a character (a lone surrogate); send well-formed text"
            )
    for field in ("id", "annotator"):
        if not words[field]:
            raise InputError(f"{field} of the answer is empty; give one")
    if answer.alone:
        raise InputError(
            f"annotator of the answer begins with {ALONE}, which marks what no person answered; give another name"
        )
    if not math.isfinite(answer.seconds):
        raise InputError(f"seconds of the answer is {answer.seconds}; give a number")


def _save(connection: sqlite3.Connection, answer: NewAnswer, now: float) -> Saved:
    before = _find(connection, answer.id)
    if before is not None:
        if CONTENT(before) != CONTENT(answer):
            raise AnswerConflict(
                f"answer {answer.id!r} was saved before with another content; send the new one under a new id, as "
                "one that replaces it"
            )
        return Saved(before, _task(connection, before.task).state, repeated=True)
    task = _task(connection, answer.task)
    _check_replaced(connection, answer)
    if answer.slots is not None:
        answer = replace(answer, slots=tuple(sorted(answer.slots)))
    state = _write(connection, answer, task, now, annotator=answer.annotator)
    saved = _find(connection, answer.id)
    assert saved is not None
    return Saved(saved, state, repeated=False)


def _find(connection: sqlite3.Connection, name: str) -> Answer | None:
    """Look up an answer by its id."""
    row = connection.execute(f"SELECT {ANSWER} FROM answers WHERE id = ?", (name,)).fetchone()
    return None if row is None else answer_of(row, read_names(connection))


def _task(connection: sqlite3.Connection, number: int) -> Task:
    row = connection.execute(f"SELECT {TASK} FROM tasks WHERE id = ?", (task_id(number),)).fetchone()
    if row is None:
        raise InputError(f"there is no task {number} in this project; ask for tasks again")
    return task_of(row, read_names(connection))


def _check_replaced(connection: sqlite3.Connection, answer: NewAnswer) -> None:
    """Refuse to replace an answer to another task, and circles; what is replaced may still be on its way."""
    replaced = before = _find(connection, answer.replaces) if answer.replaces is not None else None
    if replaced is not None and replaced.task != answer.task:
        raise InputError(
            f"answer {answer.id!r} is of task {answer.task}, but replaces one of task {replaced.task}; name an answer "
            "to the same task"
        )
    while before is not None and before.replaces is not None:
        if before.replaces == answer.id:
            raise InputError(f"answer {answer.id!r} replaces one that replaces it; name an earlier answer")
        before = _find(connection, before.replaces)
    if answer.replaces == answer.id:
        raise InputError(f"answer {answer.id!r} replaces itself; name an earlier answer")


def _write(
    connection: sqlite3.Connection, answer: NewAnswer, task: Task, now: float, *, annotator: str | None = None
) -> State:
    """Add an answer to its task, and settle that; `annotator` as for `_settle`."""
    # Not current until all answers were looked at.
    row = answer_row(answer) | {"at": now, "guess": document_of(task.prediction), "current": False}
    values = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO answers ({', '.join(row)}) VALUES ({values})", row)
    return _settle(connection, task, now, annotator=annotator)


def _settle(connection: sqlite3.Connection, task: Task, now: float, *, annotator: str | None = None) -> State:
    """Look at all answers to a task, mark those that stand, and move the task accordingly.

    `annotator` is who has just answered.
    """
    rows = connection.execute(f"SELECT {ANSWER} FROM answers WHERE task = ? ORDER BY sequence", (task.id,))
    names = read_names(connection)
    before = [answer_of(row, names) for row in rows]
    stand = standing(before)
    final = {answer.id: answer.adjudicates for answer in stand}
    stands = {answer.id: (answer.id in final, final.get(answer.id, answer.adjudicates)) for answer in before}
    changed = [
        (*stands[answer.id], answer.id)
        for answer in before
        if stands[answer.id] != (answer.current, answer.adjudicates)
    ]
    # In two steps, since no two may stand in one place, not even for a moment.
    connection.executemany("UPDATE answers SET current = 0 WHERE id = ?", [(name,) for _, _, name in changed])
    connection.executemany("UPDATE answers SET current = ?, adjudicates = ? WHERE id = ?", changed)
    event = event_of(
        stand,
        heard=len({answer.annotator for answer in before}),
        wanted=task.wanted,
        # An answer to a task that was handed out is the file coming back.
        held=task.state == "leased" and task.until > now and task.holder not in {annotator, HANDED_OUT},
    )
    if event is None:
        return task.state
    state = after(task.state, event)
    connection.execute("UPDATE tasks SET state = ?, holder = NULL, until = 0 WHERE id = ?", (state, task.id))
    return state
