"""Records in one JSON value: a list of objects, or columns as pandas writes them; and records of tokens with tags.

Each record is what a line of JSON Lines would be: of Prodigy, of doccano, or with canvass's own names. `tokens` and
`ner_tags` (or `tags`), as data sets of Hugging Face have them, are read from JSON and from JSON Lines.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from canvass.corpus.formats import doccano, prodigy
from canvass.corpus.formats.column_names import ALL_COLUMNS, Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, read_document, read_lines
from canvass.corpus.formats.losses import BadLines, Utterances
from canvass.corpus.formats.pieces import record_of_tokens
from canvass.corpus.formats.sniffing import SAMPLE_LINES, Sample
from canvass.corpus.formats.validation import ALL, utterance_of
from canvass.types import Utterance

TOKENS, TAGS = ("tokens", "words"), ("ner_tags", "tags")


def read(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read the records of a JSON file; yields (where, utterance)."""
    records = _records(read_document(path), columns)
    sample = replace(_sample([record.content for record in records]), text_field=columns.text)
    for kind in (prodigy, doccano):
        if columns.named() <= kind.FORMAT.columns and kind.sniff(sample):
            yield from kind.utterances_of(records, columns, bad)
            return
    yield from bad.sift(records, _utterance, columns, bad)


def read_lines_of_tokens(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read JSON Lines with tokens and tags; raises as `read` does."""
    return bad.sift(read_lines(path, bad), _utterance, columns, bad)


def _utterance(record: Value, columns: Columns, bad: BadLines) -> Utterance:
    content = record.mapping()
    tokens = next((name for name in TOKENS if isinstance(content.get(name), list)), TOKENS[0])
    tags = next((name for name in TAGS if name in content and tokens in content), "")
    made = record_of_tokens(content, (tokens, tags), columns, record.where, bad)
    utterance = utterance_of(made, record.where, columns)
    bad.unused(content, {*columns.all(), tokens, tags}, record.where, columns)
    return utterance


def _records(document: Value, columns: Columns) -> list[Value]:
    """Take the records of a list, or make them of columns: {"text": {"0": "...", ...}} or {"text": ["...", ...]}."""
    if isinstance(document.content, list):
        return document.items()
    parts = dict(document.members())
    if columns.text not in parts:
        raise document.wrong(f"a list of objects, or an object with columns, one of them {columns.text!r}")
    rows: dict[str, dict[str, Any]] = {}
    for name, part in parts.items():
        cells = (
            part.members()
            if isinstance(part.content, dict)
            else [(str(i), x) for i, x in enumerate(part.items())]
        )
        for key, cell in cells:
            rows.setdefault(key, {})[name] = cell.content
    return [Value(row, document.file, f"$.*[{key!r}]") for key, row in rows.items()]


def _sample(records: list[Any]) -> Sample:
    lines = [json.dumps(record) for record in records[:SAMPLE_LINES]]
    return Sample("", "\n".join(lines).encode())


def _is_of_tokens(record: Any) -> bool:
    return isinstance(record, dict) and any(
        isinstance(record.get(tokens), list) and isinstance(record.get(tags), list)
        for tokens in TOKENS
        for tags in TAGS
    )


def _sniff(sample: Sample) -> bool:
    value = sample.json
    if isinstance(value, dict):
        texts = value.get(sample.text_field)
        cells = list(texts.values()) if isinstance(texts, dict) else texts
        return (
            isinstance(cells, list)
            and bool(cells)
            and all(isinstance(cell, str) for cell in cells[:-1] or cells)
        )
    if not isinstance(value, list):
        return False
    having = [
        item
        for item in value
        if isinstance(item, dict) and (isinstance(item.get(sample.text_field), str) or _is_of_tokens(item))
    ]
    return len(having) * 2 > len(value) - 1 and bool(having)


FORMAT = Format(
    read=read,
    carries=ALL,
    loses="what the same records in JSON Lines would lose",
    sniff=_sniff,
    sniffed='a list of objects with "text", or "tokens" and "ner_tags"; or columns with "text"',
    columns=ALL_COLUMNS,
)
TOKENS_OF_LINES = Format(
    read=read_lines_of_tokens,
    carries=ALL,
    loses="other lists of tags",
    sniff=lambda sample: sample.has_records(
        lambda record: sample.text_field not in record and _is_of_tokens(record)
    ),
    sniffed='"tokens" with "ner_tags" or "tags" on most lines, and no "text"',
    columns=ALL_COLUMNS,
)
