"""Parquet as Hugging Face datasets has it: labels are whole numbers, whose names stand in the schema's metadata.

Slots are IOB2 tags of the tokens (`tokens`, `ner_tags`) beside the text; where there is no text, it is the tokens with
blanks between. A column of class labels without a name of its own, `label`, is the intent where no other is. -1 and
null are no label.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from canvass.corpus.formats import parquet
from canvass.corpus.formats.column_names import ALL_COLUMNS, Columns, missing_column
from canvass.corpus.formats.columns import utterance_blocks
from canvass.corpus.formats.format import Block, Format
from canvass.corpus.formats.losses import BadLines, Losses, Utterances
from canvass.corpus.formats.parquet import opened_parquet
from canvass.corpus.formats.pieces import list_of, pieces_of, record_of_tokens, spans_of_slots
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import ALL, utterance_of
from canvass.corpus.spans import OUTSIDE, is_tag, tags_of
from canvass.errors import InputError, damage, shown
from canvass.files import write_whole
from canvass.types import Utterance

METADATA = b"huggingface"
TOKENS, TAGS, LABEL = "tokens", "ner_tags", "label"
CLASS = "ClassLabel"
NO_LABEL = -1
PARQUET = b"PAR1"
VALUE_STRING: dict[str, Any] = {"dtype": "string", "_type": "Value"}
VALUE_INTEGER: dict[str, Any] = {"dtype": "int64", "_type": "Value"}


class Labels:
    """The names of class labels by column, from the metadata of a schema."""

    def __init__(self, schema: pa.Schema, path: str) -> None:
        words = f"{path}: the schema's metadata 'huggingface' is damaged"
        with damage(words, ValueError, AttributeError, TypeError, RecursionError, reason=shown):
            metadata = json.loads((schema.metadata or {}).get(METADATA, b"{}"))
            features = metadata.get("info", {}).get("features", {})
            self.names = {
                name: labels for name, feature in features.items() if (labels := _names(feature)) is not None
            }
            self.of_tokens = {
                name for name in self.names if features[name].__class__ is list or "feature" in features[name]
            }

    def of(self, column: str, value: Any, where: str) -> Any:
        """Find the name of a label; what is no whole number, or of a column without names, is returned as it is."""
        names = self.names.get(column)
        if names is None or not isinstance(value, int) or value == NO_LABEL:
            return None if value == NO_LABEL and names is not None else value
        if not 0 <= value < len(names):
            raise InputError(
                f"{where}: field {column!r} is {value}; expected -1 to {len(names) - 1}, its labels"
            )
        return names[value]

    def column_of_tags(self) -> str:
        """Name the column of tags: the usual one, or else the only one that has a class label for each token."""
        return next(iter(self.of_tokens)) if TAGS not in self.names and len(self.of_tokens) == 1 else TAGS

    def column_of_intents(self, columns: Columns) -> str:
        """Name the column of intents where none has the name: the usual one, or else the only one of class labels."""
        others = self.names.keys() - self.of_tokens - {columns.domain, columns.intent, columns.split}
        return next(iter(others)) if LABEL not in self.names and len(others) == 1 else LABEL

    def are_plain(self, column: str) -> bool | None:
        """Whether the names of a column are labels without B- and I-; None where they are not known."""
        names = self.names.get(column)
        return None if names is None else not any(is_tag(name) for name in names if name != OUTSIDE)


def _names(feature: Any) -> list[str] | None:
    """Find the names of a class label, alone or in a list (three ways to write one have been in use)."""
    if isinstance(feature, list):
        return _names(feature[0]) if len(feature) == 1 else None
    if isinstance(feature, dict) and feature.get("_type") == CLASS:
        names = feature.get("names")
        return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None
    if isinstance(feature, dict) and feature.get("_type") in ("Sequence", "List", "LargeList"):
        return _names(feature.get("feature"))
    return None


def read(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read an annotated file; yields (where, utterance)."""
    with opened_parquet(path) as file:
        schema = file.schema_arrow
        labels = Labels(schema, path)
        if columns.text not in schema.names and TOKENS not in schema.names:
            raise missing_column(path, columns.text, schema.names)
        tags, label = labels.column_of_tags(), labels.column_of_intents(columns)
        wanted = (*columns.all(), TOKENS, tags, label)
        names = [name for name in dict.fromkeys(wanted) if schema.names.count(name) == 1]
        parquet.report_unused(file, set(names), path, columns, bad)
        for where, record in parquet.rows_of(file, names, path, bad):
            with bad.tolerance():
                yield where, _utterance(record, labels, where, columns, bad)


def _utterance(
    record: dict[str, Any], labels: Labels, where: str, columns: Columns, bad: BadLines
) -> Utterance:
    column, label = labels.column_of_tags(), labels.column_of_intents(columns)
    for name in (columns.domain, columns.intent, columns.split, label):
        if name in record:
            record[name] = labels.of(name, record[name], where)
    if columns.intent not in record and label in labels.names:
        record[columns.intent] = record.get(label)
    tags = record.get(column)
    if tags is not None and column in labels.names:
        record[column] = [labels.of(column, tag, where) or OUTSIDE for tag in list_of(tags, column, where)]
    bad.unused(record, record.keys(), where, columns)
    return utterance_of(
        record_of_tokens(record, (TOKENS, column), columns, where, bad, plain=labels.are_plain(column)),
        where,
        columns,
    )


def blocks(path: str, columns: Columns, bad: BadLines, rows: int, **options: Any) -> Iterator[Block]:
    """Stream a pool in blocks of at most `rows` rows: the texts, or where there are none the tokens joined."""
    with opened_parquet(path) as file:
        has_text = columns.text in file.schema_arrow.names
    stream = parquet.blocks if has_text or options else utterance_blocks(read)
    return stream(path, columns, bad, rows, **options)


def pool_columns(path: str, columns: Columns) -> dict[str, str]:
    """Find the columns of a pool that the file has, with the kind of each; the text may be made of tokens."""
    with opened_parquet(path) as file:
        has_text = columns.text in file.schema_arrow.names
    return parquet.pool_columns(path, columns) if has_text else {}


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write utterances with class labels, tokens and tags; the file appears whole or not at all.

    Tokens are those of canvass, cut further where a slot begins or ends inside one.
    """
    known = list(utterances)
    tags: list[list[str] | None] = []
    tokens = []
    for utterance in known:
        pieces = pieces_of(utterance.text, utterance.slots or ())
        tokens.append([utterance.text[start:end] for start, end in pieces])
        spans = spans_of_slots(utterance, pieces, losses)
        tags.append(None if utterance.slots is None else tags_of(spans, len(pieces)))
    names = [OUTSIDE, *sorted({tag for own_tags in tags for tag in own_tags or ()} - {OUTSIDE})]
    places = {tag: index for index, tag in enumerate(names)}
    numbers = [None if own_tags is None else [places[tag] for tag in own_tags] for own_tags in tags]
    written = {
        "id": _strings_column([utterance.id for utterance in known]),
        "text": _strings_column([utterance.text for utterance in known]),
        "count": (pa.array([utterance.count for utterance in known], pa.int64()), VALUE_INTEGER),
        "domain": _classes([utterance.domain for utterance in known]),
        "intent": _classes([utterance.intent for utterance in known]),
        "split": _strings_column([utterance.split for utterance in known]),
        TOKENS: (pa.array(tokens, pa.list_(pa.string())), {"feature": VALUE_STRING, "_type": "Sequence"}),
        TAGS: (
            pa.array(numbers, pa.list_(pa.int64())),
            {"feature": {"names": names, "_type": CLASS}, "_type": "Sequence"},
        ),
    }
    for name, empty in (("id", None), ("count", 1), ("domain", None), ("intent", None), ("split", None)):
        if all(getattr(utterance, name) == empty for utterance in known):
            del written[name]
    info = {"info": {"features": {name: feature for name, (_, feature) in written.items()}}}
    table = pa.table({name: array for name, (array, _) in written.items()})
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({METADATA: json.dumps(info)}), sink)
    write_whole(path, sink.getvalue().to_pybytes())


def _strings_column(values: list[str | None]) -> tuple[pa.Array, dict[str, Any]]:
    return pa.array(values, pa.string()), VALUE_STRING


def _classes(values: list[str | None]) -> tuple[pa.Array, dict[str, Any]]:
    names = sorted({value for value in values if value is not None})
    places = {name: index for index, name in enumerate(names)}
    numbers = [None if value is None else places[value] for value in values]
    return pa.array(numbers, pa.int64()), {"names": names, "_type": CLASS}


def _sniff(sample: Sample) -> bool:
    if not sample.head.startswith(PARQUET):
        return False
    try:
        schema = pq.read_schema(sample.path)
        return bool(Labels(schema, sample.path).names) or (
            TOKENS in schema.names and "text" not in schema.names
        )
    except (pa.ArrowException, OSError, InputError, UnicodeDecodeError):
        return False


FORMAT = Format(
    read=read,
    blocks=blocks,
    write_annotated=write_annotated,
    carries=ALL,
    loses="slots of white space alone, and white space at the rims of slots; when read: other columns of labels",
    pool_columns=pool_columns,
    sniff=_sniff,
    sniffed="class labels in the schema's metadata",
    columns=ALL_COLUMNS,
    split=parquet.split,
    has_where=True,
)
