"""The next batch into Label Studio: chosen as `canvass next` chooses, with predictions that order it, each task once.

What a push is about to do is written down before it does it, so that one that was interrupted is ended by the next
call: nothing is chosen twice, and no task is there twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from canvass.annotation.exchange.handing_out import HandedOut, hand_out, handed_out
from canvass.annotation.project.locking import locked
from canvass.annotation.project.project import Project
from canvass.annotation.rounds.queue import next_round
from canvass.annotation.rounds.round_models import seed_of_round, train_models
from canvass.annotation.store.records import Task
from canvass.corpus.formats.label_studio_regions import IDENTITY
from canvass.corpus.normalise import key_of
from canvass.integrations.label_studio.client import Client
from canvass.integrations.label_studio.labelling import Wanted
from canvass.integrations.label_studio.link import SAMPLING, Link, Place, find_place
from canvass.integrations.label_studio.predicting import model_version, predictions_of
from canvass.integrations.label_studio.saving import remember

LOCK = "label-studio.lock"
PURPOSE = "canvass label-studio push"


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    `project` is the number of the Label Studio project, `created` whether it was made now. `tasks` are new there;
    `present` of the batch were there already. `predicted` tasks of earlier batches, which nobody has annotated yet, got
    new predictions. `added_labels` were missing in the labelling configuration. `resumed` is whether this ended a push
    that had been interrupted, and nothing new was chosen. `twice` tasks there have the text of another.
    """

    project: int
    model_version: str
    tasks: int = 0
    present: int = 0
    predicted: int = 0
    created: bool = False
    resumed: bool = False
    added_labels: tuple[str, ...] = ()
    twice: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class RemoteTask:
    """A task there: its number, data, whether enough people annotated it, and which models predicted it."""

    number: int
    data: Mapping[str, Any] = field(repr=False)
    done: bool
    versions: frozenset[str]


def push(
    project: Project,
    client: Client,
    size: int,
    *,
    number: int | None = None,
    new_project: bool = False,
    now: float,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Pushed:
    """Choose a batch, put it into a Label Studio project, and have the least certain offered first.

    The tasks are handed out, as by `hand_out`: nobody else gets them. The project's `model_version` becomes that of
    the newest models, and tasks of earlier batches that wait there get their predictions, too: only those of that
    version count in the order.

    Without a `number` the Label Studio project is the remembered one, or, also with `new_project`, a new one. `size`,
    `now`, `threads` and `progress` are as for `hand_out`.

    Raises what `hand_out` does; ServiceError if Label Studio cannot be reached, refuses or fails (the same call again
    goes on from there); InputError if its labelling configuration has no place for intents and slots; ProjectInUseError
    if somebody else pushes the same folder.
    """
    store = project.store
    with locked(project.folder / LOCK, PURPOSE):
        client.release()
        link = Link.of(store)
        if new_project:
            link = link.elsewhere().kept(store)
        place = find_place(client, link, number, Wanted.of(project), project.title)
        link = link.at(client.url, place.number).kept(store)
        remember(store, client.users(), {})
        left = _interrupted(project, link)
        chosen = left or _choose(project, link, size, now=now, threads=threads, progress=progress)
        link = replace(
            link,
            tasks=tuple(sorted({*link.tasks, *(task.id for task in chosen.tasks)})),
            held=None,
            batch=tuple(task.id for task in chosen.tasks),
            round=chosen.round,
        ).kept(store)
        pushed = _send(project, client, place, chosen)
        replace(link, batch=()).kept(store)
    return replace(pushed, resumed=left is not None)


def _interrupted(project: Project, link: Link) -> HandedOut | None:
    """Find what an earlier push chose and did not finish sending; its models are trained again."""
    left = _left(project, link)
    if not left:
        return None
    settings = project.settings.project
    seed = seed_of_round(settings.seed, link.round)
    models = train_models(project.annotated(), project.target, settings.strategy, seed=seed)
    return HandedOut(left, round=link.round, nlu=models.reference)


def _left(project: Project, link: Link) -> tuple[Task, ...]:
    """List the tasks that are handed out for a push, but perhaps not sent: of a batch, or since one began to choose."""
    return tuple(
        task
        for task in handed_out(project).tasks
        if task.id in link.batch or (link.held is not None and task.id not in link.held)
    )


def _choose(project: Project, link: Link, size: int, **options: Any) -> HandedOut:
    """Hand out the next tasks; `options` are those of `hand_out`."""
    held = tuple(task.id for task in handed_out(project).tasks)
    choosing = replace(link, held=held, batch=(), round=next_round(project)[0]).kept(project.store)
    try:
        return hand_out(project, size, **options)
    except BaseException:
        if not _left(project, choosing):
            # What is handed out from now on, in a file say, is none of this push.
            link.kept(project.store)
        raise


def _send(project: Project, client: Client, place: Place, chosen: HandedOut) -> Pushed:
    """Import what is not there, predict what waits there, and let the new predictions decide the order."""
    assert chosen.nlu is not None, "a push has models"
    remote, twice = remote_tasks(client, place.number, place.labelling.field)
    version = model_version(chosen.round)
    new = [task for task in chosen.tasks if task.key not in remote]
    tasks = [
        # The text stands where the configuration looks for it, beside what finds the task again.
        {"data": {place.labelling.field: task.text, IDENTITY: task.utterance, "count": task.count}}
        for task in new
    ]
    predictions = predictions_of(chosen.nlu, chosen.round, tasks, place.config)
    client.import_tasks(
        place.number,
        [{**task, "predictions": [said]} for task, said in zip(tasks, predictions, strict=True)],
    )
    batch = {task.key for task in chosen.tasks}
    ours = batch | {task.key for task in project.store.tasks("open", "leased")}
    waiting = [
        (key, task)
        for key, task in remote.items()
        if key in ours and not task.done and version not in task.versions
    ]
    there = [{"data": task.data} for _, task in waiting]
    predictions = predictions_of(chosen.nlu, chosen.round, there, place.config)
    client.import_predictions(
        place.number,
        [{"task": task.number, **said} for (_, task), said in zip(waiting, predictions, strict=True)],
    )
    client.change_project(place.number, {"sampling": SAMPLING, "model_version": version})
    return Pushed(
        place.number,
        version,
        tasks=len(new),
        present=len(chosen.tasks) - len(new),
        predicted=sum(key not in batch for key, _ in waiting),
        created=place.created,
        added_labels=place.added,
        twice=twice,
        warnings=chosen.warnings,
    )


def remote_tasks(client: Client, project: int, text_field: str) -> tuple[dict[str, RemoteTask], int]:
    """Read the tasks of a project by the key of their text, the oldest of each, and count the others.

    Those without a text are nobody's business here. Raises as the client does.
    """
    by_key: dict[str, RemoteTask] = {}
    seen: set[int] = set()
    twice = 0
    for task in client.tasks(project):
        number = task.need("id").integer()
        data = task.need("data").content
        text = data.get(text_field) if isinstance(data, dict) else None
        if number in seen or not isinstance(text, str):  # pages move while somebody deletes tasks
            continue
        seen.add(number)
        remote = RemoteTask(
            number,
            data,
            task.content_of("is_labeled") is True,
            frozenset(str(each.content_of("model_version")) for each in task.need("predictions").items()),
        )
        before = by_key.setdefault(key_of(text), remote)
        if before is not remote:
            twice += 1
            if number < before.number:
                by_key[key_of(text)] = remote
    return by_key, twice
