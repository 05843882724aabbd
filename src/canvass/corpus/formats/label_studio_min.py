"""Label Studio's JSON_MIN: each annotation an item, with the data; and its CSV and TSV, where that is a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import ALL_COLUMNS, Columns
from canvass.corpus.formats.delimited_rows import Table
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.label_studio_regions import CHOICES, IDENTITY, LABELS, single_choice, slot_of
from canvass.corpus.formats.located import Value, parse_document
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import on_disk
from canvass.corpus.formats.validation import ALL, pool_utterance_of, utterance_of
from canvass.types import Utterance

KNOWN = ("annotator", "annotation_id", "slots_annotated")


def read_minimal(items: Sequence[Value], columns: Columns, bad: BadLines) -> Utterances:
    """Read the items of a file; of several of one task, the latest counts.

    The intent is the member that `columns` names, or else the only one that holds choices; slots are every member
    that holds regions with labels.
    """
    contents = [item.content for item in items if isinstance(item.content, dict)]
    has_slots = any(is_regions(value) for content in contents for value in content.values())
    choices = {name for content in contents for name, value in content.items() if _is_choices(value)}
    named = any(columns.intent in content for content in contents)
    intent = columns.intent if named or len(choices) != 1 else choices.pop()
    latest: dict[str, tuple[str, str, Utterance]] = {}
    for index, item in enumerate(items):
        utterance = bad.attempt(partial(_utterance, item, columns, intent, has_slots=has_slots))
        if utterance is None:
            continue
        regions = {name for name, value in item.content.items() if is_regions(value)}
        bad.unused(item.content, {*columns.all(), *regions, intent, IDENTITY, *KNOWN}, item.where, columns)
        moment = str(item.content_of("updated_at") or item.content_of("created_at") or "")
        task = item.content_of("id")
        key = f"item {index}" if task is None else f"task {task}"
        if key in latest:
            bad.lost("annotations other than the latest of their task", item.where)
            if moment < latest[key][0]:
                continue
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


def _is_choices(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get(CHOICES), list)


def _utterance(item: Value, columns: Columns, intent: str, *, has_slots: bool) -> Utterance:
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
    record[columns.intent] = _intent(item, intent)
    if record.get(IDENTITY) is not None:
        record[columns.id] = record[IDENTITY]
    return utterance_of(record, item.where, columns)


def _intent(item: Value, name: str) -> str | None:
    member = item.get(name)
    if member is None or isinstance(member.content, str):
        return None if member is None else member.string()
    return single_choice(member.need(CHOICES), "intent")


KNOWN_OF_TABLE = {"annotation_id", "lead_time"}


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


def sniff_table(sample: Sample) -> bool:
    """Whether the header is that of an export."""
    return {cell.strip('"') for cell in re.split(r"[,;|\t]", (*sample.lines, "")[0])} >= KNOWN_OF_TABLE


TABLE = Format(
    name="label-studio-csv",
    read=read_table,
    carries=ALL,
    loses="all but the latest annotation of a task",
    sniff=sniff_table,
    sniffed='"annotation_id" and "lead_time" in the header',
    columns=ALL_COLUMNS,
)
