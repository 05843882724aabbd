"""A project as the API sees it: its store and queue, its labels as they are now, and the clock."""

from __future__ import annotations

import datetime as dt
import secrets
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from canvass.annotation.project.answer_rule import AnswerRule
from canvass.annotation.project.project import Project
from canvass.annotation.quality.near_duplicates import Copies, Copy, find_copies
from canvass.annotation.rounds.queue import Queue
from canvass.annotation.store.label_names import KINDS, LabelKind
from canvass.annotation.store.records import Answer, NewAnswer, Saved, Task
from canvass.annotation.web.problems import Problem
from canvass.annotation.web.progress_json import Recent, Tallies, progress_json
from canvass.annotation.web.recordings import Recordings
from canvass.annotation.web.shapes import task_shape

PATIENCE = 5.0  # seconds until a search of the pool that waits for another is refused
MOST_LISTED = 100  # lists of near duplicates that are kept for those who look at them
IDENTITY = "identity"


class Service:
    """What the functions of `canvass.annotation.web.api` work on; safe to use from several threads.

    `queue` is told of every answer; whoever made it starts and stops it. `clock` gives the seconds of the epoch, as
    `lease_clock` does for leases where there is one. Leads are told `annotator_token`, which the link of annotators
    has. `others`: the server has other projects.
    """

    def __init__(
        self,
        project: Project,
        queue: Queue,
        *,
        clock: Callable[[], float] = time.time,
        lease_clock: Callable[[], float] | None = None,
        annotator_token: str = "",
        others: bool = False,
    ) -> None:
        self.project = project
        self.queue = queue
        self.annotator_token = annotator_token
        self.others = others
        self.store = project.store
        self.page = project.settings.page
        self.now = clock
        self.domains = project.given.domains
        self.recordings = Recordings(project)
        self.identity = _identity(project)
        self.lease_clock = lease_clock or clock
        self._people: dict[str, str] = {}  # by the name in lower case
        self._tallies = Tallies(self.store)
        self._copies: dict[str, tuple[Copy, ...]] = {}  # by the id of the answer, as they were listed
        self.deciding = threading.Lock()  # groups are changed by one at a time
        self._searching = threading.Lock()  # the pool is searched by one at a time
        self._progress = Recent(lambda: progress_json(project, self.today()))

    def person(self, name: str) -> str:
        """Give the name of an annotator as it was written first: names that differ in case are one person."""
        return self._people.setdefault(name.casefold(), self.known_person(name) or name)

    def known_person(self, name: str | None) -> str | None:
        """Give the name that answers are kept under, without keeping a new one."""
        if name is None:
            return None
        if name.casefold() not in self._people:  # answers may also come from files
            for known in self.store.annotators():
                self._people.setdefault(known.casefold(), known)
        return self._people.get(name.casefold(), name)

    def list_copies(self, name: str, annotator: str, *, most: int) -> tuple[Answer, Copies]:
        """List near duplicates of an answered task that can have the same answer; refused while others search (503)."""
        answer = self.store.answer(name)
        if answer is None or not answer.current or answer.kind == "skip":
            raise Problem("this answer is not saved, passes, or was replaced", HTTPStatus.NOT_FOUND)
        if not self._searching.acquire(timeout=PATIENCE):
            raise Problem(
                "somebody else searches the pool at the moment; try again", HTTPStatus.SERVICE_UNAVAILABLE
            )
        try:
            copies = find_copies(self.project, self.task(answer.task), answer, annotator, most=most)
        finally:
            self._searching.release()
        self._copies.pop(name, None)
        self._copies[name] = copies.found
        while len(self._copies) > MOST_LISTED:
            del self._copies[next(iter(self._copies))]
        return answer, copies

    def listed_copies(self, name: str, keys: Sequence[str]) -> list[Copy]:
        """Find near duplicates among those that were listed for an answer; refused where one was not (409)."""
        listed = {copy.key: copy for copy in self._copies.get(name, ())}
        if not listed.keys() >= set(keys):
            raise Problem("these near duplicates were not listed; list them again", HTTPStatus.CONFLICT)
        return [listed[key] for key in keys]

    def refuse_leading(self, answer: NewAnswer) -> None:
        """Refuse an answer that ends a dispute, or takes the place of somebody else's (400)."""
        replaced = None if answer.replaces is None else self.store.answer(answer.replaces)
        if answer.adjudicates or (replaced is not None and replaced.annotator != answer.annotator):
            raise Problem("only a lead corrects others and decides disputes; ask for the link of leads")

    def add_label(self, kind: LabelKind, name: str, description: str, annotator: str) -> None:
        """Add an intent or a slot label unless it is there; refused where the project takes none (400)."""
        names = [guide.name for guide in self.project.guides(kind)]
        if name in names:
            return
        if not self.page.new_labels:
            raise Problem("this project takes no new labels (new_labels = false in canvass.toml)")
        twin = next((label for label in names if label.lower() == name.lower()), None)
        if twin is not None:
            raise Problem(f"label: there is {twin!r} already, which differs in case only; use that")
        self.store.add_label(kind, name, description, annotator, self.now())

    def labels_version(self) -> str:
        """Give a short word that changes when intents or slot labels do."""
        return f"{zlib.crc32(repr(self.guidelines()).encode()):08x}"

    def guidelines(self) -> dict[str, list[dict[str, Any]]]:
        """Read what annotators choose from, as it is now: intents and slot labels, with the words that explain them."""
        return {f"{kind}s": [asdict(guide) for guide in self.project.guides(kind)] for kind in KINDS}

    def rule(self) -> AnswerRule:
        """Make the rule of what answers mean, with the labels as they are now."""
        return AnswerRule(self.project, new_names=self.page.new_labels, remedy="add it as a new label first")

    def task(self, number: int) -> Task:
        """Find a task, or say that there is none (404)."""
        task = self.store.task(number)
        if task is None:
            raise Problem(f"there is no task {number}", HTTPStatus.NOT_FOUND)
        return task

    def task_shape(self, task: Task) -> dict[str, Any]:
        """Write a task as the page of this project shows it."""
        return task_shape(task, self.page.columns, self.recordings)

    def summary(self) -> dict[str, Any]:
        """Say what the list of several projects shows of this one."""
        counts = self.store.counts()
        return {
            "title": self.project.title,
            "target": str(self.project.target),
            "answered": counts["answered"] + counts["closed"],
            "open": counts["open"],
        }

    def queue_shape(self) -> dict[str, Any]:
        """Say how fresh the queue is."""
        return {**asdict(self.queue.state()), "labels": self.labels_version()}

    def today(self) -> float:
        """Say when the annotators' day began, by the clock of this machine."""
        now = dt.datetime.fromtimestamp(self.now())  # noqa: DTZ006 - their day, not UTC's
        return now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()

    def after(self, saved: Saved) -> dict[str, Any]:
        """Say how much the annotator of an answer has answered with it, and how fast."""
        return self._tallies.after(saved, since=self.today())._asdict()

    def progress_shape(self, annotator: str | None) -> dict[str, Any]:
        """Say how far the project is; what an annotator did, the tasks and the queue are of this moment."""
        return {
            **self._progress.get(),
            **(self._tallies.read(annotator, since=self.today())._asdict() if annotator else {}),
            "states": self.store.counts(),
            "queue": self.queue_shape(),
        }


def even_clock() -> Callable[[], float]:
    """Make a clock that begins with the time of this machine, and goes on evenly whatever is done to that."""
    began, steady = time.time(), time.monotonic()
    return lambda: began + time.monotonic() - steady


def _identity(project: Project) -> str:
    """Recall, or make, what tells the project from all others: pages keep what is unsaved under it."""
    identity = project.store.fact(IDENTITY)
    if identity is None:
        identity = secrets.token_hex(8)
        project.store.set_fact(IDENTITY, identity)
    return identity
