"""What people annotated, as files: utterances to train on, and every answer with who gave it and when.

A request is what anybody typed, and `=HYPERLINK("https://...")` in a cell of CSV runs in the spreadsheet of whoever
opens it (OWASP, "CSV Injection"). An apostrophe before it makes it text, on the way out, and is taken away on the way
in; the offsets of slots move with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from canvass.annotation.project.annotations import utterance_record
from canvass.annotation.project.creation import without_keys_of
from canvass.annotation.project.project import Project
from canvass.annotation.store.records import ALONE, Answer, Task
from canvass.corpus.formats import output_format_of
from canvass.corpus.formats.choice import annotated_writer
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.losses import Losses, carried
from canvass.corpus.normalise import key_of
from canvass.errors import OptionError
from canvass.files import split_name
from canvass.types import Utterance, slot_records

SLOTS = ("slots", "guessed_slots", "predicted_slots")
MARK = "'"
# Full-width forms as well: East Asian spreadsheets read them.
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - these are meant
SPREADSHEETS = (".csv", ".tsv")
TEXT = "text"


def exported(project: Project, *, everything: bool = False) -> list[Utterance]:
    """List what people annotated; with `everything`, after what was annotated before the project began.

    An answer stands in the place of what was annotated before of the same key. With `everything`, the split says where
    an utterance belongs: "test" if it was held out, so that nobody trains on it by accident; what was held out stays
    as it was.
    """
    answered = project.answered()
    if not everything:
        return answered
    test = list(project.test) if project.settings.project.test == "fifth" else []
    answered = without_keys_of(answered, test)
    before = without_keys_of(project.labelled, answered)
    return [
        *(replace(utterance, split="train") for utterance in (*before, *answered)),
        *(replace(utterance, split="test") for utterance in test),
    ]


def answer_records(project: Project) -> list[dict[str, Any]]:
    """List every answer that was ever given, in their order, as flat records; docs/projects.md says what they hold."""
    store = project.store
    counts = {answer.id for _, answer in store.accepted()}
    tasks = {task.id: task for task in store.tasks()}
    return [
        _answer_record(tasks[answer.task], answer, accepted=answer.id in counts)
        for answer in store.answers(current_only=False)
    ]


def _answer_record(task: Task, answer: Answer, *, accepted: bool) -> dict[str, Any]:
    prediction = answer.prediction
    return {
        "answer": answer.id,
        "task": task.id,
        "id": task.utterance,
        "text": task.text,
        "count": task.count,
        "source": task.source,
        "annotator": answer.annotator,
        "at": datetime.fromtimestamp(answer.at, UTC).isoformat(timespec="milliseconds"),
        "kind": answer.kind,
        "domain": answer.domain,
        "intent": answer.intent,
        "slots": slot_records(answer.slots),
        "flagged": answer.flagged,
        "note": answer.note,
        "seconds": answer.seconds,
        "current": answer.current,
        "accepted": accepted,
        "replaces": answer.replaces,
        "adjudicates": answer.adjudicates,
        "copies": answer.copies,
        "shown": answer.shown is not None,
        "guessed_intent": prediction and prediction.intent,
        "guessed_slots": None if prediction is None else slot_records(prediction.slots),
        "guess_confidence": prediction and prediction.confidence,
        "guess_round": prediction and prediction.round,
    }


def write_records(path: str, records: Iterable[dict[str, Any]], *, guard: bool = True) -> int:
    """Write flat records in the format of the extension; the file appears whole or not at all.

    Cells that a spreadsheet would take for formulas are marked, in CSV and TSV and unless `guard` is False; returns how
    many records have some.

    Raises OptionError if the extension is of no format that can hold them, and FileError if the file cannot be written.
    """
    kind = output_format_of(path)
    if kind.write is None:
        raise OptionError(
            f"{path}: {kind.name} cannot hold annotations; write .jsonl, .csv, .tsv or .parquet"
        )
    return _write_rows(kind, path, list(records), guard=guard)


def _write_rows(kind: Format, path: str, rows: list[dict[str, Any]], *, guard: bool) -> int:
    assert kind.write is not None, "checked by whoever chose it"
    marked = 0
    if guard and is_for_spreadsheets(path):
        safe = [guarded(row, SLOTS) for row in rows]
        marked = sum(before != after for before, after in zip(rows, safe, strict=True))
        rows = safe
    kind.write(path, rows)
    return marked


@dataclass(frozen=True)
class Exported:
    """What was written: utterances, how many of them had cells marked, and what the format could not carry."""

    utterances: int
    marked: int
    losses: Losses


def write_export(
    path: str, project: Project, *, name: str | None = None, everything: bool = False, guard: bool = True
) -> Exported:
    """Write what `exported` lists, in the format `name` or else that of the extension.

    If an assistant answered some of it alone, a table has its name in the column `assistant`.

    Raises OptionError if there is no such format, or it can only be read, and FileError if the file cannot be written.
    """
    kind = output_format_of(path, name)
    utterances = exported(project, everything=everything)
    losses = Losses()
    if kind.write is not None:
        records = [utterance_record(utterance) for utterance in utterances]
        alone = {
            task.key: answer.annotator.removeprefix(ALONE)
            for task, answer in project.store.accepted()
            if answer.alone
        }
        if alone:
            records = [{**record, "assistant": alone.get(key_of(record["text"]))} for record in records]
        return Exported(len(records), _write_rows(kind, path, records, guard=guard), losses)
    annotated_writer(kind, path)(path, carried(utterances, kind.carries, losses), losses)
    return Exported(len(utterances), 0, losses)


def is_for_spreadsheets(path: str) -> bool:
    """Whether a file is one that spreadsheets open by a click.

    >>> is_for_spreadsheets("answers.CSV.gz"), is_for_spreadsheets("answers.jsonl")
    (True, False)
    """
    return split_name(path)[0] in SPREADSHEETS


def guarded(record: Mapping[str, Any], slots: Iterable[str] = ("slots",)) -> dict[str, Any]:
    """Mark every text of a flat record that a spreadsheet would run; `slots` are lists of offsets into its `text`.

    >>> guarded({"text": "=1+1 please", "slots": [{"start": 0, "end": 4, "label": "sum"}]})
    {'text': "'=1+1 please", 'slots': [{'start': 1, 'end': 5, 'label': 'sum'}]}
    """
    marked: dict[str, Any] = {
        name: f"{MARK}{value}" if isinstance(value, str) and value.startswith(BEGINNINGS) else value
        for name, value in record.items()
    }
    if marked.get(TEXT) != record.get(TEXT):
        for name in slots:
            if marked.get(name):
                marked[name] = [
                    {**slot, "start": slot["start"] + 1, "end": slot["end"] + 1} for slot in marked[name]
                ]
    return marked


def unguarded(text: str) -> str | None:
    """Take the mark away; None where a text has none.

    >>> unguarded("'=1+1"), unguarded("'tis so")
    ('=1+1', None)
    """
    rest = text.removeprefix(MARK)
    return rest if rest != text and rest.startswith(BEGINNINGS) else None
