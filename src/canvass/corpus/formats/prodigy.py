"""Prodigy's JSON Lines: tasks with tokens, spans, options and an answer.

Offsets are code points, `end` exclusive; `token_start` and `token_end` are numbers of tokens, both inclusive.
An intent is the accepted option of a choice, or the label of a task that was accepted. Only answers that accept
are annotations: tasks that were rejected or ignored are left out, and counted. The spans of a yes-or-no question (a
task with a label of its own, or one shown without means to mark others) do not say that there are no others, so such
a task has no annotation of slots.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from canvass.corpus.formats import jsonl
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import utterance_blocks
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, read_lines, read_texts, slot_record
from canvass.corpus.formats.losses import BadLines, Losses, Utterances
from canvass.corpus.formats.pieces import covered, pieces_of
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import ALL, NOT_LABELS, record_of, utterance_of
from canvass.errors import InputError, shown
from canvass.types import Slot, Utterance

COLUMNS = Columns(slots="spans")
ACCEPTED, ANSWERS = "accept", ("accept", "reject", "ignore")
# Prodigy's own keys, one of which every task has that went through it.
MARKS = ("_input_hash", "_task_hash", "_view_id", "_session_id")

# Interfaces that show spans, but do not let people mark them; and those that do.
YES_OR_NO = ("ner", "spans")
MANUAL = ("ner_manual", "spans_manual")
REFUSED = ("reject", "ignore")
KNOWN = frozenset(
    {"id", "count", "domain", "split", "tokens", "spans", "label", "options", "accept", "answer"}
)
KNOWN_OF_SPAN = frozenset(
    {"start", "end", "token_start", "token_end", "label", "answer", "text", "score", "source"}
)


def read(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read annotated tasks; yields (where, utterance)."""
    yield from utterances_of(read_lines(path, bad), columns, bad)


def utterances_of(tasks: Iterable[Value], columns: Columns, bad: BadLines) -> Utterances:
    """Read tasks, wherever they stand; raises InputError as `read`."""
    for task in tasks:
        with bad.tolerance():
            answer = _answer(task)
            if answer == ACCEPTED:
                yield task.where, _utterance(task, columns, bad)
                bad.unused(task.content, KNOWN | {columns.text}, task.where)
            else:  # need not be sound
                bad.rejected("tasks that were rejected or ignored", f"{task.where}: answer {answer!r}")


def _answer(task: Value) -> str:
    answer = task.get("answer")
    if answer is None:
        return ACCEPTED  # a task that was made elsewhere, with what its author knew
    if answer.content not in ANSWERS:
        raise answer.wrong(", ".join(ANSWERS))
    return answer.string()


def _utterance(task: Value, columns: Columns, bad: BadLines) -> Utterance:
    text = task.need(columns.text).string()
    member = task.get("spans")
    spans = None if member is None else member.items()
    view = task.content.get("_view_id")
    single = "label" in task.content and "accept" not in task.content
    if spans is not None and (single or view in YES_OR_NO):
        if spans:
            bad.lost("spans of yes-or-no questions", f"{task.where}: $.spans")
        spans = None
    if spans is None and view in MANUAL:
        spans = []  # Prodigy leaves the list out where nobody marked anything
    kept = []
    for span in spans or ():
        if span.content_of("answer") in REFUSED:
            bad.rejected("spans that were rejected", span.where)
        else:
            bad.unused(span.content, KNOWN_OF_SPAN, span.where)
            kept.append(_span(span, text, task))
    record = {"text": text, "intent": _intent(task, bad), "spans": None if spans is None else kept}
    for name in ("id", "count", "domain", "split"):
        record[name] = task.content.get(name)
    return utterance_of(record, task.where, COLUMNS)


def _intent(task: Value, bad: BadLines) -> str | None:
    accepted, label = task.get("accept"), task.get("label")
    if accepted is None:
        return None if label is None else label.string()
    if label is not None:
        bad.lost("labels beside accepted options", f"{label.where} is {shown(label.content)}")
    names = [_option(item, task) for item in accepted.items()]
    if len(names) > 1:
        raise accepted.wrong("at most one option, the intent")
    return names[0] if names else None


def _option(accepted: Value, task: Value) -> str:
    """Name an accepted option: by its id, or its text where the ids are numbers."""
    if isinstance(accepted.content, str):
        return accepted.content
    number = accepted.integer()
    for option in task.list_of("options"):
        if option.content_of("id") == number and option.get("text") is not None:
            return option.need("text").string()
    return str(number)


def _span(span: Value, text: str, task: Value) -> dict[str, Any]:
    """Take a span by its offsets; what its tokens say must be the same, and will do alone."""
    label = span.need("label").name()
    begin, end = span.get("start"), span.get("end")
    first, last = span.get("token_start"), span.get("token_end")
    tokens = task.get("tokens")
    by_tokens = None
    if first is not None and last is not None and tokens is not None:
        known = tokens.items()
        if not 0 <= first.integer() <= last.integer() < len(known):
            raise InputError(
                f"{span.where}: token_start {shown(first.content)} and token_end {shown(last.content)} (inclusive) are "
                f"not among the {len(known)} tokens"
            )
        by_tokens = (
            known[first.integer()].need("start").integer(),
            known[last.integer()].need("end").integer(),
        )
    if begin is None and end is None and by_tokens is not None:
        return slot_record(text, by_tokens, label, span.where)
    offsets = span.need("start").integer(), span.need("end").integer()
    if by_tokens is not None and offsets != by_tokens:
        raise InputError(
            f"{span.where}: start and end are {shown(offsets)}, but its tokens, token_end inclusive, go from "
            f"{by_tokens[0]} to {by_tokens[1]}; expected the same"
        )
    return slot_record(text, offsets, label, span.where)


def write_annotated(path: str, utterances: Iterable[Utterance], _: Losses) -> None:
    """Write utterances as accepted tasks, each with all intents as options; the file appears whole or not at all."""
    known = list(utterances)
    intents = sorted({utterance.intent for utterance in known if utterance.intent is not None})
    options = [{"id": intent, "text": intent} for intent in intents]
    jsonl.write(path, (task_of(utterance, options) for utterance in known))


def task_of(utterance: Utterance, options: list[dict[str, str]]) -> dict[str, Any]:
    """Make the task of an utterance; what is None is left out of it."""
    pieces = pieces_of(utterance.text, utterance.slots or ())
    task = record_of(utterance, NOT_LABELS)
    task["tokens"] = [
        {
            "text": utterance.text[start:end],
            "start": start,
            "end": end,
            "id": index,
            "ws": utterance.text[end : end + 1] == " ",
        }
        for index, (start, end) in enumerate(pieces)
    ]
    if utterance.slots is not None:
        task["spans"] = [_span_of(slot, pieces) for slot in utterance.slots]
    if utterance.intent is not None:
        task |= {"options": options, "accept": [utterance.intent]}
    return task | {"answer": ACCEPTED}


def _span_of(slot: Slot, pieces: list[tuple[int, int]]) -> dict[str, Any]:
    span: dict[str, Any] = {"start": slot.start, "end": slot.end}
    tokens = covered(slot, pieces)
    if tokens is not None and (pieces[tokens[0]][0], pieces[tokens[1]][1]) == (slot.start, slot.end):
        span |= {"token_start": tokens[0], "token_end": tokens[1]}
    return span | {"label": slot.label}


def sniff(sample: Sample) -> bool:
    """Whether some line has a text with Prodigy's own keys, an answer, its spans or its options."""
    return any(
        isinstance(record.get(sample.text_field), str) and _is_task(record) for record in sample.records
    )


def _is_task(record: dict[str, Any]) -> bool:
    if any(mark in record for mark in MARKS) or record.get("answer") in ANSWERS:
        return True
    spans = record.get("spans")
    has_spans = isinstance(spans, list) and any(
        isinstance(span, dict) and "label" in span and span.keys() & {"start", "token_start"}
        for span in spans
    )
    return has_spans or (isinstance(record.get("accept"), list) and isinstance(record.get("options"), list))


FORMAT = Format(
    read=read,
    blocks=utterance_blocks(read_texts),
    write_annotated=write_annotated,
    carries=ALL,
    loses="nothing; when read: hashes, sessions, meta, and tasks that were rejected or ignored",
    sniff=sniff,
    sniffed='"text" with "answer", "_task_hash", "spans" or "accept" and "options" on some lines',
    columns=frozenset({"text"}),
)
