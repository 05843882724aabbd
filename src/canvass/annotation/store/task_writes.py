"""What happens to tasks beside answers: they come, leave unseen, are held and given back.

An expired lease costs nothing until somebody asks for tasks; then it is a task like any other.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from canvass.annotation.store.database import Database
from canvass.annotation.store.label_names import read_names
from canvass.annotation.store.record_rows import NEW_TASK, TASK, new_task_row, task_of
from canvass.annotation.store.records import FOREVER, HANDED_OUT, NewTask, Task
from canvass.annotation.store.tasks import after

# Rows of one statement, which before SQLite 3.32 has at most 999 values. Each statement lets go of the interpreter's
# lock, and waits to have it back while others wait for the database.
AT_ONCE = 90
# Open, and nothing that was said of it stands.
UNANSWERED = "state = 'open' AND NOT EXISTS (SELECT 1 FROM answers WHERE task = tasks.id AND current = 1)"
# What models chose, or was drawn beside it, newer models may choose otherwise.
REPLACEABLE = "source IN ('selected', 'random', 'outside')"
LISTED = "(SELECT value FROM json_each(?))"  # numbers, as a list of JSON
NOT_BY = "NOT EXISTS (SELECT 1 FROM answers WHERE task = tasks.id AND annotator = ?)"


class TaskWrites(Database):
    """The database of a project, as those see it who bring and hold tasks."""

    def swap(self, tasks: Sequence[NewTask], *, round: int) -> tuple[int, int]:  # noqa: A002 - the word for it
        """Put what newer models chose into the place of what older ones did, in one transaction.

        Open tasks of the sources `selected`, `random` and `outside` go, if nobody ever held or answered them. The new
        ones come in, except those whose key has a task that stays. A `selected` task that somebody had and gave back
        stays, ranked as the newer models rank it, or behind all that they chose. Returns how many went, and came.
        """
        rows = [new_task_row(task) for task in tasks]  # before others must wait
        with self.atomic("the new queue") as connection:
            withdrawn = connection.execute(
                f"DELETE FROM tasks WHERE {UNANSWERED} AND {REPLACEABLE} AND NOT seen"
            ).rowcount
            if rows:
                _rank_again(connection, rows, round)
            added = sum(
                _insert(connection, rows[i : i + AT_ONCE], round) for i in range(0, len(rows), AT_ONCE)
            )
        return withdrawn, added

    def add(self, tasks: Sequence[NewTask]) -> list[Task]:
        """Add tasks that come from a file, or go to one, and return those that were added.

        One whose key has a task is left out. One of source `handed out` is leased at once, without an end, to
        `records.HANDED_OUT`; an open `selected` task that nobody has answered is handed out as it is.
        """
        with self.atomic("the tasks") as connection:
            added, names = [], read_names(connection)
            for task in tasks:
                came = _insert(connection, [new_task_row(task)], None)
                row = connection.execute(
                    f"SELECT {TASK}, {UNANSWERED} AND source = 'selected' FROM tasks WHERE key = ?",
                    (task.key,),
                ).fetchone()
                if task.source == "handed out" and (came or row[-1]):
                    _hold(connection, row[-5], HANDED_OUT, FOREVER)
                    row = connection.execute(
                        f"SELECT {TASK}, 0 FROM tasks WHERE key = ?", (task.key,)
                    ).fetchone()
                elif not came:
                    continue
                added.append(task_of(row[:-1], names))
        return added

    def lease(
        self, annotator: str, *, count: int, holding: Sequence[int] = (), now: float, seconds: float
    ) -> list[Task]:
        """Renew what an annotator holds and top it up to `count` tasks, until `now` + `seconds`.

        First come those of `holding` that are still theirs or free again, then free ones by priority. A task is never
        given while another holds it, nor to someone who has answered or skipped it.
        """
        with self.atomic("the lease") as connection:
            connection.execute(
                "UPDATE tasks SET state = ?, holder = NULL, until = 0 WHERE state = 'leased' AND until <= ?",
                (after("leased", "release"), now),
            )
            free = connection.execute(
                f"SELECT id FROM tasks WHERE id IN {LISTED} AND {NOT_BY} AND "
                # The plus keeps SQLite from going through all that is open.
                "(+state = 'open' OR (+state = 'leased' AND holder = ?))",
                (json.dumps(holding), annotator, annotator),
            ).fetchall()
            kept = [number for number in dict.fromkeys(holding) if (number,) in free]
            # A renewed task is still open here where its lease had run out, and must not be taken twice.
            fresh = connection.execute(
                f"SELECT id FROM tasks WHERE state = 'open' AND id NOT IN {LISTED} AND {NOT_BY} "
                "ORDER BY priority, id LIMIT ?",
                (json.dumps(kept), annotator, max(0, count - len(kept))),
            ).fetchall()
            leased, names = [], read_names(connection)
            for number in (*kept, *(row[0] for row in fresh)):
                _hold(connection, number, annotator, now + seconds)
                row = connection.execute(f"SELECT {TASK} FROM tasks WHERE id = ?", (number,)).fetchone()
                leased.append(task_of(row, names))
        return leased

    def release(self, annotator: str, tasks: Sequence[int]) -> None:
        """Give tasks back; those that the annotator does not hold stay as they are."""
        with self.atomic("the release") as connection:
            connection.execute(
                "UPDATE tasks SET state = ?, holder = NULL, until = 0 WHERE +state = 'leased' AND holder = ? AND "
                f"id IN {LISTED}",
                (after("leased", "release"), annotator, json.dumps(tasks)),
            )


def _rank_again(connection: sqlite3.Connection, rows: Sequence[dict[str, Any]], number: int) -> None:
    """Rank what older models chose, and somebody has had and given back: as newer ones do, or behind all they chose.

    Only `selected` ones: a random pick that newer models could move would be random no more.
    """
    last = max(row["priority"] for row in rows) + 1
    chosen = {row["key"]: row for row in rows if row["source"] == "selected"}
    leftover = f"SELECT id, key FROM tasks WHERE {UNANSWERED} AND source = 'selected'"
    for task, key in connection.execute(leftover).fetchall():
        if key in chosen:
            connection.execute(
                "UPDATE tasks SET priority = :priority, guess = :prediction, reason = :reason, round = :round "
                "WHERE id = :task",
                chosen[key] | {"round": number, "task": task},
            )
        else:
            connection.execute("UPDATE tasks SET priority = ? WHERE id = ?", (last, task))


def _insert(connection: sqlite3.Connection, rows: Sequence[dict[str, Any]], number: int | None) -> int:
    """Add tasks, rows of `NEW_TASK`, except those whose key has one; returns how many were added."""
    values = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', 0, 0)"] * len(rows))
    return connection.execute(
        f"INSERT INTO tasks ({NEW_TASK}, round, state, until, seen) VALUES {values} ON CONFLICT (key) DO NOTHING",
        [value for row in rows for value in (*row.values(), number)],
    ).rowcount


def _hold(connection: sqlite3.Connection, number: int, holder: str, until: float) -> None:
    """Lease a task, open or leased, to someone."""
    connection.execute(
        "UPDATE tasks SET state = ?, holder = ?, until = ?, seen = 1 WHERE id = ?",
        (after("open", "lease"), holder, until, number),
    )
