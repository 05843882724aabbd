"""Conversion of utterances from one format to another, with an account of what the target format cannot hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from canvass.corpus.formats import files_of, format_of, output_format_of
from canvass.corpus.formats.choice import annotated_utterances, annotated_writer
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import blocks_of
from canvass.corpus.formats.losses import BadLines, Losses, carried
from canvass.corpus.storage import is_remote
from canvass.errors import FileError, InputError
from canvass.files import STANDARD_STREAM, check_output
from canvass.types import Utterance

ROWS = 4096  # of a block


@dataclass
class Converted:
    """The account of a conversion.

    * `sources`, `target`: names of the formats that were read, and of the one written.
    * `utterances`: number of utterances read.
    * `bad`: bad lines that were left out.
    * `losses`: what could not be read, or not be written, with counts and first places.
    """

    sources: tuple[str, ...]
    target: str
    utterances: int = 0
    bad: BadLines = field(default_factory=BadLines)
    losses: Losses = field(default_factory=Losses)


def convert(
    names: Sequence[str],
    out: str,
    *,
    source: str | None = None,
    target: str | None = None,
    columns: Columns = Columns(),  # noqa: B008 - frozen
    strict: bool = False,
    skip_bad: int = 0,
) -> Converted:
    """Read files, folders, globs or standard input in any format, and write one file in another.

    The formats are recognised by content and extension unless `source` and `target` name them. The file is written
    atomically. Raises FileError if a name matches no file, or a file cannot be read or written; InputError if there are
    more than `skip_bad` bad records, there is no record, or `strict` and something would be lost; OptionError if a
    format is unknown, cannot be written, or cannot be recognised.
    """
    losses = Losses(strict)
    bad = BadLines(skip_bad, losses=losses)
    if is_remote(out):
        raise FileError(f"{out}: the result can only be written to a file on this machine")
    kind = output_format_of(out, target)
    write = annotated_writer(kind, out)
    files = files_of(names, source, columns, bad)
    check_output(out, [file for file in files if file != STANDARD_STREAM and not is_remote(file)])
    kinds = tuple(dict.fromkeys(format_of(file, source, columns).name for file in files))
    result = Converted(kinds, kind.name, bad=bad, losses=losses)
    write(out, carried(_utterances(files, source, columns, result), kind.carries, losses), losses)
    return result


def _utterances(
    files: list[str], source: str | None, columns: Columns, result: Converted
) -> Iterator[Utterance]:
    for file in files:
        kind = format_of(file, source, columns)
        if kind.read is not None:
            for _, utterance in annotated_utterances(file, source, columns, result.bad):
                result.utterances += 1
                yield utterance
        else:
            for block in blocks_of(kind)(file, columns, result.bad, ROWS):
                for row in block.batch.to_pylist():
                    result.utterances += 1
                    yield Utterance(**row)
    if not result.utterances:
        reasons = [f"{loss.count} {what}" for what, loss in result.losses.found.items()]
        reasons += [f"{result.bad.count} bad lines"] * bool(result.bad.count)
        left_out = f" ({', '.join(reasons)}, left out)" if reasons else ""
        raise InputError(f"{', '.join(files[:3])}: no utterance{left_out}; name a file that has some")
