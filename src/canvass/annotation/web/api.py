"""What the page can ask: one plain function a route, from what was sent to what is shown; nothing here knows of HTTP.

Each takes a `Service` and what was sent, runs on a thread of its own, and returns what goes out as JSON. `ROUTES` is
the table of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from canvass import __version__
from canvass.annotation.quality.near_duplicates import save_copies
from canvass.annotation.store.label_names import KINDS
from canvass.annotation.store.records import Answer, Task
from canvass.annotation.store.searching import SOURCES, STATES, Query
from canvass.annotation.web import leading
from canvass.annotation.web.leading import Download
from canvass.annotation.web.problems import Problem
from canvass.annotation.web.reading import Reader
from canvass.annotation.web.service import Service
from canvass.annotation.web.shapes import (
    ANSWER,
    FIELDS,
    LONGEST_ID,
    LONGEST_KEY,
    LONGEST_LABEL,
    answer_shape,
    read_answer,
)
from canvass.types import slot_records

MINUTE = 60.0
MOST_LEASED = 50
MOST_HELD = 200
MOST_SHOWN = 200
FEW = 3
LONGEST_DESCRIPTION = 1_000
LONGEST_SEARCH = 500
MOST_COPIES = 50


def project(service: Service, sent: Reader) -> dict[str, Any]:
    """Say what is annotated, with which labels."""
    return {
        "id": service.identity,
        "name": service.project.name,
        "title": service.project.title,
        "target": str(service.project.target),
        "strategy": service.project.settings.project.strategy,
        "domains": list(service.domains),
        **service.guidelines(),
        "labels": service.labels_version(),
        "annotates_slots": service.project.annotates_slots,
        "settings": {
            "new_labels": service.page.new_labels,
            "inside_tokens": service.page.inside_tokens,
            "lease_minutes": service.page.lease_minutes,
        },
        "version": __version__,
        "role": sent.role,
        "annotators": service.store.annotators(),
        "others": service.others,
        "assistant": None if service.queue.assistant is None else service.queue.assistant.leaves,
        "invitation": service.annotator_token if sent.role == "lead" else None,
    }


def lease(service: Service, sent: Reader) -> dict[str, Any]:
    """Hold tasks for an annotator: what they have open is renewed, and filled up to `count`."""
    annotator = service.person(sent.annotator())
    tasks = service.store.lease(
        annotator,
        count=sent.whole("count", most=MOST_LEASED, least=0, default=FEW),
        holding=sent.wholes("holding", most=MOST_HELD),
        now=service.lease_clock(),
        seconds=service.page.lease_minutes * MINUTE,
    )
    return {
        "annotator": annotator,
        "tasks": [service.task_shape(task) for task in tasks],
        "queue": service.queue_shape(),
    }


def release(service: Service, sent: Reader) -> dict[str, Any]:
    """Give tasks back that an annotator holds."""
    service.store.release(service.person(sent.annotator()), sent.wholes("tasks", most=MOST_HELD))
    return {}


def answer(service: Service, sent: Reader) -> dict[str, Any]:
    """Save an answer; when this returns, it is on disk."""
    checked = read_answer(sent, service.task(sent.whole("task")), service.rule())
    checked = replace(checked, annotator=service.person(checked.annotator))
    if sent.role != "lead":
        service.refuse_leading(checked)
    saved = service.store.save(checked, now=service.now())
    if not saved.repeated:
        service.queue.answered()
    return {
        "saved": True,
        "repeated": saved.repeated,
        "state": saved.state,
        "answer": answer_shape(saved.answer),
        "progress": service.after(saved),
        "queue": service.queue_shape(),
    }


def list_copies(service: Service, sent: Reader) -> dict[str, Any]:
    """List near duplicates of an answered request, with the slots that they would have."""
    name, annotator = sent.text("answer", shortest=1, longest=LONGEST_ID), service.person(sent.annotator())
    answer, copies = service.list_copies(name, annotator, most=MOST_COPIES)
    return {
        "intent": answer.intent,
        "complete": copies.complete,
        "items": [{**asdict(copy), "slots": slot_records(copy.slots)} for copy in copies.found],
    }


def copy_answer(service: Service, sent: Reader) -> dict[str, Any]:
    """Give the same answer to near duplicates that were listed."""
    name, annotator = sent.text("answer", shortest=1, longest=LONGEST_ID), service.person(sent.annotator())
    copies = service.listed_copies(name, sent.texts("keys", most=MOST_COPIES, longest=LONGEST_KEY))
    answer = service.store.answer(name)
    assert answer is not None, "it was there when they were listed"
    saved = save_copies(service.project, answer, copies, annotator, now=service.now())
    if saved:
        service.queue.answered(len(saved))
    return {"saved": saved}


def task(service: Service, sent: Reader) -> dict[str, Any]:
    """Show a task with all its answers, the corrected ones, too."""
    record = service.task(sent.whole("id"))
    return _with_answers(service, record, service.store.answers_of(record.id))


def audio(service: Service, sent: Reader) -> Path:
    """Give the recording of a task, where it is a file."""
    return service.recordings.find(service.task(sent.whole("id")))


def history(service: Service, sent: Reader) -> dict[str, Any]:
    """List the answers of an annotator, or of all, the newest first; `before` is the `sequence` of the last seen."""
    answered = service.store.history(
        service.known_person(sent.optional_name("annotator")),
        limit=sent.whole("limit", most=MOST_SHOWN, default=50),
        before=sent.optional_whole("before"),
    )
    return {"items": [_with_answer(service, *both) for both in answered]}


def progress(service: Service, sent: Reader) -> dict[str, Any]:
    """Say how far the project is, and how good it became."""
    return service.progress_shape(service.known_person(sent.optional_name("annotator")))


def review(service: Service, _sent: Reader) -> dict[str, Any]:
    """List the answers that are worth a second look."""
    return {
        "items": [
            {
                "kind": item.kind,
                "words": item.words,
                "probability": item.probability,
                "tasks": [
                    _with_answers(service, service.task(number), service.store.answers_of(number))
                    for number in item.tasks
                ],
            }
            for item in service.store.to_review()
        ]
    }


def looked(service: Service, sent: Reader) -> dict[str, Any]:
    """Note that the answers to tasks were looked at and found right."""
    annotator = service.person(sent.annotator())
    service.store.look_at(sent.wholes("tasks", most=MOST_HELD), annotator, now=service.now())
    return {}


def search(service: Service, sent: Reader) -> dict[str, Any]:
    """List tasks and answers: of everybody for a lead, else the answers of one annotator."""
    words = sent.optional_text("words", longest=LONGEST_SEARCH) or ""
    unsure = sent.optional_whole("unsure")
    annotator = service.known_person(sent.optional_name("annotator"))
    if annotator is None and sent.role != "lead":
        raise Problem(
            "only a lead searches what everybody did; name the annotator whose answers to search",
            HTTPStatus.FORBIDDEN,
        )
    query = Query(
        tuple(words.split()),
        sent.optional_text("label", longest=LONGEST_LABEL),
        annotator,
        sent.choice("is", tuple(STATES)) if sent.fields.get("is") else None,
        sent.choice("source", tuple(SOURCES)) if sent.fields.get("source") else None,
        None if unsure is None else unsure / 100,
    )
    found = service.store.search(
        query,
        limit=sent.whole("limit", most=MOST_SHOWN, default=50),
        offset=sent.whole("offset", least=0, default=0),
    )
    return {"items": [_with_answer(service, *both) for both in found]}


def disputes(service: Service, _sent: Reader) -> dict[str, Any]:
    """List the tasks that people answered differently."""
    return {"items": [_with_answers(service, task, answers) for task, answers in service.store.disputes()]}


def add_label(service: Service, sent: Reader) -> dict[str, Any]:
    """Add an intent or a slot label; one that is there already changes nothing."""
    kind = sent.choice("kind", tuple(KINDS))
    name, annotator = sent.name("name"), service.person(sent.annotator())
    description = (
        sent.text("description", longest=LONGEST_DESCRIPTION, lines=True)
        if sent.fields.get("description")
        else ""
    )
    service.add_label(kind, name, description, annotator)
    return service.guidelines()


def _with_answer(service: Service, task: Task, answer: Answer | None) -> dict[str, Any]:
    return {"task": service.task_shape(task), "answer": None if answer is None else answer_shape(answer)}


def _with_answers(service: Service, task: Task, answers: Iterable[Answer]) -> dict[str, Any]:
    return {"task": service.task_shape(task), "answers": [answer_shape(answer) for answer in answers]}


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a path with its variables in braces, the function that answers, and whether only leads may ask.

    What is sent is called `name` in sentences, and may have the fields `known`.
    """

    method: str
    path: str
    function: Callable[[Service, Reader], dict[str, Any] | Download | Path]
    name: str
    known: tuple[str, ...] = ()
    lead: bool = False


SEARCHED = ("words", "label", "annotator", "is", "source", "unsure", "limit", "offset")
ROUTES = (
    Route("GET", "/api/project", project, "project"),
    Route("POST", "/api/lease", lease, "lease", ("annotator", "holding", "count")),
    Route("POST", "/api/release", release, "release", ("annotator", "tasks")),
    Route("POST", "/api/answers", answer, ANSWER, FIELDS),
    Route("GET", "/api/copies", list_copies, "copies", ("answer", "annotator")),
    Route("POST", "/api/copies", copy_answer, "copies", ("annotator", "answer", "keys")),
    Route("GET", "/api/tasks/{id}", task, "tasks", ("id",)),
    Route("GET", "/api/tasks/{id}/audio", audio, "audio", ("id",)),
    Route("GET", "/api/history", history, "history", ("annotator", "before", "limit")),
    Route("GET", "/api/search", search, "search", SEARCHED),
    Route("GET", "/api/progress", progress, "progress", ("annotator",)),
    Route("GET", "/api/review", review, "review", lead=True),
    Route("POST", "/api/looked", looked, "looked", ("annotator", "tasks"), lead=True),
    Route("GET", "/api/disputes", disputes, "disputes", lead=True),
    Route("POST", "/api/labels", add_label, "label", ("annotator", "kind", "name", "description")),
    Route("GET", "/api/formats", leading.formats, "formats", lead=True),
    Route("GET", "/api/export", leading.export, "export", ("part", "format"), lead=True),
    Route("GET", "/api/backup", leading.backup, "backup", lead=True),
    Route("GET", "/api/labels", leading.labels, "labels", lead=True),
    Route("POST", "/api/labels/change", leading.change_label, "label", leading.LABEL_CHANGE, lead=True),
    Route("GET", "/api/groups", leading.groups, "groups", lead=True),
    Route("POST", "/api/groups/change", leading.change_group, "group", leading.GROUP_CHANGE, lead=True),
)
