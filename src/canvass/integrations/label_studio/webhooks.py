"""Webhooks of Label Studio into the store: noted at once, written down by a thread behind those who sent them.

Label Studio waits a second for the answer to a webhook, holds up the annotator meanwhile, and sends none twice. So
what arrives is put into a bounded queue, and only what is needed of it: the payload also holds settings of the project
that are nobody's business. If the store cannot be written, events wait for it.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from canvass.annotation.exchange.answer_files import AnswerFiles
from canvass.annotation.project.project import Project
from canvass.errors import CanvassError, InputError, StoreError
from canvass.integrations.label_studio.answers import NOBODY, answer_of, why_of
from canvass.integrations.label_studio.labelling import read_labelling
from canvass.integrations.label_studio.saving import Kept, keep, withdraw

CREATED = frozenset(
    {"ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_UPDATED"}
)
DELETED = frozenset({"ANNOTATIONS_DELETED", "ANNOTATION_DELETED"})
TRAIN = "START_TRAINING"
MOST_WAITING = 10_000  # events
MOST_TOGETHER = 500  # events that are written in one go
RETRY_SECONDS = 5.0
SAID = 5  # sentences for each reason

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """What is needed of a webhook: annotations with their tasks and the configuration, or deleted ones by number."""

    project: int
    annotations: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = ()
    config: str = field(default="", repr=False)
    deleted: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tally:
    """What became of webhooks since the start; `problem` is the last sentence worth reading, or empty."""

    received: int = 0
    ignored: int = 0
    answered: int = 0
    repeated: int = 0
    withdrawn: int = 0
    left_out: int = 0
    problem: str = ""


def event_of(body: Mapping[str, Any]) -> Event | None:
    """Read a webhook; None where its action says nothing of annotations.

    Raises InputError if it has no action, or an annotation without what belongs to it.
    """
    action = body.get("action")
    if not isinstance(action, str):
        raise InputError("webhook: action is missing; expected one such as ANNOTATION_CREATED")
    if action not in CREATED and action not in DELETED:
        return None
    project = body.get("project")
    number = project.get("id") if isinstance(project, dict) else None
    if not isinstance(project, dict) or type(number) is not int:
        raise InputError(
            f"webhook: {action} has no project; let Label Studio send the payload (Settings, Webhooks, Send payload)"
        )
    if action in DELETED:
        gone = _objects(body, "annotations") or _objects(body, "annotation")
        return Event(
            number,
            deleted=tuple(annotation["id"] for annotation in gone if type(annotation.get("id")) is int),
        )
    annotations = _objects(body, "annotation") or _objects(body, "annotations")
    tasks = {task.get("id"): task for task in _objects(body, "task") or _objects(body, "tasks")}
    pairs = tuple(
        (annotation, tasks[annotation.get("task")])
        for annotation in annotations
        if annotation.get("task") in tasks
    )
    if not annotations or len(pairs) < len(annotations):
        raise InputError(f"webhook: {action} has an annotation without its task; expected both")
    config = project.get("label_config")
    return Event(number, pairs, config if isinstance(config, str) else "")


def _objects(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = body.get(name)
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


class Inbox:
    """Takes events from any thread, and writes them down on one of its own, in the order of their arrival.

    `answered` is told how many answers of the project are new, or gone, after each write; `say`, in sentences, what is
    left out, a few times for each reason. `clock` gives the seconds of the epoch. At `most` so many events wait.
    """

    def __init__(
        self,
        project: Project,
        answered: Callable[[int], None],
        *,
        say: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        most: int = MOST_WAITING,
    ) -> None:
        self._project = project
        self._answered = answered
        self._say = say
        self._clock = clock
        self._most = most
        self._thread: threading.Thread | None = None
        self._said: Counter[str] = Counter()
        self._changed = threading.Condition()
        # Guarded by the condition:
        self._stopping = False
        self._events: deque[Event] = deque()
        self._counts: Counter[str] = Counter()
        self._problem = ""

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="canvass webhooks", daemon=True)
        self._thread.start()

    def stop(self, patience: float = 10.0) -> int:
        """Write what is there, for so many seconds at most, and end; returns how many events were not written."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(patience)
        return self.waiting

    def put(self, event: Event | None) -> bool:
        """Note an event (None: one that says nothing of annotations); False where too many wait already."""
        with self._changed:
            if event is not None:
                if len(self._events) >= self._most:
                    return False
                self._events.append(event)
                self._changed.notify_all()
            self._count(received=1, ignored=int(event is None))
        return True

    @property
    def waiting(self) -> int:
        """How many events are not written yet."""
        with self._changed:
            return len(self._events)

    def tally(self) -> Tally:
        """Say what became of all events so far."""
        with self._changed:
            return Tally(**self._counts, problem=self._problem)

    def _count(self, problem: str = "", **more: int) -> None:
        with self._changed:  # a condition's lock may be taken twice
            self._counts.update(more)
            self._problem = problem or self._problem

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._events or self._stopping)
                if not self._events:
                    return
                batch = list(itertools.islice(self._events, MOST_TOGETHER))
            written = self._write(batch)
            with self._changed:
                for _ in range(written):
                    self._events.popleft()
                if written < len(batch):
                    if self._stopping:
                        return
                    self._changed.wait(RETRY_SECONDS)

    def _write(self, batch: Sequence[Event]) -> int:
        """Write events in their order; returns how many are done with: all, or those before the store failed."""
        known: AnswerFiles | None = None
        for done, event in enumerate(batch):
            try:
                known = known or AnswerFiles(self._project, NOBODY, new_labels=False)
                kept = self._keep(event, known)
            except StoreError as error:
                self._count(problem=f"{error}; {len(batch) - done} annotations wait for it")
                return done
            except CanvassError as error:
                self._leave_out("malformed", str(error))
            except Exception:
                # A defect of ours must not end the thread, nor come again and again.
                logger.exception("a webhook could not be written")
                self._leave_out(
                    "defect", "a webhook was left out because of a defect; the log has the details"
                )
            else:
                self._count(answered=kept.answered, repeated=kept.repeated, withdrawn=kept.withdrawn)
                if kept.changed:
                    self._answered(kept.changed)
        return len(batch)

    def _keep(self, event: Event, known: AnswerFiles) -> Kept:
        store, now = self._project.store, self._clock()
        if event.deleted:
            return withdraw(store, event.project, event.deleted, now=now)
        labelling = read_labelling(event.config, f"the labelling configuration of project {event.project}")
        annotated = []
        for annotation, task in event.annotations:
            try:
                annotated.append(answer_of(annotation, task, labelling, known))
            except InputError as error:
                self._leave_out(why_of(error), str(error))
        return keep(store, annotated, now=now)

    def _leave_out(self, why: str, sentence: str) -> None:
        self._count(problem=sentence, left_out=1)
        self._said[why] += 1
        if self._said[why] <= SAID:
            self._say(f"left out: {sentence}")
