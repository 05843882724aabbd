"""Who holds which task, and until when: functions of an open transaction.

An expired lease costs nothing until somebody asks for tasks; then it is a task like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canvass.annotation.store.label_names import read_names
from canvass.annotation.store.record_rows import TASK, task_of
from canvass.annotation.store.tasks import after

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from canvass.annotation.store.records import Task

# Holds what was handed out in a file: to nobody in particular, and without an end (the last second of the year 9999).
HANDED_OUT = "handed out"
FOREVER = 253402300799.0


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
        (number, annotator, annotator),
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
        [(after("leased", "release"), number, annotator) for number in tasks],
    )
