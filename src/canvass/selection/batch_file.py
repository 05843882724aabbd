"""A batch, its columns, as records, files and data frames have them, and its file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple, Self

import pyarrow as pa

from canvass.corpus.formats import output_format_of
from canvass.corpus.formats.column_names import USUAL
from canvass.errors import OptionError
from canvass.models.committee import MEMBERS
from canvass.models.nlu import NLU
from canvass.selection.partial import Counters
from canvass.types import Candidate, ModelAnswer, Prediction, Target, slot_records

SLOT = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())])
SQL_TYPES = {
    pa.int64(): "bigint",
    pa.string(): "string",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.list_(pa.string()): "array<string>",
    pa.list_(SLOT): "array<struct<start: bigint, end: bigint, label: string>>",
}


@dataclass(frozen=True)
class Batch:
    """The chosen utterances in rank order, with what a person should know about how they came about.

    `passed_over` counts, for each of them, the near copies that ranked high enough and gave way to others.
    """

    target: Target
    candidates: tuple[Candidate, ...]
    counters: Counters
    distinct: int
    distinct_passed: int
    warnings: tuple[str, ...]
    passed_over: tuple[int, ...] = ()

    def predicted_by(self, nlu: NLU) -> Self:
        """Take the predictions of other models; those that are there stay if these cannot predict."""
        if nlu.tagger is None:
            return self
        predictions = nlu.predict([candidate.text for candidate in self.candidates])
        pairs = zip(self.candidates, predictions, strict=True)
        return replace(
            self, candidates=tuple(shown_with(candidate, said, candidate.answer) for candidate, said in pairs)
        )

    @property
    def filled(self) -> int:
        """How many did not pass the filter and only fill the batch."""
        return sum(candidate.why == "fill" for candidate in self.candidates)


def shown_with(candidate: Candidate, ours: Prediction | None, answer: ModelAnswer | None) -> Candidate:
    """Show what the other model says of a candidate, and ours where it says nothing."""
    return replace(candidate, prediction=ours if answer is None else answer.over(ours), answer=answer)


class Column(NamedTuple):
    """A column of a batch: its name, its type in Arrow, and its value for a candidate (or for a prediction)."""

    name: str
    type: pa.DataType
    value: Callable[[Any], Any]


def _member_score(member: str, candidate: Candidate) -> float | None:
    return candidate.members.get(member)


PREDICTION_COLUMNS = (
    Column("predicted_intent", pa.string(), attrgetter("intent")),
    Column("intent_probability", pa.float64(), attrgetter("intent_probability")),
    Column("predicted_slots", pa.list_(SLOT), lambda prediction: slot_records(prediction.slots)),
    Column("tagger_confidence", pa.float64(), attrgetter("confidence")),
)
INTENT_COLUMNS, SLOT_COLUMNS = PREDICTION_COLUMNS[:2], PREDICTION_COLUMNS[2:]
# A batch of one target has no `also_for`, and one without a committee no scores of members.
CANDIDATE_COLUMNS = (
    Column("rank", pa.int64(), attrgetter("rank")),
    Column("id", pa.string(), attrgetter("id")),
    Column("text", pa.string(), attrgetter("text")),
    Column("count", pa.int64(), attrgetter("count")),
    Column("target", pa.string(), attrgetter("target")),
    Column("also_for", pa.list_(pa.string()), lambda candidate: list(candidate.also_for)),
    Column("strategy", pa.string(), attrgetter("strategy")),
    Column("why", pa.string(), attrgetter("why")),
    Column("score", pa.float64(), attrgetter("score")),
)
MEMBER_COLUMNS = tuple(
    Column(f"score_{member}", pa.float64(), partial(_member_score, member)) for member in MEMBERS
)


OWN_COLUMNS = {
    *(column.name for column in (*CANDIDATE_COLUMNS, *MEMBER_COLUMNS, *PREDICTION_COLUMNS)),
    *USUAL.all(),
    "task",
}


def batch_columns(*, several_targets: bool, committee: bool, intents: bool, slots: bool) -> list[Column]:
    """List the columns of a batch, in order: of members, intents and slots only where there are some."""
    return [
        *(column for column in CANDIDATE_COLUMNS if several_targets or column.name != "also_for"),
        *(MEMBER_COLUMNS if committee else ()),
        *(INTENT_COLUMNS if intents else ()),
        *(SLOT_COLUMNS if slots else ()),
    ]


def prediction_record(prediction: Prediction | None) -> dict[str, Any]:
    """Write a prediction as flat fields: those of the intent, of the slots, or of both, as they were predicted."""
    if prediction is None:
        return {}
    columns = [
        *(INTENT_COLUMNS if prediction.intent is not None else ()),
        *(SLOT_COLUMNS if prediction.tagged else ()),
    ]
    return {column.name: column.value(prediction) for column in columns}


def candidate_record(candidate: Candidate) -> dict[str, Any]:
    """Write a candidate as a flat record."""
    columns = batch_columns(
        several_targets=candidate.also_for is not None,
        committee=bool(candidate.members),
        intents=False,
        slots=False,
    )
    record = {column.name: column.value(candidate) for column in columns}
    return record | prediction_record(candidate.prediction) | with_columns(candidate.others)


def with_columns(others: Mapping[str, Any]) -> dict[str, Any]:
    """Give the other columns of a pool, those left out that a batch or a labelled set has itself."""
    return {name: value for name, value in others.items() if name not in OWN_COLUMNS}


def batches_as_rows(columns: Sequence[Column], batches: Sequence[Batch]) -> pa.RecordBatch:
    """Put the candidates of all batches into one Arrow batch, in rank order; columns of strings hold others as JSON."""
    records = [candidate_record(candidate) for batch in batches for candidate in batch.candidates]
    arrays = [
        pa.array([_fitting(record.get(column.name), column.type) for record in records], column.type)
        for column in columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])


def _fitting(value: Any, kind: pa.DataType) -> Any:
    if kind != pa.string() or value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def check_writable(path: str) -> None:
    """Refuse an output whose format is unknown or cannot be written, before any work is done."""
    kind = output_format_of(path)
    if kind.write is None:
        raise OptionError(f"{path}: {kind.name} cannot hold a batch; write .jsonl, .csv, .tsv or .parquet")


def write_batch(path: str, *batches: Batch) -> None:
    """Write a batch, or those of several targets one after the other; the file appears whole or not at all.

    Raises
    ------
    OptionError
        If the extension is of no format that can hold a batch.
    FileError
        If the file cannot be written.

    """
    check_writable(path)
    write = output_format_of(path).write
    assert write is not None, "checked above"
    write(path, [candidate_record(candidate) for batch in batches for candidate in batch.candidates])
