"""How a pool is cut for several machines: parts of large files, several small files together.

A piece is what one task reads: a part of one file, or several files as a whole. Which rows lie in which piece depends
on the files alone, and the batch does not depend on the pieces.
"""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from canvass.corpus.formats import format_of
from canvass.corpus.formats.parquet import WHOLE
from canvass.corpus.formats.records import BadLines, Block, Columns
from canvass.corpus.storage import sizes_of
from canvass.corpus.where import Where, partition_of
from canvass.errors import FileError, InputError, OptionError
from canvass.files import STANDARD_STREAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SMALLEST, LARGEST = 16 << 20, 256 << 20  # stored bytes of a piece
MOST_PIECES = 10_000


@dataclass(frozen=True)
class FilePart:
    """Some or all of a file of a pool.

    `number` is the place of the file among all; `part` is None for a whole file, or (start, end) in the units of its
    format; `size` is the stored bytes that it accounts for, None where that is not known.
    """

    file: str
    number: int
    format: str
    size: int | None = None
    part: tuple[int, int] | None = None


@dataclass(frozen=True)
class Piece:
    """What one task reads: whole files, or one part of a file that has more of them."""

    parts: tuple[FilePart, ...]

    @property
    def size(self) -> int:
        """The stored bytes that it accounts for."""
        return sum(part.size or 0 for part in self.parts)

    @property
    def split_file(self) -> int | None:
        """The number of the file of which this is only a part."""
        return self.parts[0].number if self.parts[0].part is not None else None

    def to_record(self) -> list[tuple[Any, ...]]:
        """Write it in plain types, so that it travels as they do."""
        return [astuple(part) for part in self.parts]

    @classmethod
    def of_record(cls, record: list[tuple[Any, ...]]) -> Self:
        """Read what `to_record` wrote."""
        return cls(tuple(FilePart(*one) for one in record))


@dataclass(frozen=True)
class Reading:
    """How the files of a pool are read: what has to be the same for all of them, on every machine."""

    columns: Columns = field(default_factory=Columns)
    rows: int = 65_536
    skip_bad: int = 0
    where: str | None = None
    skip_bad_files: bool = False

    @property
    def tolerated(self) -> int | None:
        """With how many bad lines a file can still be read; None where one that cannot be read ends the reading."""
        return self.skip_bad if self.skip_bad_files else None

    def to_record(self) -> dict[str, Any]:
        """Write it in plain types, so that it travels as they do."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> Self:
        """Read what `to_record` wrote."""
        return cls(**(record | {"columns": Columns(**record["columns"])}))

    def blocks(self, part: FilePart, bad: BadLines) -> Iterator[Block]:
        """Stream the rows of a part of a file.

        Raises
        ------
        InputError, FileError
            As the reader of the format does.

        """
        kind = format_of(part.file, part.format)
        where = _open_condition(self.where, part.file)
        if kind.parts is not None and (part.part is not None or where is not None):
            if where is not None and not kind.parts.has_where:
                raise _unknown_column(where, part.file)
            return kind.parts.blocks(
                part.file, self.columns, bad, self.rows, part=part.part or WHOLE, where=where
            )
        if where is not None:
            raise _unknown_column(where, part.file)
        if kind.blocks is None:
            raise OptionError(f"{part.file}: the format {kind.name} cannot be read as a pool")
        return kind.blocks(part.file, self.columns, bad, self.rows)


def _open_condition(words: str | None, path: str) -> Where | None:
    """Give the condition that rows of a file must still meet; None where its path decides."""
    where = None if words is None else Where.parse(words)
    return None if where is None or where.decide(partition_of(path)) else where


def _unknown_column(where: Where, path: str) -> InputError:
    missing = [name for name in where.columns() if name not in partition_of(path)]
    return InputError(
        f"--where names {missing[0]!r}, which is not in the path of {path} ({missing[0]}=.../), and only Parquet files "
        "can be asked for their columns before they are read"
    )


def parts_of(files: Sequence[str], reading: Reading, override: str | None) -> list[FilePart]:
    """Make a part of each file that a condition does not leave out by its path.

    Raises
    ------
    FileError
        If it leaves out all.

    """
    where = None if reading.where is None else Where.parse(reading.where)
    if where is not None:
        kept = [file for file in files if where.decide(partition_of(file)) is not False]
        if not kept:
            raise FileError(
                f"--where {where.words!r} leaves out all {len(files)} files by their paths, such as {files[0]}"
            )
        files = kept
    return [
        FilePart(file, number, format_of(file, override, reading.columns).name, size)
        for number, (file, size) in enumerate(zip(files, sizes_of(files), strict=True))
    ]


def cut(parts: Sequence[FilePart], reading: Reading, step: int | None = None) -> list[Piece]:
    """Cut files into pieces of about `step` stored bytes each.

    A file that cannot be opened stays whole: the worker that reads it will say what is wrong.

    Raises
    ------
    OptionError
        If a part is standard input, which no other process can read.

    """
    if any(part.file == STANDARD_STREAM for part in parts):
        raise OptionError(
            "standard input (-) cannot be read by a cluster; write it to a file that all workers see"
        )
    if step is None:
        step = min(max(sum(part.size or 0 for part in parts) // MOST_PIECES, SMALLEST), LARGEST)
    pieces: list[Piece] = []
    waiting: list[FilePart] = []
    for part in parts:
        some = _split(part, reading, step) if (part.size or 0) > step else [part]
        if len(some) > 1:
            pieces += [Piece((one,)) for one in some]
            continue
        if waiting and sum(one.size or 0 for one in [*waiting, part]) > step:
            pieces.append(Piece(tuple(waiting)))
            waiting = []
        waiting.append(part)
    return [*pieces, Piece(tuple(waiting))] if waiting else pieces


def _split(part: FilePart, reading: Reading, step: int) -> list[FilePart]:
    kind = format_of(part.file, part.format).parts
    if kind is None or part.size is None:
        return [part]
    try:
        found = kind.split(
            part.file, reading.columns, _open_condition(reading.where, part.file), part.size, step
        )
    except (InputError, FileError):
        return [part]
    if len(found) < 2:  # noqa: PLR2004 - one part is all of it
        return [part]
    return [FilePart(part.file, part.number, part.format, size, (start, end)) for start, end, size in found]
