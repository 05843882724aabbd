"""A row of the table of formats, and the blocks in which the file of a pool is streamed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import Losses
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.where import Where
from canvass.types import Utterance

if TYPE_CHECKING:
    import pyarrow as pa

WHOLE = (0, 1 << 62)  # the part of a file that is all of it


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
class Parts:
    """How large files of a format are read in parts, so that several machines may share one.

    `split` cuts a file of a size in bytes into (start, end, bytes) of about so many bytes each, leaving out what a
    condition rules out as a whole; `blocks` streams one such part, in the order of the file.
    """

    split: Callable[[str, Columns, Where | None, int, int], list[tuple[int, int, int]]]
    blocks: Callable[..., Iterator[Block]]  # (path, columns, bad, rows, *, part, where)
    has_where: bool = False  # whether a condition may name columns of the file


@dataclass(frozen=True)
class Format:
    """One row of the table of formats.

    What reads raises InputError if a record is bad and the tolerance is used up, or the file is none of the format, and
    FileError if it cannot be read. What writes makes a file that appears whole or not at all; it raises InputError if
    something cannot be carried and that is refused, and FileError if the file cannot be written.

    `read` reads an annotated file, `blocks` streams a pool (see `columns.blocks_of` where it is None), `write` writes
    flat rows, `write_annotated` utterances that have only what the format `carries` (see `losses.carried`), reporting
    what it can still not carry; each other is None where the format cannot. `pool_columns` gives the used columns of a
    file and the kind of each, for formats whose files state it; `names` lists all columns of a file, by its head, for
    formats that can hold those of a model; `parts` is None where a file can only be read as a whole.

    `carries` names fields of an utterance, and "unannotated" where slots that are absent and slots that are empty
    stay different; `loses` says in words what does not survive a round trip.

    Several formats may share an extension. One without `sniff` is what a file of its extensions is taken for when no
    other recognises the content; the others are chosen by their `sniff` alone. `columns` are those whose names of
    `Columns` apply: whoever names columns means a format that reads all of them.
    """

    name: str
    extensions: tuple[str, ...]
    read: Callable[[str, Columns, BadLines], Utterances] | None
    carries: tuple[str, ...] = ("text", "intent", "slots")
    blocks: Callable[[str, Columns, BadLines, int], Iterator[Block]] | None = None
    write: Callable[[str, Iterable[dict[str, Any]]], None] | None = None
    loses: str = ""
    pool_columns: Callable[[str, Columns], dict[str, str]] | None = field(default=None)
    names: Callable[[str, Columns], Collection[str]] | None = None
    write_annotated: Callable[[str, Iterable[Utterance], Losses], None] | None = None
    sniff: Callable[[Sample], bool] | None = None
    sniffed: str = ""  # what `sniff` looks for, in words for the table
    columns: frozenset[str] = frozenset()
    # Of a format of several files beside each other: the one that stands for all, from one of them, their folder, or
    # what their names begin with.
    first_file: Callable[[str], str] | None = None
    beside: tuple[str, ...] = ()  # patterns of the files that are read along, from the folder of a file
    reads_folders: bool = False  # `sniff` and `read` take a folder that is a whole project, too
    parts: Parts | None = None
    blocks_where: Callable[..., Iterator[Block]] | None = (
        None  # as `blocks`, *, where; of a format without `parts`
    )

    @property
    def writes(self) -> bool:
        """Whether it can be written at all: flat rows, or annotated utterances."""
        return self.write is not None or self.write_annotated is not None
