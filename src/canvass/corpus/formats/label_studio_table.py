"""Label Studio's CSV and TSV: the items of JSON_MIN, a row each."""

from __future__ import annotations

import re

from canvass.corpus.formats.annotated import ALL
from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import ALL_COLUMNS, Columns
from canvass.corpus.formats.delimited import Table
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import on_disk

KNOWN_OF_TABLE = {"annotation_id", "lead_time"}


def read_table(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read the rows of an export as CSV or TSV, in whose cells regions and several choices are JSON."""
    from canvass.corpus.formats.label_studio_min import read_minimal
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


def sniff_table(sample: Sample) -> bool:
    """Whether the header is that of an export."""
    return {cell.strip('"') for cell in re.split(r"[,;|\t]", (*sample.lines, "")[0])} >= KNOWN_OF_TABLE


TABLE = Format(
    name="label-studio-csv",
    extensions=(".csv", ".tsv"),
    read=read_table,
    carries=ALL,
    loses="all but the latest annotation of a task",
    sniff=sniff_table,
    sniffed='"annotation_id" and "lead_time" in the header',
    columns=ALL_COLUMNS,
)
