"""Annotated utterances, read whole: a labelled set has thousands of rows, not millions."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from canvass.corpus.formats import Names, files_of
from canvass.corpus.formats.choice import annotated_utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Loss, Losses
from canvass.corpus.spans import misaligned_slot
from canvass.errors import InputError, TargetError, TrainingError, nearest, shown
from canvass.types import ALL, ELSEWHERE, Target, Utterance

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Labelled:
    """An annotated set, and what of its files is not in it.

    `left_out` are the records with a slot off the token borders, with the sentence of the first; `unlabelled` those
    without any label, with the place of the first; `bad_lines` the lines that --skip-bad tolerated, with the sentence
    of the first. `lost` is what the files say that is in no utterance, such as tasks that nobody annotated. `places`
    says where each utterance stands, as sentences do.
    """

    utterances: tuple[Utterance, ...]
    left_out: Loss = field(default_factory=Loss)
    bad_lines: Loss = field(default_factory=Loss)
    unlabelled: Loss = field(default_factory=Loss)
    lost: tuple[tuple[str, Loss], ...] = ()
    places: tuple[str, ...] = field(default=(), compare=False, repr=False)


def read_labelled(
    names: Names,
    *,
    columns: Columns = Columns(),  # noqa: B008 - frozen
    strict: bool = False,
    skip_bad: int = 0,
    format: str | None = None,  # noqa: A002 - the name of the option
    out_of_scope: Sequence[str] = (),
    may_be_empty: bool = False,
) -> Labelled:
    """Read annotated files, folders, globs or standard input ("-"), one or several.

    A record with a slot that does not begin and end at token borders is left out, unless `strict`. So is one without
    any label (see `is_unlabelled`): nobody has said that it is a negative. One whose intent or domain is among
    `out_of_scope` becomes one of the domain `canvass.types.ELSEWHERE`, without intent and slots. What the files say
    that is in no utterance is counted in `lost`, unless `strict`.

    Raises
    ------
    FileError
        If a name has no file, or a file cannot be read.
    InputError
        If a record is bad and the tolerance is used up, no record is left (unless `may_be_empty`), one has a sample
        weight other than 1 (a field `weight` or `sample_weight`), or, with `strict`, a slot is off the token borders or
        something in the files would not be used.
    OptionError
        If a file is of no known format, or of one without annotations.

    """
    losses = Losses(strict)
    bad = BadLines(skip_bad, losses=losses)
    records: list[tuple[Utterance, str]] = []
    left_out = Loss()
    files = files_of(names, format, columns, bad, annotated=True)
    for file in files:
        for where, utterance in annotated_utterances(file, format, columns, bad):
            sentence = _misalignment(utterance, where)
            if not sentence:
                records.append((_scoped(without_empty_names(utterance), out_of_scope), where))
                continue
            if strict:
                raise InputError(sentence)
            left_out.add(sentence)
    losses.refuse_weights()
    slots_alone = all(utterance.domain is None and utterance.intent is None for utterance, _ in records)
    kept = [record for record in records if not is_unlabelled(record[0], slots_alone=slots_alone)]
    left = [place for utterance, place in records if is_unlabelled(utterance, slots_alone=slots_alone)]
    unlabelled = Loss(len(left), *left[:1])
    if not kept and not may_be_empty:
        parts = (
            (left_out.count, "with slots off the token borders"),
            (bad.count, "bad"),
            (unlabelled.count, "without domain, intent and slots"),
            *((loss.count, what) for what, loss in losses.found.items() if what.startswith("tasks")),
        )
        reasons = [f"{number} {reason}" for number, reason in parts if number]
        first_loss = next((loss.first for loss in losses.found.values()), "")
        first = left_out.first or bad.first or unlabelled.first or first_loss
        rest = f" ({', '.join(reasons)}, left out; the first: {first})" if reasons else ""
        raise InputError(f"{', '.join(files[:3])}: no annotated utterance{rest}; name a file that has some")
    if left_out.count:
        LOGGER.warning(
            "left out %d records with slots off the token borders, first: %s", left_out.count, left_out.first
        )
    if unlabelled.count:
        LOGGER.info("left out %d records without any label, first: %s", unlabelled.count, unlabelled.first)
    if losses.passed_over:
        losses.found["files that no format claims"] = Loss(len(losses.passed_over), losses.passed_over[0])
    skipped, lost = Loss(bad.count, bad.first), tuple(losses.found.items())
    utterances, places = zip(*kept, strict=True) if kept else ((), ())
    return Labelled(utterances, left_out, skipped, unlabelled, lost, places)


def without_empty_names(utterance: Utterance) -> Utterance:
    """Take a domain or an intent without a character for none, as an empty cell of a table is.

    >>> from canvass.types import Utterance
    >>> without_empty_names(Utterance("stop", domain="", intent=" ")).domain is None
    True
    """
    domain, intent = (
        name if name is None or name.strip() else None for name in (utterance.domain, utterance.intent)
    )
    if (domain, intent) == (utterance.domain, utterance.intent):
        return utterance
    return replace(utterance, domain=domain, intent=intent)


def _scoped(utterance: Utterance, out_of_scope: Sequence[str]) -> Utterance:
    """Move what is out of scope to the domain of none."""
    if utterance.intent in out_of_scope or utterance.domain in out_of_scope:
        return replace(utterance, domain=ELSEWHERE, intent=None, slots=None)
    return utterance


def is_unlabelled(utterance: Utterance, *, slots_alone: bool) -> bool:
    """Whether nobody has labelled an utterance: no domain, no intent, no slot.

    An empty list of slots is a label only with `slots_alone`, where no utterance has a domain or an intent: beside
    others that have, it is what a program wrote that knew nothing.
    """
    if utterance.domain is not None or utterance.intent is not None or utterance.slots:
        return False
    return utterance.slots is None or not slots_alone


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


def unknown_name(utterances: Sequence[Utterance], kind: str, name: str) -> TargetError:
    """Say that no utterance has this domain or intent, and which there are."""
    names = sorted({known for utterance in utterances if (known := getattr(utterance, kind)) is not None})
    known = f"it has {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}"  # noqa: PLR2004 - a screenful
    return TargetError(
        f"LABELLED has no utterance of {kind} {name!r}{nearest(name, names)} "
        f"({known if names else f'no utterance has a {kind}'})"
    )


def check_examples(utterances: Sequence[Utterance], target: Target, positives: int) -> None:
    """Refuse a labelled set that has no positive, or no negative, example of the target."""
    if positives == 0:
        if target.kind == ALL:
            raise TrainingError(
                "LABELLED has no utterance that is in scope" if utterances else "LABELLED has no utterance"
            )
        raise unknown_name(utterances, target.kind, target.name)
    if positives == len(utterances) and target.kind != ALL:
        raise TrainingError(
            f"LABELLED has only utterances of {target}; the committee needs others, too, to tell them apart "
            "(or take --target all with --strategy joint)"
        )
