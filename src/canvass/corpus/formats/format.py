"""The table of formats: a row and its place; a module is loaded when a file may be of its format."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses, Utterances
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.where import Where
from canvass.types import Utterance

if TYPE_CHECKING:
    import pyarrow as pa


class Place(NamedTuple):
    """A format by name, the module and the name of its row there, and the extensions of its files."""

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
    Place("massive", "research", (".jsonl",), "MASSIVE"),
    Place("slurp", "research", (".jsonl",), "SLURP"),
    Place("clinc150", "research", (".json",), "CLINC150"),
    Place("hwu64", "research", (".csv",), "HWU64"),
    Place("label-studio-csv", "label_studio", (".csv", ".tsv"), "TABLE"),
    Place("mtop", "mtop", (".txt", ".tsv")),
    Place("fasttext", "text", (".txt", ".ft"), "FASTTEXT"),
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


@dataclass(frozen=True)
class Block:
    """Rows of a pool that are processed together.

    `batch` has exactly the columns text (string, never null, valid UTF-8), id (string, may be null) and count
    (int64, at least 1), and those of a model that are read: score (float64, finite), intent (string, may be null),
    intent_probability and slots_probability (float64, from 0 to 1). Its arrays may be slices, so mind their offset.
    `consumed` is the number of bytes of the file that the block accounts for; the blocks of a file sum to its size.
    `file` is its name where a `Pool` reads it, and empty elsewhere.
    """

    batch: pa.RecordBatch
    consumed: int
    file: str = ""


@dataclass(frozen=True)
class Format:
    """One row of the table of formats.

    What reads raises InputError if a record is bad and the tolerance is used up, or the file is none of the format, and
    FileError if it cannot be read. What writes makes a file that appears whole or not at all; it raises InputError if
    something cannot be carried and that is refused, and FileError if the file cannot be written.

    `read` reads an annotated file, `blocks(path, columns, bad, rows)` streams a pool (see `columns.blocks_of` where it
    is None), `write` writes flat rows, `write_annotated` utterances that have only what the format `carries` (see
    `losses.carried`), reporting what it can still not carry; each other is None where the format cannot. `pool_columns`
    gives the used columns of a file and the kind of each, for formats whose files state it; `names` lists all columns
    of a file, by its head, for formats that can hold those of a model.

    `split` cuts a file of a size in bytes into (start, end, bytes) of about so many bytes each, so that several
    machines may share it, leaving out what a condition rules out as a whole; `blocks` then takes such a `part`, and
    streams it in the order of the file. It is None where a file can only be read as a whole. With `has_where`, `blocks`
    takes a condition `where`.

    `carries` names fields of an utterance, and "unannotated" where slots that are absent and slots that are empty
    stay different; `loses` says in words what does not survive a round trip.

    Several formats may share an extension. One without `sniff` is what a file of its extensions is taken for when no
    other recognises the content; the others are chosen by their `sniff` alone. `columns` are those whose names of
    `Columns` apply: whoever names columns means a format that reads all of them.
    """

    read: Callable[[str, Columns, BadLines], Utterances] | None
    carries: tuple[str, ...] = ("text", "intent", "slots")
    blocks: Callable[..., Iterator[Block]] | None = None
    write: Callable[[str, Iterable[dict[str, Any]]], None] | None = None
    loses: str = ""
    pool_columns: Callable[[str, Columns], dict[str, str]] | None = None
    names: Callable[[str, Columns], Collection[str]] | None = None
    write_annotated: Callable[[str, Iterable[Utterance], Losses], None] | None = None
    sniff: Callable[[Sample], bool] | None = None
    sniffed: str = ""  # what `sniff` looks for, in words for the table
    columns: frozenset[str] = frozenset()
    # Of a format of several files beside each other: the one that stands for all, from one of them, their folder, or
    # what their names begin with.
    first_file: Callable[[str], str] | None = None
    beside: tuple[str, ...] = ()  # patterns of the files that are read along, from the folder of a file
    split: Callable[[str, Columns, Where | None, int, int], list[tuple[int, int, int]]] | None = None
    has_where: bool = False  # whether a condition may name columns of the file
    # Of its place: what it is called (with an encoding where one is named, `csv:cp1252`), the extensions that its files
    # may have, the usual one first, and whether `sniff` and `read` take a folder that is a whole project, too.
    name: str = ""
    extensions: tuple[str, ...] = ()
    reads_folders: bool = False

    @property
    def writes(self) -> bool:
        """Whether it can be written at all: flat rows, or annotated utterances."""
        return self.write is not None or self.write_annotated is not None


@functools.cache
def _row(place: Place) -> Format:
    row: Format = getattr(importlib.import_module(f"{__package__}.{place.module}"), place.row)
    return replace(row, name=place.name, extensions=place.extensions, reads_folders=place.reads_folders)


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
