"""Tables of others, read only: HWU64, and Label Studio's CSV and TSV (the items of its JSON_MIN, a row each).

HWU64 has cells between semicolons, and slots marked in the answer. Liu et al., "Benchmarking Natural Language
Understanding Services for building Conversational Agents", IWSDS 2019. The corpus says of itself that rows whose status
begins with IRR are to be ignored, and that an intent is known by its scenario and itself. An answer that is `null` was
never given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import ALL_COLUMNS, Columns
from canvass.corpus.formats.delimited_rows import Table
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.markup import parse
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import on_disk
from canvass.corpus.formats.validation import ALL, utterance_of
from canvass.types import Slot, Utterance, slot_records

ANSWER, SCENARIO, INTENT, STATUS = "answer_annotation", "scenario", "intent", "status"
IRRELEVANT, NO_ANSWER = "IRR", "null"
DOUBLED = re.compile(r"\s:{2,}\s")  # a slip of the annotators: [date :: today]
# What else the corpus says: who was asked, and the answer before it was annotated.
KNOWN = frozenset(
    {ANSWER, SCENARIO, INTENT, STATUS, *("userid", "answerid", "question", "answer", "answer_normalised")}
)
TABLE = Columns(text=ANSWER, domain=SCENARIO)
COLUMNS = Columns(domain=SCENARIO)


def read_hwu64(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read annotated utterances; yields (where, utterance)."""
    with on_disk(path) as file:
        for where, row in Table(file, path, ";", TABLE).records(bad):
            with bad.tolerance():
                utterance = _utterance(row, where, bad)
                if utterance is not None:
                    yield where, utterance


def _utterance(row: dict[str, Any], where: str, bad: BadLines) -> Utterance | None:
    answer = row[ANSWER].strip()
    if not answer or answer == NO_ANSWER or (row.get(STATUS) or "").startswith(IRRELEVANT):
        bad.rejected("rows without an answer, or marked as irrelevant", where)
        return None
    bad.unused(row, KNOWN, where)
    text, slots = parse(DOUBLED.sub(" : ", answer))
    scenario, intent = row.get(SCENARIO), row.get(INTENT)
    record = {
        "text": text,
        SCENARIO: scenario,
        "intent": f"{scenario}_{intent}" if scenario and intent else intent,
        "slots": slot_records(_trimmed(text, slots)),
    }
    return utterance_of(record, where, COLUMNS)


def _trimmed(text: str, slots: list[Slot]) -> Iterator[Slot]:
    """Take the white space between words and brackets away: `[date : today ]`; a mark around nothing is no slot."""
    for slot in slots:
        words = text[slot.start : slot.end]
        start = slot.start + len(words) - len(words.lstrip())
        end = slot.end - len(words) + len(words.rstrip())
        if start < end:
            yield Slot(start, end, slot.label)


def sniff_hwu64(sample: Sample) -> bool:
    """Whether the header names the columns of HWU64, between semicolons."""
    names = [name.strip(' "') for name in sample.lines[0].split(";")] if sample.lines else []
    return {ANSWER, SCENARIO, INTENT} <= set(names)


HWU64 = Format(
    name="hwu64",
    read=read_hwu64,
    carries=("text", "domain", "intent", "slots"),
    loses="who answered which question how; rows that were marked as irrelevant",
    sniff=sniff_hwu64,
    sniffed='"answer_annotation" in a header with semicolons',
)


EXPORTED = {"annotation_id", "lead_time"}


def read_label_studio(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read the rows of an export as CSV or TSV, in whose cells regions and several choices are JSON."""
    # Not before they are needed: a CSV file is shown to this module, whatever is in it.
    from canvass.corpus.formats.label_studio import read_minimal
    from canvass.corpus.formats.located import Value, parse_document

    items = []
    with on_disk(path) as file:
        for where, record in Table(file, path, ",", columns).records(bad):
            with bad.tolerance():
                for name, cell in record.items():
                    if isinstance(cell, str) and cell.startswith(("[", "{")) and name != columns.text:
                        record[name] = parse_document(cell.encode(errors="surrogateescape"), where).content
                items.append(Value(record, where))
    yield from read_minimal(items, columns, bad)


def sniff_label_studio(sample: Sample) -> bool:
    """Whether the header is that of an export."""
    return {cell.strip('"') for cell in re.split(r"[,;|\t]", (*sample.lines, "")[0])} >= EXPORTED


LABEL_STUDIO = Format(
    name="label-studio-csv",
    read=read_label_studio,
    carries=ALL,
    loses="all but the latest annotation of a task",
    sniff=sniff_label_studio,
    sniffed='"annotation_id" and "lead_time" in the header',
    columns=ALL_COLUMNS,
)
