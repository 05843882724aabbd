"""What all formats share: the names of the columns, the one validator of records, the tolerance for bad lines.

A record is a mapping of a file's own column names to plain Python values; every format turns its rows into
such mappings, and `utterance_of` (annotated records) or `pool_utterance_of` (text, id and count only) says in
one sentence what is wrong with one.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from canvass.corpus.formats.losses import LossRefusedError
from canvass.corpus.formats.sources import AS_UTF8
from canvass.errors import SHOWN_CHARACTERS, InputError, OptionError, nearest, shown
from canvass.types import Slot, Utterance

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    import pyarrow as pa

    from canvass.corpus.formats.losses import Losses
    from canvass.corpus.formats.sniffing import Sample
    from canvass.corpus.where import Where

LOGGER = logging.getLogger(__name__)
LARGEST_COUNT = (1 << 63) - 1
LARGEST_SCORE = sys.float_info.max
SHOWN_NAMES = 12
POOL_COLUMNS = ("text", "id", "count")
PROBABILITIES = ("intent_probability", "slots_probability")
MODEL_COLUMNS = ("score", "intent", *PROBABILITIES)
COMMA = "\0"  # stands for a doubled comma while commas are cut at
Utterances = Iterator[tuple[str, Utterance]]
"""What a reader yields of an annotated file: where an utterance stands, for sentences, and the utterance."""


@dataclass(frozen=True)
class Columns:
    """The names that the columns of a file have; `--columns` on the command line.

    `model` says which of `MODEL_COLUMNS`, a model's opinion of each request, a pool is read for: see `with_model`. With
    `others`, a pool is read for all other columns, too, which the batch keeps.

    Raises
    ------
    OptionError
        If two of text, id and count are the same column.

    """

    text: str = "text"
    id: str = "id"
    count: str = "count"
    domain: str = "domain"
    intent: str = "intent"
    slots: str = "slots"
    split: str = "split"
    score: str = "score"
    intent_probability: str = "intent_probability"
    slots_probability: str = "slots_probability"
    model: tuple[str, ...] = ()
    others: bool = False

    def __post_init__(self) -> None:
        names = {column: getattr(self, column) for column in POOL_COLUMNS}
        if len(set(names.values())) < len(names):
            given = ",".join(f"{column}={name}" for column, name in names.items())
            raise OptionError(f"--columns {given} must name three different columns")

    @classmethod
    def parse(cls, words: str) -> Columns:
        """Read `text=utt,intent=label`; columns that are not named keep their names.

        A comma in a name is doubled.

        Raises
        ------
        OptionError
            If a part is no COLUMN=NAME, or a column is unknown or named twice.

        >>> Columns.parse("text=utt,intent=label").intent
        'label'
        """
        known = COLUMN_NAMES
        names: dict[str, Any] = {}
        for part in words.replace(",,", COMMA).split(","):
            column, equals, name = part.replace(COMMA, ",").partition("=")
            column = column.strip()
            if not equals or not name:
                raise OptionError(
                    f"--columns {words!r}: {shown(column)} is no COLUMN=NAME; write them as in text=utt,intent=label"
                )
            if column not in known:
                raise OptionError(
                    f"--columns {words!r}: canvass reads no column {column!r}{nearest(column, known)}; name some of "
                    f"{', '.join(known)}"
                )
            if column in names:
                raise OptionError(f"--columns {words!r} names {column} twice; name it once")
            names[column] = name
        return cls(**names)

    @property
    def roles(self) -> tuple[str, ...]:
        """What a pool is read for."""
        return (*POOL_COLUMNS, *self.model)

    def of_a_pool(self) -> tuple[str, ...]:
        """Columns that a pool is read for, in the order of `roles`."""
        return tuple(getattr(self, role) for role in self.roles)

    def with_model(self, wanted: Sequence[str], names: Collection[str], where: str) -> Columns:
        """Read a pool for all columns of a model that are among `names`.

        An intent is of use only with its probability, and is left out without. Nothing changes if none are wanted, or
        `model` is given.

        Raises
        ------
        InputError
            If none of those that are wanted is there.

        """
        if not wanted or self.model:
            return self
        model = tuple(role for role in MODEL_COLUMNS if getattr(self, role) in names)
        renamed = [role for role in wanted if role in self.named() - {*model}]
        if renamed or not set(wanted) & set(model):
            wanted = renamed or wanted
            asked = " or ".join(repr(getattr(self, role)) for role in wanted)
            raise InputError(
                f"{where}: column {asked} is missing (there is: {listed(list(names))}), and the strategy ranks by it; "
                f"name the column with --columns {wanted[0]}=NAME, or take another strategy"
            )
        if "intent_probability" not in model:
            model = tuple(role for role in model if role != "intent")
        used = [getattr(self, role) for role in (*POOL_COLUMNS, *model)]
        if len(set(used)) < len(used):
            raise OptionError(
                f"--columns gives two columns one name, among {', '.join(used)}; name each apart"
            )
        return replace(self, model=model)

    def named(self) -> frozenset[str]:
        """Columns that have another name than the usual one."""
        usual = Columns()
        return frozenset(name for name in COLUMN_NAMES if getattr(self, name) != getattr(usual, name))

    def all(self) -> tuple[str, ...]:
        """Columns that an annotated set is read for."""
        return (*self.of_a_pool(), self.domain, self.intent, self.slots, self.split)


COLUMN_NAMES = [column.name for column in fields(Columns) if column.name not in {"model", "others"}]
USUAL = Columns()
WHOLE = (0, 1 << 62)  # the part of a file that is all of it
ALL_COLUMNS = frozenset(COLUMN_NAMES)


class Located(Protocol):
    """Something of a file that knows where it stands."""

    @property
    def where(self) -> str:
        """File and line, or place in a document, as sentences say it."""


Part = TypeVar("Part", bound=Located)
Made = TypeVar("Made")


class TooManyBadLinesError(InputError):
    """The tolerance is used up; says so itself, and is not to be tolerated."""


@dataclass
class BadLines:
    """The tolerance of one reading: how many bad lines may be left out, and how many were.

    `first` is the sentence of the first bad line, empty as long as there is none. `losses`, where somebody wants to
    know, collects what a file says that an utterance has no place for, such as the synonyms of a value.
    """

    tolerated: int = 0
    count: int = 0
    first: str = ""
    losses: Losses | None = None

    def report(self, error: InputError) -> None:
        """Count a bad line, or raise its error if the tolerance is used up, or it refuses a loss."""
        if isinstance(error, LossRefusedError | TooManyBadLinesError):
            raise error
        if self.count >= self.tolerated:
            if not self.tolerated:
                raise error
            raise TooManyBadLinesError(
                f"{error} (bad line {self.count + 1}, but --skip-bad tolerates {self.tolerated}; "
                f"the first was {self.first})"
            ) from error
        self.count += 1
        self.first = self.first or str(error)
        LOGGER.info("left out: %s", error)

    @contextlib.contextmanager
    def tolerance(self) -> Iterator[None]:
        """Report an `InputError` of the block below instead of raising it."""
        try:
            yield
        except InputError as error:
            self.report(error)

    def attempt(self, make: Callable[..., Made | None], *arguments: Any) -> Made | None:
        """Make something of a part of a file; None, and reported, if the part is bad."""
        try:
            return make(*arguments)
        except InputError as error:
            self.report(error)
            return None

    def sift(self, parts: Iterable[Part], make: Callable[[Part], Utterance | None]) -> Utterances:
        """Make an utterance of each part of a file, if there is one in it, and report those that are bad."""
        for part in parts:
            utterance = self.attempt(make, part)
            if utterance is not None:
                yield part.where, utterance

    def lost(self, what: str, example: str, count: int = 1) -> None:
        """Note that something in the file has no place in an utterance; see `Losses.report`."""
        if self.losses is not None:
            self.losses.report(what, example, count)

    def rejected(self, what: str, example: str) -> None:
        """Note what a file says to be no annotation: it is told, but nothing is lost."""
        if self.losses is not None:
            self.losses.report(what, example, refusable=False)

    def passed_over(self, files: Iterable[str]) -> None:
        """Note files of a folder or an archive that are not read."""
        if self.losses is not None:
            self.losses.passed_over += [file for file in files if file not in self.losses.passed_over]

    def unused(
        self,
        record: Mapping[str, object],
        known: AbstractSet[str],
        where: str,
        columns: Columns | None = None,
        *,
        count: int = 1,
        settings: AbstractSet[str] = frozenset(),
    ) -> None:
        """Note the fields of a record that are not among the known ones and hold something; see `Losses.unused`.

        `columns` are the names by which the file is read, where these can be chosen.
        """
        if self.losses is not None:
            names = {} if columns is None else {"slots": columns.slots, "intent": columns.intent}
            self.losses.unused(record, known, where, count=count, settings=settings, **names)


@dataclass(frozen=True)
class Block:
    """Rows of a pool that are processed together.

    `batch` has exactly the columns text (string, never null, valid UTF-8), id (string, may be null) and count
    (int64, at least 1), and those of a model that are read: score (float64, finite), intent (string, may be null),
    intent_probability and slots_probability (float64, from 0 to 1). Its arrays may be slices, so mind their offset.
    `consumed` is the number of bytes of the file that the block accounts for; the blocks of a file sum to its size.
    """

    batch: pa.RecordBatch
    consumed: int


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


def listed(names: Sequence[str]) -> str:
    """Show the names of columns in a sentence."""
    plain = (bool(name) and name.isprintable() and len(name) < SHOWN_CHARACTERS for name in names)
    some = [
        name if is_plain else shown(name) for name, is_plain in zip(names[:SHOWN_NAMES], plain, strict=False)
    ]
    return ", ".join([*some, "..."] if len(names) > SHOWN_NAMES else some) or "nothing"


def missing_column(
    where: str, column: str, has: Sequence[str], option: str = "--columns text=NAME"
) -> InputError:
    """Make the error for a column of texts that a file lacks; `option` is what names another."""
    return InputError(
        f"{where}: column {column!r} is missing (the file has: {listed(has)}); name the column with {option}"
    )


def _storable(text: str, where: str, name: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{where}: field {name!r} is not valid UTF-8 at character {error.start} (a byte that is not UTF-8, or half "
            f"a surrogate pair); {AS_UTF8}"
        ) from error
    return text


def _optional_text(record: Mapping[str, object], where: str, name: str) -> str | None:
    value = record.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InputError(f"{where}: field {name!r} is {shown(value)}; expected a string or null")
    return _storable(value, where, name)


def text_of(record: Mapping[str, object], where: str, columns: Columns) -> str:
    """Take the text of a record; raises InputError if it is missing, or no valid string."""
    if columns.text not in record:
        raise InputError(
            f"{where}: field {columns.text!r} is missing (the record has: {listed(list(record))}); "
            "name the column with --columns text=NAME"
        )
    value = record[columns.text]
    if value is None:
        raise InputError(f"{where}: field {columns.text!r} is null; expected a string")
    if not isinstance(value, str):
        raise InputError(f"{where}: field {columns.text!r} is {shown(value)}; expected a string")
    return _storable(value, where, columns.text)


def _identity(record: Mapping[str, object], where: str, name: str) -> str | None:
    value = record.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None or isinstance(value, str):
        return _optional_text(record, where, name)
    raise InputError(f"{where}: field {name!r} is {shown(value)}; expected a string or a whole number")


def _count(record: Mapping[str, object], where: str, name: str) -> int:
    value = record.get(name)
    if value is None:
        return 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_COUNT:
        raise InputError(f"{where}: field {name!r} is {shown(value)}; expected a whole number of at least 1")
    return value


def pool_utterance_of(record: Mapping[str, object], where: str, columns: Columns) -> Utterance:
    """Validate what a pool is read for: text, id and count; other fields do not matter.

    Raises
    ------
    InputError
        If the text is missing or null, or a field has the wrong type.

    """
    return Utterance(
        text=text_of(record, where, columns),
        id=_identity(record, where, columns.id),
        count=_count(record, where, columns.count),
    )


def model_values_of(record: Mapping[str, object], where: str, columns: Columns) -> list[object]:
    """Validate what a model says of a record, in the order of `columns.model`.

    Raises
    ------
    InputError
        If a number is missing, not finite, or no probability where it should be one; or an intent is no text.

    """
    return [
        _optional_text(record, where, columns.intent)
        if role == "intent"
        else _model_number(record, where, role, getattr(columns, role))
        for role in columns.model
    ]


def _model_number(record: Mapping[str, object], where: str, role: str, name: str) -> float:
    value = record.get(name)
    expected = "a number from 0 to 1" if role in PROBABILITIES else "a finite number"
    if value is None:
        raise InputError(
            f"{where}: field {name!r} is missing; expected {expected}, as in every record of the pool"
        )
    low, high = (0, 1) if role in PROBABILITIES else (-LARGEST_SCORE, LARGEST_SCORE)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"{where}: field {name!r} is {shown(value)}; expected {expected}")
    return float(value)


def utterance_of(record: Mapping[str, object], where: str, columns: Columns = USUAL) -> Utterance:
    """Validate an annotated record; `where` is its file and line, for the sentence.

    Raises
    ------
    InputError
        If the text is missing or null, a field has the wrong type, or a slot is out of bounds, overlaps
        another or has no label.

    """
    text = text_of(record, where, columns)
    return Utterance(
        text=text,
        id=_identity(record, where, columns.id),
        count=_count(record, where, columns.count),
        domain=_optional_text(record, where, columns.domain),
        intent=_optional_text(record, where, columns.intent),
        slots=slots_of(record.get(columns.slots), text, where, columns.slots),
        split=_optional_text(record, where, columns.split),
    )


def slots_of(value: object, text: str, where: str, name: str) -> tuple[Slot, ...] | None:
    """Validate the slots of a text, a list of objects; raises InputError, which names `where` and the field `name`."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise InputError(
            f"{where}: field {name!r} is {shown(value)}; expected a list of objects with start, end and label"
        )
    slots = sorted(
        _slot(item, text, f"{where}: slot {index} of field {name!r}") for index, item in enumerate(value, 1)
    )
    for before, after in itertools.pairwise(slots):
        if after.start < before.end:
            raise InputError(
                f"{where}: field {name!r} has overlapping slots, {shown(before.label)} at "
                f"{before.start}-{before.end} and {shown(after.label)} at {after.start}-{after.end}; "
                "a character can belong to one slot only"
            )
    return tuple(slots)


def _slot(item: object, text: str, where: str) -> Slot:
    if not isinstance(item, dict):
        raise InputError(f"{where} is {shown(item)}; expected an object with start, end and label")
    missing = [key for key in ("start", "end", "label") if key not in item]
    if missing:
        raise InputError(
            f"{where} lacks {' and '.join(missing)}; expected an object with start, end and label"
        )
    start, end, label = item["start"], item["end"], item["label"]
    for key, offset in (("start", start), ("end", end)):
        if isinstance(offset, bool) or not isinstance(offset, int):
            raise InputError(f"{where} has {key} {shown(offset)}; expected a whole number")
    if not isinstance(label, str) or not label:
        raise InputError(f"{where} has label {shown(label)}; expected a string that is not empty")
    _storable(label, where, "label")
    if not 0 <= start < end <= len(text):
        raise InputError(
            f"{where}, {shown(label)} at {shown(start)}-{shown(end)}, is out of bounds; expected "
            f"0 <= start < end <= {len(text)}, the code points of the text"
        )
    return Slot(start, end, label)
