"""Tasks for people who annotate elsewhere: chosen by the newest models, and kept from everyone else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from canvass.annotation.project.project import Project
from canvass.annotation.project.settings import with_changes
from canvass.annotation.rounds.queue import next_round
from canvass.annotation.rounds.round import Rounds, save_estimates, save_round
from canvass.annotation.store.records import HANDED_OUT, Task
from canvass.errors import InputError, OptionError, ProjectInUseError
from canvass.models.nlu import NLU
from canvass.selection.batch_file import INTENT_COLUMNS, SLOT_COLUMNS, with_columns


@dataclass(frozen=True)
class HandedOut:
    """The tasks of a file in rank order, and what a person should know about how they were chosen.

    `nlu` are the models that predicted, None where nothing was trained.
    """

    tasks: tuple[Task, ...]
    warnings: tuple[str, ...] = ()
    round: int = 0
    nlu: NLU | None = field(default=None, compare=False, repr=False)


def hand_out(
    project: Project,
    size: int,
    *,
    now: float,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> HandedOut:
    """Choose tasks with models of all annotations so far, and hold them without an end, so that nobody else gets them.

    It is a round as the queue runs it, without random picks: where no server is running, it is recorded, so that the
    error curve grows and the estimates are of its models, and what waited in the queue goes. Where one is, its selected
    tasks may be among those that are handed out, and leave the queue; what somebody has on their page is not.

    Raises TrainingError, InputError or FileError if the models cannot be trained, or the pool has nothing more to
    choose from, or cannot be read, and OptionError if `size` makes no sense.
    """
    if size < 1:
        raise OptionError(f"--size {size} makes no sense; it must be at least 1")
    began = time.perf_counter()
    store = project.store
    with contextlib.ExitStack() as held:
        alone = _is_alone(project, held)
        # What a server has drawn at random stays in its queue: it is shown without a prediction there.
        drawn = set() if alone else {task.key for task in store.tasks("open") if task.source != "selected"}
        number, answers = next_round(project)
        settings = with_changes(
            project.settings,
            "queue",
            size=size + len(drawn),
            random_share=0.0,
            outside_share=0.0,
            overlap=0.0,
        )
        result = Rounds(project.with_settings(settings)).run(
            number, answers=answers, threads=threads, progress=progress
        )
        # While phrases choose, some are drawn at random all the same: in a file they are tasks like others.
        result = replace(
            result, tasks=tuple(replace(task, source="selected", weight=1.0) for task in result.tasks)
        )
        chosen = [task for task in result.tasks if task.key not in drawn][:size]
        if not chosen:
            raise InputError(result.message or "the pool has nothing more that could be handed out")
        if alone:
            save_round(project, result, answers=answers, at=now, seconds=time.perf_counter() - began)
        tasks = store.add([replace(task, source="handed out") for task in chosen])
        if alone:
            save_estimates(project, result)
    warnings = [result.message] if result.message else []
    if len(tasks) < len(chosen):
        warnings.append(
            f"{len(chosen) - len(tasks)} of {len(chosen)} were taken by somebody meanwhile, and are not in the file"
        )
    return HandedOut(tuple(tasks), tuple(warnings), number, result.models.reference)


def _is_alone(project: Project, held: contextlib.ExitStack) -> bool:
    """Take the lock of the project, unless a server has it; says whether it was taken."""
    try:
        held.enter_context(project.lock("canvass next"))
    except ProjectInUseError:
        return False
    return True


def handed_out(project: Project) -> HandedOut:
    """List what was handed out and has no answer yet."""
    tasks = (task for task in project.store.tasks("leased") if task.holder == HANDED_OUT)
    return HandedOut(tuple(sorted(tasks, key=lambda task: task.id)))


def task_record(task: Task, target: str, *, slots: bool = True) -> dict[str, Any]:
    """Write a task as a flat record: the fields of a batch of `canvass select`, after the number of the task.

    Those of the intent are left out where none was predicted, and those of the slots without `slots`.
    """
    reason, prediction = task.reason, task.prediction
    record: dict[str, Any] = {
        "task": task.id,
        "rank": reason and reason.rank,
        "id": task.utterance,
        "text": task.text,
        "count": task.count,
        "target": target,
        "strategy": reason and reason.strategy,
        "why": reason and reason.why,
        "score": reason and reason.score,
        **{f"score_{name}": score for name, score in (reason.members if reason else {}).items()},
    }
    columns = (
        *(INTENT_COLUMNS if prediction is None or prediction.intent is not None else ()),
        *(SLOT_COLUMNS if slots else ()),
    )
    record |= {column.name: prediction and column.value(prediction) for column in columns}
    return record | with_columns(task.others)
