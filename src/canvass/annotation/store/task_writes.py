"""What happens to tasks beside answers: they come, leave unseen, are held and given back; in an open transaction.

An expired lease costs nothing until somebody asks for tasks; then it is a task like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from canvass.annotation.store.label_names import read_names
from canvass.annotation.store.record_rows import (
    NEW_TASK,
    TASK,
    Row,
    new_task_row,
    prediction_document,
    task_id,
    task_of,
)
from canvass.annotation.store.records import FOREVER, HANDED_OUT, NewTask, Task, TaskPrediction
from canvass.annotation.store.tasks import after

if TYPE_CHECKING:
    import sqlite3

# Rows of one statement, which before SQLite 3.32 has at most 999 values. Each statement lets go of the interpreter's
# lock, and waits to have it back while others wait for the database.
AT_ONCE = 90
# Open, and nothing that was said of it stands.
UNANSWERED = "state = 'open' AND NOT EXISTS (SELECT 1 FROM answers WHERE task = tasks.id AND current = 1)"
# What models chose, or was drawn beside it, newer models may choose otherwise.
REPLACEABLE = "source IN ('selected', 'random', 'outside')"


def swap(connection: sqlite3.Connection, rows: Sequence[Row], number: int) -> tuple[int, int]:
    """Put the choice of newer models, rows of `NEW_TASK`, into the place of the older; see `Store.swap`."""
    withdrawn = connection.execute(
        f"DELETE FROM tasks WHERE {UNANSWERED} AND {REPLACEABLE} AND NOT seen"
    ).rowcount
    if rows:
        _rank_again(connection, rows, number)
    added = sum(_insert(connection, rows[i : i + AT_ONCE], number) for i in range(0, len(rows), AT_ONCE))
    return withdrawn, added


def _rank_again(connection: sqlite3.Connection, rows: Sequence[Row], number: int) -> None:
    """Rank what older models chose, and somebody has had and given back: as newer ones do, or behind all they chose.

    Only `selected` ones: a random pick that newer models could move would be random no more.
    """
    last = max(row[5] for row in rows) + 1
    chosen = {row[0]: row for row in rows if row[4] == "selected"}
    leftover = f"SELECT id, key FROM tasks WHERE {UNANSWERED} AND source = 'selected'"
    for place, key in connection.execute(leftover).fetchall():
        if key in chosen:
            _, _, _, _, _, priority, prediction, reason, _, _ = chosen[key]
            connection.execute(
                "UPDATE tasks SET priority = ?, guess = ?, reason = ?, round = ? WHERE id = ?",
                (priority, prediction, reason, number, place),
            )
        else:
            connection.execute("UPDATE tasks SET priority = ? WHERE id = ?", (last, place))


def _insert(connection: sqlite3.Connection, rows: Sequence[Row], number: int | None) -> int:
    """Add tasks, rows of `NEW_TASK`, except those whose key has one; returns how many were added."""
    values = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', 0, 0)"] * len(rows))
    return connection.execute(
        f"INSERT INTO tasks ({NEW_TASK}, round, state, until, seen) VALUES {values} ON CONFLICT (key) DO NOTHING",
        [value for row in rows for value in (*row, number)],
    ).rowcount


def add(connection: sqlite3.Connection, tasks: Sequence[NewTask]) -> list[Task]:
    """Add tasks that come from a file, or go to one; see `Store.add`."""
    added, names = [], read_names(connection)
    for task in tasks:
        came = _insert(connection, [new_task_row(task)], None)
        row = connection.execute(
            f"SELECT {TASK}, {UNANSWERED} AND source = 'selected' FROM tasks WHERE key = ?",
            (task.key,),
        ).fetchone()
        if task.source == "handed out" and (came or row[-1]):
            hold(connection, row[-5], HANDED_OUT, FOREVER)
            row = connection.execute(f"SELECT {TASK}, 0 FROM tasks WHERE key = ?", (task.key,)).fetchone()
        elif not came:
            continue
        added.append(task_of(row[:-1], names))
    return added


def lease(
    connection: sqlite3.Connection,
    annotator: str,
    *,
    count: int,
    holding: Sequence[int],
    now: float,
    seconds: float,
) -> list[Task]:
    """Renew what an annotator holds, and top it up to `count`; see `Store.lease`."""
    connection.execute(
        "UPDATE tasks SET state = ?, holder = NULL, until = 0 WHERE state = 'leased' AND until <= ?",
        (after("leased", "release"), now),
    )
    kept = [number for number in dict.fromkeys(holding) if may_hold(connection, number, annotator)]
    missing = max(0, count - len(kept))
    # A renewed task is still open here where its lease had run out, and must not be taken twice.
    unwanted = f" AND id NOT IN ({', '.join('?' * len(kept))})" if kept else ""
    fresh = connection.execute(
        f"SELECT id FROM tasks WHERE state = 'open'{unwanted} AND NOT EXISTS "
        "(SELECT 1 FROM answers WHERE answers.task = tasks.id AND answers.annotator = ?) "
        "ORDER BY priority, id LIMIT ?",
        (*kept, annotator, missing),
    ).fetchall()
    leased, names = [], read_names(connection)
    for number in (*kept, *(row[0] for row in fresh)):
        hold(connection, number, annotator, now + seconds)
        row = connection.execute(f"SELECT {TASK} FROM tasks WHERE id = ?", (number,)).fetchone()
        leased.append(task_of(row, names))
    return leased


def may_hold(connection: sqlite3.Connection, number: int, annotator: str) -> bool:
    """Whether an annotator may take a task, or keep it: nobody else holds it, and they have not answered it."""
    cursor = connection.execute(
        "SELECT 1 FROM tasks WHERE id = ? AND (state = 'open' OR (state = 'leased' AND holder = ?)) AND NOT EXISTS "
        "(SELECT 1 FROM answers WHERE answers.task = tasks.id AND answers.annotator = ?)",
        (task_id(number), annotator, annotator),
    )
    return cursor.fetchone() is not None


def hold(connection: sqlite3.Connection, number: int, holder: str, until: float) -> None:
    """Lease a task, open or leased, to someone."""
    state = after("open", "lease")
    connection.execute(
        "UPDATE tasks SET state = ?, holder = ?, until = ?, seen = 1 WHERE id = ?",
        (state, holder, until, number),
    )


def release(connection: sqlite3.Connection, annotator: str, tasks: Sequence[int]) -> None:
    """Give back those of the tasks that an annotator holds."""
    connection.executemany(
        "UPDATE tasks SET state = ?, holder = NULL, until = 0 WHERE id = ? AND state = 'leased' AND holder = ?",
        [(after("leased", "release"), task_id(number), annotator) for number in tasks],
    )


def suggest(connection: sqlite3.Connection, number: int, prediction: TaskPrediction, *, seen: bool) -> bool:
    """Put a suggestion in the place of a prediction, unless somebody saw the task; says whether it was."""
    cursor = connection.execute(
        "UPDATE tasks SET guess = ?, seen = ? WHERE id = ? AND state = 'open' AND NOT seen",
        (prediction_document(prediction), seen, number),
    )
    return bool(cursor.rowcount)
