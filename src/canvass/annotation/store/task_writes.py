"""How tasks come into the queue, and leave it unseen: functions of an open transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canvass.annotation.store.label_names import read_names
from canvass.annotation.store.leases import FOREVER, HANDED_OUT, hold
from canvass.annotation.store.record_rows import NEW_TASK, TASK, new_task_row, task_of
from canvass.annotation.store.records import Swapped

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from canvass.annotation.store.record_rows import Row
    from canvass.annotation.store.records import NewTask, Task

# Rows of one statement, which before SQLite 3.32 has at most 999 values. Each statement lets go of the interpreter's
# lock, and waits to have it back while others wait for the database.
AT_ONCE = 90
# Open, and nothing that was said of it stands.
_UNANSWERED = "state = 'open' AND NOT EXISTS (SELECT 1 FROM answers WHERE task = tasks.id AND current = 1)"


def swap(connection: sqlite3.Connection, rows: Sequence[Row], number: int) -> Swapped:
    """Put the choice of newer models, rows of `NEW_TASK`, into the place of the older; see `Store.swap`."""
    withdrawn = connection.execute(
        f"DELETE FROM tasks WHERE {_UNANSWERED} AND NOT seen AND source IN ('selected', 'random', 'outside')"
    ).rowcount
    if rows:
        _rank_again(connection, rows, number)
    added = sum(_insert(connection, rows[i : i + AT_ONCE], number) for i in range(0, len(rows), AT_ONCE))
    return Swapped(withdrawn, added)


def _rank_again(connection: sqlite3.Connection, rows: Sequence[Row], number: int) -> None:
    """Rank what older models chose, and somebody has had and given back: as newer ones do, or behind all they chose.

    Only `selected` ones: a random pick that newer models could move would be random no more.
    """
    last = max(row[5] for row in rows) + 1
    chosen = {row[0]: row for row in rows if row[4] == "selected"}
    leftover = f"SELECT id, key FROM tasks WHERE {_UNANSWERED} AND source = 'selected'"
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
            f"SELECT {TASK}, {_UNANSWERED} AND source = 'selected' FROM tasks WHERE key = ?",
            (task.key,),
        ).fetchone()
        if task.source == "handed out" and (came or row[-1]):
            hold(connection, row[-5], HANDED_OUT, FOREVER)
            row = connection.execute(f"SELECT {TASK}, 0 FROM tasks WHERE key = ?", (task.key,)).fetchone()
        elif not came:
            continue
        added.append(task_of(row[:-1], names))
    return added
