"""The store of a project: tasks, answers, rounds, in one SQLite file that several threads and processes may use.

Writes are on the disk when a method returns, or an exception says why nothing was saved. Records go in and come out;
nobody else sees a row.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import astuple, fields
from typing import Any

from canvass.annotation.store.answering import Answering
from canvass.annotation.store.label_names import (
    RETIRED,
    LabelKind,
    LabelNames,
    names_of,
    read_names,
    refuse_retired,
)
from canvass.annotation.store.record_rows import (
    ANSWER,
    LARGEST,
    TASK,
    TASK_WIDTH,
    answer_of,
    both_of,
    task_id,
    task_of,
)
from canvass.annotation.store.records import (
    ALONE,
    Answer,
    Label,
    ReviewItem,
    Round,
    Source,
    State,
    Tally,
    Task,
)
from canvass.annotation.store.searching import Query, select
from canvass.annotation.store.task_writes import REPLACEABLE, UNANSWERED
from canvass.annotation.store.tasks import STATES, counts

_ROUND = ", ".join(member.name for member in fields(Round))
REVIEWED = "review"  # a fact: the newest answer when the review list was made
_REVIEW = "kind, tasks, text, words, probability"


class Store(Answering):
    """The tasks and answers of a project, for any number of threads; opened by its path, or made by `create`.

    A store that an older canvass wrote is brought up to date. All methods raise StoreError, with a sentence, where the
    disk is full, fails, or is kept busy by another program. Times are arguments, in seconds of the epoch.
    """

    # Tasks

    def task(self, number: int) -> Task | None:
        """Find a task by its number."""
        return next(iter(self._tasks("WHERE id = ?", task_id(number))), None)

    def task_of_key(self, key: str) -> Task | None:
        """Find the task of a key."""
        return next(iter(self._tasks("WHERE key = ?", key)), None)

    def tasks(self, *states: State) -> list[Task]:
        """List the tasks in any of the states, or all, in the order of the queue."""
        chosen = states or tuple(STATES)
        return self._tasks(f"WHERE state IN ({', '.join('?' * len(chosen))}) ORDER BY priority, id", *chosen)

    def _tasks(self, which: str, *values: Any) -> list[Task]:
        names = self.names()
        rows = self.rows(f"SELECT {TASK} FROM tasks {which}", values)
        return [task_of(row, names) for row in rows]

    def counts(self) -> dict[State, int]:
        """Count the tasks in each state; a lease that ran out counts as one until somebody asks for tasks."""
        found = dict(self.rows("SELECT state, count(*) FROM tasks GROUP BY state"))
        return {state: found.get(state, 0) for state in STATES}

    def states(self) -> dict[int, State]:
        """Give the state of every task, by its number."""
        return dict(self.rows("SELECT id, state FROM tasks"))

    def keys(self, *, free: bool = True) -> set[str]:
        """List the keys that have a task, waiting or done; unless `free`, without those that models may choose again.

        These are open, were chosen by models or drawn, and nothing that was said of them stands.
        """
        wanted = f"SELECT key FROM tasks WHERE ? OR NOT ({UNANSWERED} AND {REPLACEABLE})"
        return {key for (key,) in self.rows(wanted, (free,))}

    def done(self) -> dict[Source, int]:
        """Count the tasks that somebody has or had, by where they came from: all but the open ones."""
        seen = "SELECT source, count(*) FROM tasks WHERE state <> 'open' GROUP BY source"
        return dict(self.rows(seen))

    # Answers

    def accepted(self) -> list[tuple[Task, Answer]]:
        """List what counts as annotated, one answer a task, in the order in which the tasks were first answered.

        Of a closed task, the last word; of an answered one, the first of the answers that agree (of those that place it
        elsewhere, the first that names the most). Tasks that were passed over are not among them.
        """
        accepted: dict[int, tuple[Task, Answer]] = {}
        for task, answer in self._both(
            "answers.current = 1 ORDER BY "
            "(SELECT min(sequence) FROM answers AS every WHERE every.task = tasks.id), "
            "(answers.domain IS NULL) + (answers.intent IS NULL), answers.sequence"
        ):
            if counts(answer, task.state):
                accepted.setdefault(task.id, (task, answer))
        return list(accepted.values())

    def _both(self, which: str, *values: Any) -> list[tuple[Task, Answer]]:
        """List answers with their tasks; `which` of them, in what order, in SQL."""
        names = self.names()
        query = f"SELECT {TASK}, {ANSWER} FROM answers JOIN tasks ON tasks.id = answers.task WHERE {which}"
        return [both_of(row, names) for row in self.rows(query, values)]

    def answers(self, *, current_only: bool = True) -> list[Answer]:
        """List all answers in the order in which they were written, those that were replaced as well if asked."""
        return self._answers("current >= ? ORDER BY sequence", current_only)

    def _answers(self, which: str, *values: Any) -> list[Answer]:
        names = self.names()
        rows = self.rows(f"SELECT {ANSWER} FROM answers WHERE {which}", values)
        return [answer_of(row, names) for row in rows]

    def answer(self, name: str) -> Answer | None:
        """Find an answer by its id."""
        return next(iter(self._answers("id = ?", name)), None)

    def answers_of(self, number: int) -> list[Answer]:
        """List all answers to a task, those that were replaced as well, in the order in which they were written."""
        return self._answers("task = ? ORDER BY sequence", task_id(number))

    def history(
        self, annotator: str | None, *, limit: int, before: int | None = None, current_only: bool = True
    ) -> list[tuple[Task, Answer]]:
        """List the newest answers of one annotator or of all, at most `limit`, of a smaller sequence than `before`."""
        older = LARGEST if before is None else min(before, LARGEST)
        return self._both(
            "(? IS NULL OR answers.annotator = ?) AND answers.sequence < ? AND answers.current >= ? "
            "ORDER BY answers.sequence DESC LIMIT ?",
            *(annotator, annotator, older, current_only, limit),
        )

    def search(self, query: Query, *, limit: int, offset: int = 0) -> list[tuple[Task, Answer | None]]:
        """List tasks with each answer that stands, or None: newest answers first, then open tasks in their order."""
        names = self.names()
        return [
            both_of(row, names) if row[TASK_WIDTH] is not None else (task_of(row[:TASK_WIDTH], names), None)
            for row in self.rows(*select(query, names, limit=limit, offset=offset))
        ]

    def disputes(self) -> list[tuple[Task, list[Answer]]]:
        """List the disputed tasks with the answers that stand, in the order in which they were first answered."""
        disputes: dict[int, tuple[Task, list[Answer]]] = {}
        for task, answer in self._both(
            "answers.current = 1 AND tasks.state = 'disputed' ORDER BY answers.sequence"
        ):
            disputes.setdefault(task.id, (task, []))[1].append(answer)
        return list(disputes.values())

    def tally(self, annotator: str, *, since: float) -> Tally:
        """Count the tasks that an annotator has answered, ever and since a time, with the median of the seconds since.

        What they passed over does not count; nor do, for the median, answers of which nobody knows how long they took.
        """
        mine = "FROM answers WHERE annotator = ? AND current = 1 AND kind <> 'skip'"
        ((answered,),) = self.rows(f"SELECT count(*) {mine}", (annotator,))
        today = self.rows(f"SELECT seconds {mine} AND at >= ?", (annotator, since))
        seconds = [duration for (duration,) in today if duration > 0]
        return Tally(answered, len(today), statistics.median(seconds) if seconds else None)

    # Rounds, review, labels, facts

    def add_round(self, entry: Round) -> None:
        """Record a round; one that was run again takes the place of its first record."""
        with self.atomic("the round") as connection:
            values = ", ".join("?" * len(fields(Round)))
            connection.execute(f"INSERT OR REPLACE INTO rounds ({_ROUND}) VALUES ({values})", astuple(entry))

    def rounds(self) -> list[Round]:
        """List the rounds by number."""
        return [Round(*row) for row in self.rows(f"SELECT {_ROUND} FROM rounds ORDER BY number")]

    def set_review(self, items: Sequence[ReviewItem]) -> None:
        """Put a new review list into the place of the old one."""
        with self.atomic("the review list") as connection:
            connection.execute("DELETE FROM review")
            connection.execute(
                "INSERT OR REPLACE INTO meta (name, value) SELECT ?, coalesce(max(sequence), 0) FROM answers",
                (REVIEWED,),
            )
            connection.executemany(
                f"INSERT INTO review ({_REVIEW}) VALUES (?, ?, ?, ?, ?)",
                [(kind, json.dumps(tasks), *rest) for kind, tasks, *rest in map(astuple, items)],
            )

    def review(self) -> list[ReviewItem]:
        """List what deserves a second look, in the order in which it was given."""
        rows = self.rows(f"SELECT {_REVIEW} FROM review ORDER BY number")
        return [ReviewItem(kind, tuple(json.loads(tasks)), *rest) for kind, tasks, *rest in rows]

    def look_at(self, tasks: Sequence[int], annotator: str, *, now: float) -> None:
        """Note that somebody found the answers to tasks right: `to_review` leaves them out until they change."""
        with self.atomic("what was looked at") as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO looked_at (task, sequence, annotator, at) "
                "SELECT task, max(sequence), ?, ? FROM answers WHERE task = ? GROUP BY task",
                [(annotator, now, task_id(number)) for number in tasks],
            )

    def to_review(self) -> list[ReviewItem]:
        """List what deserves a second look now: the review list, and everybody's flags and notes, the newest first.

        Left out are items of which every task was looked at since it was answered, and items of the list with an answer
        that was given anew since the list was made.
        """
        rows = self.rows(
            "SELECT answers.task, max(answers.sequence), coalesce(looked_at.sequence, 0) FROM answers "
            "LEFT JOIN looked_at ON looked_at.task = answers.task GROUP BY answers.task"
        )
        newest = {task: sequence for task, sequence, _ in rows}
        settled = {task for task, sequence, looked in rows if looked >= sequence}
        made = float(self.fact(REVIEWED) or "inf")
        items = [item for item in self.review() if all(newest.get(task, 0) <= made for task in item.tasks)]
        for task, answer in self._both(
            "answers.current = 1 AND (answers.flagged = 1 OR answers.note <> '') ORDER BY answers.sequence DESC"
        ):
            said = " and ".join(["flagged"] * answer.flagged + ["noted"] * bool(answer.note))
            items.append(ReviewItem("flagged", (task.id,), task.text, f"{said} by {answer.annotator}", 0.0))
        return [item for item in items if not settled.issuperset(item.tasks)]

    def annotators(self) -> list[str]:
        """List the names of people who answered, in the order of their first answers."""
        people = "SELECT annotator FROM answers WHERE annotator NOT GLOB ? GROUP BY annotator ORDER BY min(sequence)"
        return [name for (name,) in self.rows(people, (f"{ALONE}*",))]

    def add_label(self, kind: LabelKind, name: str, description: str, annotator: str, now: float) -> None:
        """Add an intent or a slot label; one that is there stays as it is.

        Raises InputError where the name was retired: answers that were given with it would be taken for this label's.
        """
        with self.atomic("the label") as connection:
            refuse_retired(read_names(connection), kind, name)
            connection.execute(
                "INSERT INTO labels (kind, name, description, annotator, at) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (kind, name) DO NOTHING",
                (kind, name, description, annotator, now),
            )

    def labels(self) -> list[Label]:
        """List the added labels in the order in which they were added."""
        query = "SELECT kind, name, description, annotator, at FROM labels ORDER BY rowid"
        return [Label(*row) for row in self.rows(query)]

    def names(self) -> LabelNames:
        """Read which names of labels were retired, and what is read in their place."""
        return names_of(self.rows(RETIRED))

    def fact(self, name: str) -> str | None:
        """Look up a small fact."""
        rows = self.rows("SELECT value FROM meta WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def set_fact(self, name: str, value: str) -> None:
        """Write a small fact down, over the earlier one of this name."""
        with self.atomic("the fact") as connection:
            connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))
