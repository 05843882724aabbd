"""Which format a file has: by name, by content, or by extension."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import (
    EXTENSIONS,
    FORMATS,
    NAMES,
    Format,
    row_named,
    rows_of,
    rows_of_folders,
)
from canvass.corpus.formats.losses import BadLines, Losses, Utterances
from canvass.corpus.formats.markup import trimmed
from canvass.corpus.formats.sniffing import FILES_KNOWN, Sample, sample_of
from canvass.corpus.formats.sources import EncodedPath
from canvass.corpus.storage import is_remote
from canvass.errors import CanvassError, FileError, OptionError, shown
from canvass.files import STANDARD_STREAM, split_name
from canvass.types import Utterance

# What a project of Rasa has beside its folder "data", and what else than examples may be in that.
RASA_MARKS = ("domain.yml", "config.yml", "domain", "nlu_config.yml")
WORDS_OF_A_LIST = 3
UTTERANCES_OF_CONTEST = 100
DEFAULT = "jsonl"  # of standard input, and of lines with records
RASA_DATA = (".yml", ".yaml", ".md", ".json")
RASA_OTHER = re.compile(
    r"^(stories|rules|version|responses|intents|actions|slots|session_config|## |#+ .*story)", re.MULTILINE
)


class AmbiguousFormatError(OptionError):
    """A file can be read in two formats, with as many annotations, but others."""


def format_of(path: str, override: str | None = None, columns: Columns | None = None) -> Format:
    """Find the format of a file to read: `override`, or else by the content and the extension before .gz or .zst.

    Of the formats with the file's extension, the one that recognises the content; else the one that is known by that
    extension alone; else one of all formats that recognises the content. Where several do, the one counts whose
    reading keeps most annotations, the first of them where they keep the same. A file that names its own columns
    (`columns` that are not the usual ones) is of the format that has columns. Standard input ("-") is JSON Lines
    unless `override` says otherwise, and a file that is not there yet has the format of its extension. An `override`
    may end in an encoding, `csv:cp1252`, in which the file is then read.

    >>> format_of("logs/pool.csv.gz").name
    'csv'

    Raises OptionError if the name is of no known format, or neither the extension nor the content is; or if two
    readings keep as many annotations, but others.
    """
    if override is not None:
        return _by_name(override)
    if path == STANDARD_STREAM:
        return _by_name(DEFAULT)
    extension = split_name(path)[0]
    if not is_remote(path) and Path(path).is_dir():
        claimed = project_of(path)
        if claimed is None:
            raise OptionError(f"{path}: the folder is no project of a known format; name the files in it")
        return claimed
    own = rows_of(extension)
    plain = next((row for row in own if row.sniff is None), None)
    asked = [row for row in own if row.sniff is not None]
    if plain is not None and columns is not None:
        named = columns.named()
        asked = [row for row in asked if named <= row.columns]
    if plain is not None and not asked:
        return plain
    sample = sample_of(path)
    if sample is not None and columns is not None and columns.text != sample.text_field:
        sample = replace(sample, text_field=columns.text)
    if plain is None:
        asked += [row for row in FORMATS if row.sniff is not None and row not in asked]
    kind = None if sample is None else _recognised(sample, tuple(asked), plain, columns or Columns())
    if kind is None:
        kind = plain or _without_content(path, own, sample, columns or Columns())
    return kind


def format_among_others(path: str, override: str | None, columns: Columns | None) -> Format | None:
    """Find the format of a file in a folder; None if it is something else, such as a .json file of settings."""
    if override is not None:
        return _by_name(override)
    if not is_remote(path) and Path(path).is_dir():
        return project_of(path)
    if split_name(path)[0] not in EXTENSIONS:
        return None
    try:
        kind = format_of(path, None, columns)
    except AmbiguousFormatError:
        raise
    except OptionError:
        return None
    sample = None if kind.sniff is None else sample_of(path)
    return kind if sample is None or kind.sniff is None or kind.sniff(sample) else None


def has_words_alone(path: str) -> bool:
    """Whether a file has a word on each of some lines, as a vocabulary or a lookup table has."""
    sample = sample_of(path)
    lines = () if sample is None else sample.filled_lines
    return len(lines) >= WORDS_OF_A_LIST and all(line.isascii() and " " not in line.strip() for line in lines)


def refuse_unread(path: str) -> None:
    """Refuse a file of a project of Rasa that should be training data, and is of no known format; raises FileError."""
    file = Path(path)
    roots = [parent.parent for parent in file.parents if parent.name == "data"]
    if (
        split_name(path)[0] in RASA_DATA
        and any((root / mark).exists() for root in roots for mark in RASA_MARKS)
        and (sample := sample_of(path)) is not None
        and sample.text.strip()
        and not RASA_OTHER.search(sample.text)
    ):
        raise FileError(
            f"{path}: in the data of a Rasa project, but no training data that can be read; mend it, or move it away"
        )


def project_of(folder: str) -> Format | None:
    """Find the format whose project a folder is, itself and not in a folder of it; None if it is none."""
    sample = sample_of(folder)
    return None if sample is None or not sample.is_folder else _recognised(sample, tuple(rows_of_folders()))


@functools.lru_cache(FILES_KNOWN)
def _recognised(
    sample: Sample,
    rows: tuple[Format, ...],
    plain: Format | None = None,
    columns: Columns = Columns(),  # noqa: B008
) -> Format | None:
    """Find the format whose reading keeps most annotations, among those that recognise the content and `plain`.

    Where readings keep the same, it is the first of them; raises AmbiguousFormatError if two keep as many, but others.
    """
    readings = [row for row in rows if row.sniff is not None and row.sniff(sample)]
    if readings and plain is not None and plain.read is not None:
        readings.append(plain)
    if len(readings) <= 1:
        return readings[0] if readings else None
    kept = [_annotations(sample.path, row, columns) for row in readings]
    most = max(map(len, kept))
    best, *others = [index for index in range(len(readings)) if len(kept[index]) == most]
    rival = next((index for index in others if kept[index] != kept[best]), None)
    if rival is not None:
        names = readings[best].name, readings[rival].name
        raise AmbiguousFormatError(
            f"{sample.path}: it can be read as {names[0]} and as {names[1]}, with as many annotations, but others; say "
            f"which format it is, {' or '.join(names)} (--in-format, --labelled-format or --pool-format)"
        )
    return readings[best]


def _annotations(path: str, row: Format, columns: Columns) -> list[tuple[str, object]]:
    """List what a reading keeps of the first utterances: (text, domain, intent or slot) of each annotation."""
    annotations: list[tuple[str, object]] = []
    try:
        utterances = row.read(path, columns, BadLines(UTTERANCES_OF_CONTEST)) if row.read is not None else ()
        for _, utterance in itertools.islice(utterances, UTTERANCES_OF_CONTEST):
            said = (("domain", utterance.domain), ("intent", utterance.intent))
            annotations += [(utterance.text, pair) for pair in said if pair[1] is not None]
            annotations += [(utterance.text, slot) for slot in utterance.slots or ()]
    except CanvassError:
        pass  # what was read before counts
    return annotations


def _without_content(path: str, own: list[Format], sample: Sample | None, columns: Columns) -> Format:
    """Find the format of a file whose content no format recognises, and which has no plain one by its extension."""
    if sample is not None and any(columns.text in record for record in sample.records):
        return _by_name(DEFAULT)
    extension = split_name(path)[0]
    if len(own) == 1:
        return own[0]
    if own and sample is not None:
        raise OptionError(
            f"{path}: the content is of no known format ({extension} may be {_listed(own)}); look into the file, or "
            "say which format it is"
        )
    if own:
        raise OptionError(f"{path}: {extension} may be {_listed(own)}; say which format it is")
    raise OptionError(
        f"{path}: the extension {extension!r} is of no known format (known: {', '.join(EXTENSIONS)}, each also with "
        f".gz or .zst); rename the file, or say which format it is ({', '.join(NAMES)})"
    )


def output_format_of(path: str, override: str | None = None) -> Format:
    """Find the format of a file to write: `override`, or else the one of the extension before .gz or .zst.

    Raises OptionError if the name or the extension is of no known format, or the extension is of several.
    """
    if override is not None:
        return _by_name(override)
    if path == STANDARD_STREAM:
        return _by_name(DEFAULT)
    extension = split_name(path)[0]
    own = rows_of(extension)
    written = [row for row in own if row.writes]
    rows = [row for row in own if row.sniff is None] or written or own
    if not rows:
        return format_of(path)  # which says so
    if len(rows) > 1:
        raise OptionError(f"{path}: {extension} may be {_listed(rows)}; say which format to write")
    return rows[0]


def annotated_writer(kind: Format, path: str) -> Callable[[str, Iterable[Utterance], Losses], None]:
    """Find how a format writes annotated utterances to a file of that name; raises OptionError where it cannot."""
    if kind.write_annotated is None:
        raise OptionError(f"{path}: the format {kind.name} can only be read; choose another for the output")
    return kind.write_annotated


def annotated_utterances(path: str, override: str | None, columns: Columns, bad: BadLines) -> Utterances:
    """Read a file with annotations; yields (where, utterance), white space at the rims of slots left out and told."""
    kind = format_of(path, override, columns)
    if kind.read is None:
        raise OptionError(
            f"{path}: the format {kind.name} carries no annotations; a labelled set needs another, such as jsonl"
        )
    for where, utterance in kind.read(path, columns, bad):
        yield where, _trimmed(utterance, where, bad)


def _trimmed(utterance: Utterance, where: str, bad: BadLines) -> Utterance:
    text = utterance.text
    slots = utterance.slots or ()
    if not any(text[slot.start].isspace() or text[slot.end - 1].isspace() for slot in slots):
        return utterance
    kept = []
    for slot in slots:
        words = trimmed(slot, text)
        if words is None:
            bad.lost("slots of white space alone", f"{where}: {shown(slot.label)} at {slot.start}-{slot.end}")
            continue
        if words != slot:
            was = shown(text[slot.start : slot.end])
            bad.lost("white space at the rims of slots", f"{where}: {shown(slot.label)} is {was}")
        kept.append(words)
    return replace(utterance, slots=tuple(kept))


def _by_name(name: str) -> Format:
    """Find a format by its name; where that ends in an encoding, the row reads files in it."""
    plain, colon, encoding = name.partition(":")
    row = row_named(plain)
    if row is None:
        raise OptionError(f"{plain!r} is not a known format; choose one of {', '.join(NAMES)}")
    if not colon:
        return row
    try:
        "".encode(encoding)
    except LookupError as error:
        raise OptionError(
            f"{name!r}: {encoding!r} is no encoding of text; write one such as cp1252 or latin-1 after the colon"
        ) from error

    def encoded(function: Any) -> Any:
        return function and (
            lambda path, *rest, **named: function(EncodedPath(path, encoding), *rest, **named)
        )

    functions = ("read", "blocks", "pool_columns", "split")
    return replace(row, name=name, **{field: encoded(getattr(row, field)) for field in functions})


def _listed(rows: Iterable[Format]) -> str:
    return ", ".join(row.name for row in rows)
