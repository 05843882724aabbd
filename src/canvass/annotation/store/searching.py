"""Finding tasks and answers: what is asked for, and the query that lists it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from canvass.annotation.store.label_names import LabelNames
from canvass.annotation.store.record_rows import ANSWER, TASK

# What an answer or its task can be, as SQL.
STATES = {
    "open": "tasks.state IN ('open', 'leased')",
    "answered": "answers.kind IN ('frame', 'elsewhere')",
    "skipped": "answers.kind = 'skip'",
    "elsewhere": "answers.kind = 'elsewhere'",
    "disputed": "tasks.state = 'disputed'",
    "flagged": "answers.flagged = 1",
    "noted": "answers.note <> ''",
    "corrected": "answers.replaces IS NOT NULL",
    "copied": "answers.copies IS NOT NULL",
}
SOURCES = {
    "selected": "tasks.source = 'selected'",
    "blind": "tasks.source IN ('random', 'outside')",
    "imported": "tasks.source IN ('imported', 'handed out')",
}


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: all that is given must hold.

    `words` are parts of the text, case of ASCII letters aside; `label` is an intent, or the label of a slot, of the
    answer; `state` is one of `STATES` and `source` of `SOURCES`; `unsure` is the largest probability of the slots,
    0 to 1, that the models gave.
    """

    words: tuple[str, ...] = ()
    label: str | None = None
    annotator: str | None = None
    state: str | None = None
    source: str | None = None
    unsure: float | None = None


def select(query: Query, names: LabelNames, *, limit: int, offset: int) -> tuple[str, list[Any]]:
    """Make the statement that lists tasks with each answer that stands, newest answers first, then open tasks in order.

    Gives the statement, of which a row is that of a task, then that of an answer, or NULLs; and its values.
    """
    conditions = ["1"]
    values: list[Any] = []
    for word in query.words:
        conditions.append(r"tasks.text LIKE ? ESCAPE '\'")
        values.append("%" + "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in word) + "%")
    if query.label is not None:
        intents, slots = (
            [query.label, *(old for old, new in retired.items() if new == query.label)]
            for retired in (names.intents, names.slots)
        )
        conditions.append(
            f"(answers.intent IN ({', '.join('?' * len(intents))}) OR EXISTS (SELECT 1 FROM json_each(answers.slots) "
            f"WHERE json_extract(value, '$[2]') IN ({', '.join('?' * len(slots))})))"
        )
        values += [*intents, *slots]
    if query.annotator is not None:
        conditions.append("answers.annotator = ?")
        values.append(query.annotator)
    if query.state is not None:
        conditions.append(STATES[query.state])
    if query.source is not None:
        conditions.append(SOURCES[query.source])
    if query.unsure is not None:
        # What models think of a blind pick is nobody's business before it is answered.
        conditions.append(
            "json_extract(tasks.guess, '$.confidence') <= ? AND "
            f"(answers.id IS NOT NULL OR NOT {SOURCES['blind']})"
        )
        values.append(query.unsure)
    statement = (
        f"SELECT {TASK}, {ANSWER} FROM tasks LEFT JOIN answers ON answers.task = tasks.id AND answers.current = 1 "
        f"WHERE {' AND '.join(f'({condition})' for condition in conditions)} "
        "ORDER BY answers.sequence DESC, tasks.priority, tasks.id LIMIT ? OFFSET ?"
    )
    return statement, [*values, limit, offset]
