"""Annotated utterances, read whole: a labelled set has thousands of rows, not millions."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canvass.corpus.formats import files_of, format_of
from canvass.corpus.formats.losses import Loss, Losses
from canvass.corpus.formats.records import BadLines, Columns
from canvass.corpus.spans import misaligned_slot
from canvass.errors import InputError, OptionError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.types import Utterance

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Labelled:
    """An annotated set, and what of its files is not in it.

    `left_out` counts the records with a slot off the token borders, `first_left_out` is the sentence of the
    first; `bad_lines` counts the lines that --skip-bad tolerated. `lost` is what the files say that is in no utterance,
    such as tasks that nobody annotated.
    """

    utterances: tuple[Utterance, ...]
    left_out: int = 0
    first_left_out: str = ""
    bad_lines: int = 0
    lost: tuple[tuple[str, Loss], ...] = ()


def read_labelled(
    names: Sequence[str],
    *,
    columns: Columns = Columns(),  # noqa: B008 - frozen
    strict: bool = False,
    skip_bad: int = 0,
    format: str | None = None,  # noqa: A002 - the name of the option
) -> Labelled:
    """Read annotated files, folders, globs or standard input ("-").

    A record with a slot that does not begin and end at token borders is left out, unless `strict`.

    Raises
    ------
    FileError
        If a name has no file, or a file cannot be read.
    InputError
        If a record is bad and the tolerance is used up, no record is left, or, with `strict`, a slot is off
        the token borders.
    OptionError
        If a file is of no known format, or of one without annotations.

    """
    if skip_bad < 0:
        raise OptionError(f"--skip-bad {skip_bad} is negative; expected 0 or more")
    losses = Losses()
    bad = BadLines(skip_bad, losses=losses)
    utterances: list[Utterance] = []
    left_out = 0
    first_left_out = ""
    files = files_of(names, format, lambda row: row.read is not None, columns)
    for file in files:
        kind = format_of(file, format, columns)
        if kind.read is None:
            raise OptionError(
                f"{file}: the format {kind.name} carries no annotations; "
                "a labelled set needs another, such as jsonl"
            )
        for where, utterance in kind.read(file, columns, bad):
            sentence = _misalignment(utterance, where)
            if not sentence:
                utterances.append(utterance)
                continue
            if strict:
                raise InputError(sentence)
            left_out += 1
            first_left_out = first_left_out or sentence
    if not utterances:
        parts = ((left_out, "with slots off the token borders"), (bad.count, "bad"))
        reasons = [f"{number} {reason}" for number, reason in parts if number]
        rest = (
            f" ({', '.join(reasons)}, left out; the first: {first_left_out or bad.first})" if reasons else ""
        )
        raise InputError(f"{', '.join(files[:3])}: no annotated utterance{rest}; name a file that has some")
    if left_out:
        LOGGER.warning(
            "left out %d records with slots off the token borders, first: %s", left_out, first_left_out
        )
    return Labelled(tuple(utterances), left_out, first_left_out, bad.count, tuple(losses.found.items()))


def _misalignment(utterance: Utterance, where: str) -> str:
    """Say which slot is off the token borders; an empty string where none is."""
    slot = misaligned_slot(utterance.text, utterance.slots or ())
    if slot is None:
        return ""
    return (
        f"{where}: slot {shown(slot.label)} at {slot.start}-{slot.end}, "
        f"{shown(utterance.text[slot.start : slot.end])}, does not begin and end at token borders; "
        "move it to whole words"
    )
