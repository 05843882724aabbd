"""Label Studio's JSON: tasks with annotations and predictions as it exports and imports them, and its JSON_MIN.

A task gives one utterance, of its annotations that were not cancelled: of several, those marked as ground truth
before others, and of these the latest; where they differ, that is reported. A task that nobody annotated, or that
everybody skipped, is left out of an annotated set (a prediction is no annotation), but is a text of a pool.

In JSON_MIN, which is read only, each annotation is an item, with the data; so it is in CSV and TSV, a row each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from canvass.corpus.formats.column_names import ALL_COLUMNS, Columns
from canvass.corpus.formats.columns import utterance_blocks
from canvass.corpus.formats.delimited_rows import Table
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.label_studio_regions import (
    CHOICES,
    CONTROLS,
    IDENTITY,
    LABELS,
    Controls,
    regions_of,
    result_of,
    slot_of,
)
from canvass.corpus.formats.located import Value, parse_document, read_document, write_text
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named, names_in
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import on_disk
from canvass.corpus.formats.validation import ALL, pool_utterance_of, text_of, utterance_of
from canvass.errors import InputError
from canvass.types import Slot, Utterance

SLOTS_ANNOTATED = "slots_annotated"  # another field of our own
# What Label Studio says of a task, an annotation and a region besides; a prediction is no annotation.
SETTINGS = names_in("""
    predictions inner_id project task file_upload updated_by unique_id result_count
    total_annotations cancelled_annotations total_predictions was_postponed last_action
    comment_count unresolved_comment_count last_comment_updated_at comment_authors
    prediction parent_prediction parent_annotation last_created_by draft_created_at
    import_id to_name origin score type
""")
OLD = "completions"  # what annotations were called before 1.0


@dataclass(frozen=True)
class Annotation:
    """What one person said of one task: `moment` is when, as the file has it, empty if it does not say.

    `others` counts the regions that are neither of the intent nor of a slot.
    """

    utterance: Utterance
    where: str
    cancelled: bool = False
    ground_truth: bool = False
    moment: str = ""
    others: int = 0


def read(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read annotated tasks, of JSON or JSON_MIN; yields (where, utterance).

    `columns` names the fields of a task's data, and the Choices control of intents.
    """
    tasks = _tasks(path)
    if _is_minimal(tasks):
        yield from read_minimal(tasks, columns, bad)
        return
    controls, has_slots = configuration_of(tasks, columns, path)
    for task in tasks:
        with bad.tolerance():
            annotation = chosen(annotations_of(task, columns, controls, has_slots=has_slots), task.where, bad)
            if annotation is not None:
                data = task.need("data")
                bad.unused(data.content, {*columns.all(), IDENTITY, SLOTS_ANNOTATED}, data.where)
                task.tell_unread(bad, SETTINGS)
                yield task.where, annotation.utterance


def read_texts(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read the texts of all tasks, for a pool; raises as `read` does."""
    tasks = _tasks(path)
    minimal = _is_minimal(tasks)

    def utterance_of_task(task: Value) -> Utterance:
        data = task if minimal else task.need("data")
        text_of(data.mapping(), data.where, columns)
        return pool_utterance_of(_record(task, data, columns), data.where, columns)

    yield from bad.sift(tasks, utterance_of_task)


def _tasks(path: str) -> list[Value]:
    document = read_document(path)
    return [document] if isinstance(document.content, dict) else document.items()


def _is_minimal(tasks: list[Value]) -> bool:
    return not any(
        isinstance(task.content, dict) and isinstance(task.content.get("data"), dict) for task in tasks
    )


def configuration_of(tasks: Sequence[Value], columns: Columns, path: str) -> tuple[Controls, bool]:
    """Find the names of the controls in the annotations of a file, and whether there are slots.

    The Choices of intents are those named as `columns` has it, or the only ones but for those of domains.
    """
    seen: set[tuple[str, str]] = set()
    for task in tasks:
        for annotation in (*_objects(task.content, "annotations"), *_objects(task.content, OLD)):
            for region in _objects(annotation, "result"):
                kind, name = region.get("type"), region.get("from_name")
                if isinstance(kind, str) and isinstance(name, str):
                    seen.add((kind, name))
    choices = sorted(name for kind, name in seen if kind == CHOICES)
    domain = columns.domain if columns.domain in choices else None
    others = [name for name in choices if name != domain]
    if columns.intent in choices or not others:
        intent: str | None = columns.intent
    elif len(others) == 1:
        intent = others[0]
    else:
        raise InputError(
            f"{path}: several Choices have no name that says which are the intents ({', '.join(others)}); name them "
            "with --columns intent=NAME"
        )
    has_slots = any(kind == LABELS for kind, _ in seen)
    return Controls(intent, None, CONTROLS.text, domain), has_slots


def _objects(content: Any, name: str) -> list[dict[str, Any]]:
    items = content.get(name) if isinstance(content, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def annotations_of(task: Value, columns: Columns, controls: Controls, *, has_slots: bool) -> list[Annotation]:
    """Read all annotations of a task, also those that were cancelled; raises InputError where one is bad."""
    data = task.need("data")
    text_of(data.mapping(), data.where, columns)
    record = _record(task, data, columns)
    utterance_of(record, data.where, columns)
    readings = []
    for annotation in task.list_of("annotations") or task.list_of(OLD):
        cancelled = annotation.get("was_cancelled")
        truth = annotation.get("ground_truth")
        result = annotation.get("result")
        regions = None if result is None else regions_of(result, record[columns.text], controls)
        said = dict(record)
        if regions is not None:
            annotated = data.content_of(SLOTS_ANNOTATED)
            is_annotated = annotated if isinstance(annotated, bool) else has_slots
            said[columns.intent] = regions.intent
            said[columns.domain] = regions.domain or record.get(columns.domain)
            said[columns.slots] = regions.slots if regions.slots or is_annotated else None
        annotation.get("completed_by")  # who it was is no part of an utterance
        readings.append(
            Annotation(
                utterance_of(said, annotation.where, columns),
                annotation.where,
                cancelled=cancelled is not None and cancelled.flag(),
                ground_truth=truth is not None and truth.flag(),
                moment=str(annotation.content_of("updated_at") or annotation.content_of("created_at") or ""),
                others=0 if regions is None else regions.others,
            )
        )
    return readings


def _record(task: Value, data: Value, columns: Columns) -> dict[str, Any]:
    # All of the data, so that the sentence about a text that is missing can say what there is.
    record = {name: value.content for name, value in data.members()}
    record |= {columns.intent: None, columns.slots: None}
    identity = data.content_of(IDENTITY)
    if identity is None:
        identity = data.content_of(columns.id)
    record[columns.id] = task.content.get("id") if identity is None else identity
    return record


def chosen(annotations: Sequence[Annotation], where: str, bad: BadLines) -> Annotation | None:
    """Choose one of the annotations of a task; None if there is none that counts.

    What is left out is reported to `bad` as lost.
    """
    kept = [annotation for annotation in annotations if not annotation.cancelled]
    if not kept:
        what = "tasks that were skipped" if annotations else "tasks without an annotation"
        bad.lost(what, where)
        return None
    truths = [annotation for annotation in kept if annotation.ground_truth] or kept
    latest = max(enumerate(truths), key=lambda pair: (pair[1].moment, pair[0]))[1]
    if any(other.utterance != latest.utterance for other in truths):
        bad.lost("annotations that differ from the latest of their task", where)
    if latest.others:
        bad.lost("regions that are neither choices nor labels of the text", latest.where)
    return latest


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write utterances as tasks, one a line; the file appears whole or not at all."""
    tasks = []
    for utterance in utterances:
        if utterance.intent is None and utterance.slots is None:
            losses.report(
                "utterances without an annotation (they become tasks that wait for one)", named(utterance)
            )
        tasks.append(json.dumps(task_of(utterance), ensure_ascii=False))
    write_text(path, ["[\n", ",\n".join(tasks), "\n]\n"])


def task_of(utterance: Utterance, controls: Controls = CONTROLS) -> dict[str, Any]:
    """Make the task of an utterance; one that has neither intent nor slots is not annotated."""
    data: dict[str, Any] = {"text": utterance.text}
    values = {IDENTITY: utterance.id, "domain": utterance.domain, "split": utterance.split}
    data |= {name: value for name, value in values.items() if value is not None}
    if utterance.count != 1:
        data["count"] = utterance.count
    if utterance.intent is None and utterance.slots is None:
        return {"data": data}
    if not utterance.slots:
        data[SLOTS_ANNOTATED] = utterance.slots is not None
    result = result_of(utterance.text, utterance.intent, utterance.slots or (), controls)
    return {"data": data, "annotations": [{"result": result}]}


def prediction_of(
    text: str,
    intent: str | None,
    slots: Sequence[Slot],
    *,
    score: float,
    model_version: str,
    controls: Controls = CONTROLS,
) -> dict[str, Any]:
    """Make the prediction of a task; Label Studio shows the smallest score first, if it is asked for uncertainty."""
    return {
        "model_version": model_version,
        "score": score,
        "result": result_of(text, intent, slots, controls),
    }


def _sniff(sample: Sample) -> bool:
    tasks = sample.json if isinstance(sample.json, list) else [sample.json]
    return bool(tasks) and all(
        isinstance(task, dict)
        and (
            isinstance(task.get("data"), dict)
            or {"annotation_id", "annotator"} <= task.keys()
            or any(is_regions(value) and LABELS in value[0] for value in task.values())
        )
        for task in tasks[:-1] or tasks
    )


FORMAT = Format(
    read=read,
    blocks=utterance_blocks(read_texts),
    write_annotated=write_annotated,
    carries=ALL,
    loses="utterances without an annotation, which become tasks that wait for one; when read: predictions, and all but "
    "one annotation of a task",
    sniff=_sniff,
    sniffed='a list of objects with "data" (JSON), or with "annotation_id" or regions with "labels" (JSON_MIN)',
    columns=ALL_COLUMNS,
)


KNOWN_OF_ITEM = ("annotator", "annotation_id", "slots_annotated")


def read_minimal(items: Sequence[Value], columns: Columns, bad: BadLines) -> Utterances:
    """Read the items of a file; of several of one task, the latest counts.

    The intent is the member that `columns` names, or else the only one that holds choices; slots are every member
    that holds regions with labels.
    """
    contents = [item.content for item in items if isinstance(item.content, dict)]
    has_slots = any(is_regions(value) for content in contents for value in content.values())
    choices = {
        name
        for content in contents
        for name, value in content.items()
        if isinstance(value, dict) and isinstance(value.get(CHOICES), list)
    }
    named = any(columns.intent in content for content in contents)
    intent = columns.intent if named or len(choices) != 1 else choices.pop()
    latest: dict[str, tuple[str, str, Utterance]] = {}
    for index, item in enumerate(items):
        with bad.tolerance():
            utterance = _utterance_of_item(item, columns, intent, has_slots=has_slots)
            regions = {name for name, value in item.content.items() if is_regions(value)}
            known = {*columns.all(), *regions, intent, IDENTITY, *KNOWN_OF_ITEM}
            bad.unused(item.content, known, item.where, columns)
            moment = str(item.content_of("updated_at") or item.content_of("created_at") or "")
            task = item.content_of("id")
            key = f"item {index}" if task is None else f"task {task}"
            if key in latest:
                bad.lost("annotations other than the latest of their task", item.where)
            if key not in latest or moment >= latest[key][0]:
                latest[key] = (moment, item.where, utterance)
    for _, where, utterance in latest.values():
        yield where, utterance


def is_regions(value: Any) -> bool:
    """Whether a member of an item holds regions of the text."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and "start" in item for item in value)
    )


def _utterance_of_item(item: Value, columns: Columns, intent: str, *, has_slots: bool) -> Utterance:
    record = {name: member.content for name, member in item.members()}
    text = pool_utterance_of(record, item.where, columns).text
    slots = [
        slot_of(region, text)
        for _, member in item.members()
        if is_regions(member.content)
        for region in member.items()
        if region.content_of(LABELS)
    ]
    record[columns.slots] = slots if slots or has_slots else None
    record[columns.intent] = _intent_of_item(item, intent)
    if record.get(IDENTITY) is not None:
        record[columns.id] = record[IDENTITY]
    return utterance_of(record, item.where, columns)


def _intent_of_item(item: Value, name: str) -> str | None:
    member = item.get(name)
    if member is None or isinstance(member.content, str):
        return None if member is None else member.string()
    names = member.need(CHOICES).items()
    if len(names) > 1:
        raise member.wrong("one choice, the intent")
    return names[0].string() if names else None


EXPORTED = {"annotation_id", "lead_time"}


def read_table(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read the rows of an export as CSV or TSV, in whose cells regions and several choices are JSON."""
    items = []
    with on_disk(path) as file:
        for where, record in Table(file, path, ",", columns).records(bad):
            with bad.tolerance():
                for name, cell in record.items():
                    if isinstance(cell, str) and cell.startswith(("[", "{")) and name != columns.text:
                        record[name] = parse_document(cell.encode(errors="surrogateescape"), where).content
                items.append(Value(record, where))
    yield from read_minimal(items, columns, bad)


TABLE = Format(
    read=read_table,
    carries=ALL,
    loses="all but the latest annotation of a task",
    sniff=lambda sample: (
        {cell.strip('"') for cell in re.split(r"[,;|\t]", (*sample.lines, "")[0])} >= EXPORTED
    ),
    sniffed='"annotation_id" and "lead_time" in the header',
    columns=ALL_COLUMNS,
)
