"""Answers that were given elsewhere: read whole and checked against the labels first, then saved one by one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from canvass.annotation.exchange.answer_files import AnswerFiles, GivenAnswer
from canvass.annotation.project.answer_rule import LONGEST_NAME
from canvass.annotation.project.project import Project
from canvass.annotation.store.records import HANDED_OUT, Answer, NewAnswer, NewTask, Saved, Task
from canvass.annotation.store.task_store import Store
from canvass.annotation.store.tasks import agree
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.errors import OptionError, shown
from canvass.seeding import hash64

TOGETHER = 500  # tasks that are held in one go
HOLDING = 600.0  # seconds for which they are held


@dataclass(frozen=True)
class Imported:
    """What became of the records of an import.

    `answered` are new answers, `corrected` of them stand in the place of an earlier one of the same annotator;
    `repeated` were there already; `added` tasks were not in the project before. Left out were the `unannotated`, those
    `in_test`, and `bad_lines`. `without_slots` are frames that nobody annotated for slots, in a project that has some;
    `disputed` say otherwise than another annotator's. `new_labels` were added to the project. `lost` is what the files
    say that is in no answer, as `Losses.account` has it.
    """

    answered: int = 0
    corrected: int = 0
    repeated: int = 0
    added: int = 0
    unannotated: int = 0
    in_test: int = 0
    bad_lines: int = 0
    without_slots: int = 0
    disputed: int = 0
    new_labels: tuple[str, ...] = ()
    lost: tuple[dict[str, Any], ...] = ()


def import_answers(
    project: Project,
    names: Sequence[str],
    annotator: str,
    *,
    now: float,
    columns: Columns = Columns(),  # noqa: B008 - frozen
    format: str | None = None,  # noqa: A002 - the name of the option
    skip_bad: int = 0,
    new_labels: bool = False,
) -> Imported:
    """Save the annotated records of files as the answers of an annotator; the same files again change nothing.

    A record belongs to the task of the same key, or makes one. It is a frame if its domain and intent are the target's,
    else a negative; one with neither domain, intent nor slots is left out, as is what is in the test set. A record that
    says otherwise than the same annotator before is a correction. Nothing is saved before all records were checked.

    `now` is the time of the answers, in seconds of the epoch; `columns`, `format` and `skip_bad` are as for
    `read_labelled`. With `new_labels`, domains, intents and slot labels that the project does not know are added to it.

    Raises InputError if a record is bad, has a label that the project does not know, has a slot off the token borders
    (unless the project allows that), or changes the text of what was handed out; FileError or OptionError if a file
    cannot be read, or the name of the annotator cannot be one.
    """
    check_annotator(annotator)
    reading = AnswerFiles(project, annotator, new_labels=new_labels)
    kept = frozenset(name.strip().lower() for task in reading.tasks.values() for name in task.others)
    bad = BadLines(skip_bad, losses=(losses := Losses(kept=kept)))
    given = list(reading.given(names, columns, format, bad))
    store = project.store
    for kind, name in reading.rule.added:
        store.add_label(kind, name, "", annotator, now)
    tasks = tasks_of(store, given, annotator, now)
    answered = corrected = repeated = disputed = 0
    for entry in given:
        task = tasks[entry.key]
        before = standing_answer(store.answers_of(task.id), annotator)
        if before is not None and before.said == entry.answer.said:
            repeated += 1
            continue
        ends = before is None and settles(task, entry.answer, store.answers_of(task.id))
        saved = save_over(
            store, task, replace(entry.answer, adjudicates=ends), before, prefix="import", now=now
        )
        answered += 1
        corrected += before is not None
        disputed += saved.state == "disputed"
    return Imported(
        answered,
        corrected,
        repeated,
        sum(entry.key not in reading.tasks for entry in given),
        reading.unannotated,
        reading.in_test,
        bad.count,
        sum(
            entry.answer.kind == "frame" and entry.answer.slots is None and project.annotates_slots
            for entry in given
        ),
        disputed,
        tuple(name for _, name in reading.rule.added),
        tuple(losses.account()),
    )


def settles(task: Task, answer: NewAnswer, others: Sequence[Answer]) -> bool:
    """Tell whether an answer of somebody new ends a dispute, as on the page: it says what somebody else has said."""
    said = (other for other in others if other.current and other.kind != "skip")
    return task.state == "disputed" and any(agree(answer, other) for other in said)


def check_annotator(name: str) -> None:
    """Refuse what cannot be the name of an annotator; raises OptionError."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise OptionError(
            f"--annotator {shown(name)} is no name; expected 1 to {LONGEST_NAME} characters on one line"
        )


def tasks_of(store: Store, given: Sequence[GivenAnswer], annotator: str, now: float) -> dict[str, Task]:
    """Find or make the task of each answer by key, and hold it: what nobody holds may leave the queue at any time."""
    by_key: dict[str, Task] = {}
    missing = list(given)
    while missing:
        some, missing = missing[:TOGETHER], missing[TOGETHER:]
        store.add([_task_of(entry) for entry in some])
        tasks = [store.task_of_key(entry.key) for entry in some]
        store.lease(
            annotator,
            count=0,
            holding=[task.id for task in tasks if task is not None],
            now=now,
            seconds=HOLDING,
        )
        for entry in some:
            task = store.task_of_key(entry.key)
            if task is None:  # it left the queue just before it was held
                missing.append(entry)
            else:
                by_key[entry.key] = task
    return by_key


def _task_of(given: GivenAnswer) -> NewTask:
    """Make a task of an utterance that the project did not choose."""
    utterance = given.utterance
    identity = utterance.id if utterance.id is not None else f"{hash64(given.key.encode()):016x}"
    return NewTask(given.key, utterance.text, identity, utterance.count, "imported", 0.0)


def standing_answer(answers: Sequence[Answer], annotator: str) -> Answer | None:
    """Find what an annotator says of a task now."""
    return next(
        (answer for answer in reversed(answers) if answer.current and answer.annotator == annotator), None
    )


def save_over(
    store: Store, task: Task, answer: NewAnswer, before: Answer | None, *, prefix: str, now: float
) -> Saved:
    """Save an answer to a task in the place of what the same person said `before`.

    Its id begins with `prefix` and goes by what it says, and of what: sent twice, it is the same.
    """
    replaces = before.id if before else None
    slots = None if answer.slots is None else [asdict(slot) for slot in sorted(answer.slots)]
    said = [task.key, answer.annotator, answer.kind, answer.domain, answer.intent, slots, replaces]
    name = f"{prefix}-{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]}"
    shown = task.prediction if task.holder == HANDED_OUT else None
    return store.save(replace(answer, id=name, task=task.id, replaces=replaces, shown=shown), now=now)
