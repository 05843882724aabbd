"""The table of formats: where each row is; a module is loaded when a file may be of its format."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Collection, Iterator
from typing import NamedTuple

from canvass.corpus.formats.format import Format


class Place(NamedTuple):
    """A format by name, the module and the name of its row there, and the extensions that the row states, too."""

    name: str
    module: str
    extensions: tuple[str, ...]
    row: str = "FORMAT"
    reads_folders: bool = False


# A file's content is shown to them in this order, and the first that recognises it has it.
PLACES = (
    Place("jsonl", "jsonl", (".jsonl", ".ndjson")),
    Place("csv", "delimited", (".csv",), "CSV"),
    Place("tsv", "delimited", (".tsv",), "TSV"),
    Place("parquet", "parquet", (".parquet", ".pq")),
    Place("text", "text", (".txt",)),
    Place("huggingface", "huggingface", (".parquet", ".pq")),
    Place("rasa", "rasa", (".yml", ".yaml")),
    Place("rasa-md", "rasa", (".md",), "MARKDOWN"),
    Place("snips", "snips", (".json",)),
    Place("snips-benchmark", "snips", (".json",), "BENCHMARK"),
    Place("rasa-json", "rasa", (".json",), "JSON"),
    Place("alexa", "amazon", (".json",)),
    Place("massive", "slurp", (".jsonl",), "MASSIVE"),
    Place("slurp", "slurp", (".jsonl",), "SLURP"),
    Place("clinc150", "clinc150", (".json",)),
    Place("hwu64", "slurp", (".csv",), "HWU64"),
    Place("label-studio-csv", "label_studio_min", (".csv", ".tsv"), "TABLE"),
    Place("mtop", "mtop", (".txt", ".tsv")),
    Place("fasttext", "fasttext", (".txt", ".ft")),
    Place("conll", "conll", (".conll", ".conllu", ".bio", ".iob", ".iob2", ".txt")),
    Place("seq", "sequences", (".in",)),
    Place("label-studio", "label_studio", (".json",)),
    Place("prodigy", "prodigy", (".jsonl",)),
    Place("doccano", "doccano", (".jsonl",)),
    Place("spacy", "docbin", (".spacy",)),
    Place("clu", "microsoft", (".json",), "CLU"),
    Place("luis", "microsoft", (".json",), "LUIS"),
    Place("wit", "wit", (".json", ".zip"), reads_folders=True),
    Place("dialogflow", "dialogflow", (".zip",), "ES", reads_folders=True),
    Place("dialogflow-cx", "dialogflow", (".zip",), "CX", reads_folders=True),
    Place("mindmeld", "mindmeld", (".zip",), reads_folders=True),
    Place("lex", "amazon", (".zip",), "LEX"),
    Place("lex-v1", "amazon", (".json",), "LEX_V1"),
    Place("home-assistant", "voice", (".yaml", ".yml"), "HOME_ASSISTANT"),
    Place("snips-yaml", "snips", (".yaml", ".yml"), "YAML"),
    Place("rhasspy", "voice", (".ini",), "RHASSPY"),
    Place("padatious", "voice", (".intent",), "PADATIOUS"),
    Place("topv2", "mtop", (".tsv",), "TOPV2"),
    Place("brat", "brat", (".ann",)),
    Place("tokens", "json_records", (".jsonl",), "TOKENS_OF_LINES"),
    Place("json", "json_records", (".json",)),
    Place("ludown", "microsoft", (".lu",), "LUDOWN"),
)
NAMES = tuple(place.name for place in PLACES)
EXTENSIONS = tuple(dict.fromkeys(extension for place in PLACES for extension in place.extensions))


@functools.cache
def _row(place: Place) -> Format:
    row: Format = getattr(importlib.import_module(f"{__package__}.{place.module}"), place.row)
    return row


def rows_of(extension: str) -> list[Format]:
    """Load the rows of an extension, in the order of the table."""
    return [_row(place) for place in PLACES if extension in place.extensions]


def rows_of_folders() -> list[Format]:
    """Load the rows that take whole folders, in the order of the table."""
    return [_row(place) for place in PLACES if place.reads_folders]


def row_named(name: str) -> Format | None:
    """Load the row of a name; None if there is none."""
    return next((_row(place) for place in PLACES if place.name == name), None)


class _Table(Collection["Format"]):
    """All rows, loaded when they are asked for."""

    def __contains__(self, row: object) -> bool:
        return any(row is known for known in self)

    def __iter__(self) -> Iterator[Format]:
        return map(_row, PLACES)

    def __len__(self) -> int:
        return len(PLACES)


FORMATS = _Table()
