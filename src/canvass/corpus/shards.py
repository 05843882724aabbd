"""Shards of a pool for several machines: ranges of large files, and groups of small files.

A shard is what one task reads: a range of one file, or several whole files. The rows of a shard depend on the files
alone, and the batch does not depend on the shards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, field
from typing import Any, Self

from canvass.corpus.formats import format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import blocks_of
from canvass.corpus.formats.format import Block
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.storage import sizes_of
from canvass.corpus.where import Where, partition_of
from canvass.errors import FileError, InputError, OptionError
from canvass.files import STANDARD_STREAM

SMALLEST, LARGEST = 16 << 20, 256 << 20  # bounds of a shard's size, in stored bytes
MOST_SHARDS = 10_000


@dataclass(frozen=True)
class FileRange:
    """A file of a pool, or a range of it.

    * `file`: its name.
    * `number`: its number among all files of the pool.
    * `format`: name of its format.
    * `size`: stored bytes of the range; None if unknown.
    * `range`: (start, end) in the units of the format (bytes, row groups); None for the whole file.
    """

    file: str
    number: int
    format: str
    size: int | None = None
    range: tuple[int, int] | None = None


@dataclass(frozen=True)
class Shard:
    """What one task reads: whole files, or one of several ranges of a file.

    >>> shard = Shard((FileRange("a.jsonl", 0, "jsonl", 100), FileRange("b.jsonl", 1, "jsonl", 50)))
    >>> shard.size, Shard.of_record(shard.to_record()) == shard
    (150, True)
    """

    ranges: tuple[FileRange, ...]

    @property
    def size(self) -> int:
        """Stored bytes of all ranges; unknown sizes count as 0."""
        return sum(file_range.size or 0 for file_range in self.ranges)

    @property
    def split_file(self) -> int | None:
        """The number of the file that this is a range of; None if the shard has whole files."""
        return self.ranges[0].number if self.ranges[0].range is not None else None

    def to_record(self) -> list[tuple[Any, ...]]:
        """Convert to built-in types, to send to workers."""
        return [astuple(file_range) for file_range in self.ranges]

    @classmethod
    def of_record(cls, record: list[tuple[Any, ...]]) -> Self:
        """Restore from what `to_record` returned."""
        return cls(tuple(FileRange(*values) for values in record))


@dataclass(frozen=True)
class ReadOptions:
    """Options for reading the files of a pool, the same for all files and machines.

    * `columns`: names of the columns to read.
    * `rows`: rows of a block.
    * `skip_bad`: bad lines tolerated.
    * `where`: condition on the rows, as `Where.parse` reads it.
    * `skip_bad_files`: whether files that cannot be read are left out.
    """

    columns: Columns = field(default_factory=Columns)
    rows: int = 65_536
    skip_bad: int = 0
    where: str | None = None
    skip_bad_files: bool = False

    @property
    def tolerated(self) -> int | None:
        """Number of bad lines with which a file is still read; None if an unreadable file is an error."""
        return self.skip_bad if self.skip_bad_files else None

    def to_record(self) -> dict[str, Any]:
        """Convert to built-in types, to send to workers."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> Self:
        """Restore from what `to_record` returned."""
        columns = record["columns"] | {"model": tuple(record["columns"]["model"])}
        return cls(**(record | {"columns": Columns(**columns)}))

    def blocks(self, file_range: FileRange, bad: BadLines) -> Iterator[Block]:
        """Stream the rows of a range of a file; raises InputError or FileError as the reader of the format does."""
        kind = format_of(file_range.file, file_range.format)
        where = _open_condition(self.where, file_range.file)
        if where is not None and not kind.has_where:
            raise _unknown_column(where, file_range.file)
        given = {"part": file_range.range, "where": where}
        options = {name: value for name, value in given.items() if value is not None}
        return blocks_of(kind)(file_range.file, self.columns, bad, self.rows, **options)


def _open_condition(words: str | None, path: str) -> Where | None:
    """Parse the condition that rows of a file must meet; None if the path of the file decides it."""
    where = None if words is None else Where.parse(words)
    return None if where is None or where.decide(partition_of(path)) else where


def _unknown_column(where: Where, path: str) -> InputError:
    missing = [name for name in where.columns() if name not in partition_of(path)]
    return InputError(
        f"--where names {missing[0]!r}, which is not in the path of {path} ({missing[0]}=.../), and only rows of "
        "Parquet, JSON Lines, CSV and TSV can be chosen by their columns"
    )


def ranges_of(files: Sequence[str], options: ReadOptions, override: str | None) -> list[FileRange]:
    """List the files, as whole ranges, that the condition does not exclude by their paths.

    Raises FileError if the condition excludes all files.
    """
    where = None if options.where is None else Where.parse(options.where)
    if where is not None:
        kept = [file for file in files if where.decide(partition_of(file)) is not False]
        if not kept:
            raise FileError(
                f"--where {where.words!r} leaves out all {len(files)} files by their paths, such as {files[0]}"
            )
        files = kept
    return [
        FileRange(file, number, format_of(file, override, options.columns).name, size)
        for number, (file, size) in enumerate(zip(files, sizes_of(files), strict=True))
    ]


def cut(files: Sequence[FileRange], options: ReadOptions, step: int | None = None) -> list[Shard]:
    """Cut whole files into shards of about `step` stored bytes each.

    A file that cannot be opened stays whole: the worker that reads it reports the error. Raises OptionError if a file
    is standard input, which no other process can read.
    """
    if any(file.file == STANDARD_STREAM for file in files):
        raise OptionError(
            "standard input (-) cannot be read by a cluster; write it to a file that all workers see"
        )
    if step is None:
        step = min(max(sum(file.size or 0 for file in files) // MOST_SHARDS, SMALLEST), LARGEST)
    shards: list[Shard] = []
    small: list[FileRange] = []  # files of the next shard
    for file in files:
        ranges = _split(file, options, step) if (file.size or 0) > step else [file]
        if len(ranges) > 1:
            shards += [Shard((file_range,)) for file_range in ranges]
            continue
        if small and sum(other.size or 0 for other in [*small, file]) > step:
            shards.append(Shard(tuple(small)))
            small = []
        small.append(file)
    return [*shards, Shard(tuple(small))] if small else shards


def _split(file: FileRange, options: ReadOptions, step: int) -> list[FileRange]:
    split = format_of(file.file, file.format).split
    if split is None or file.size is None:
        return [file]
    try:
        ranges = split(file.file, options.columns, _open_condition(options.where, file.file), file.size, step)
    except (InputError, FileError):
        return [file]
    if len(ranges) < 2:  # noqa: PLR2004 - a single range is the whole file
        return [file]
    return [FileRange(file.file, file.number, file.format, size, (start, end)) for start, end, size in ranges]
