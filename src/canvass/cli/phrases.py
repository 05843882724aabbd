"""The phrases that a target begins with while it has hardly any labelled example: `--keywords` and the like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from canvass.cli import terminal
from canvass.errors import EmptyPoolError, InputError, OptionError, TargetError
from canvass.types import Target, Utterance


@dataclass(frozen=True, kw_only=True)
class SeedOptions:
    """The phrases that a target begins with."""

    keywords: Annotated[
        str | None,
        typer.Option(
            metavar="PHRASE,...",
            help='Begin with what has one of these words or phrases, as in "refund, money back", or is near to one, '
            "until LABELLED has five requests of the target and five others.",
        ),
    ] = None
    seed_phrases: Annotated[
        str | None,
        typer.Option(
            metavar="FILE[:N]",
            help="Likewise, with the phrases of a file, one a line, or with the requests of group N of a file that "
            "canvass discover --out wrote.",
        ),
    ] = None

    def read(self, targets: Sequence[Target]) -> tuple[str, ...]:
        """Read the phrases; none where no option is given.

        Raises OptionError if they are not for one target that has a rest, and InputError or FileError if there is no
        phrase, one has no word, or the file cannot be read.
        """
        from canvass.selection.seed_phrases import SeedPhrases

        if self.keywords is None and self.seed_phrases is None:
            return ()
        if len(targets) != 1:
            raise OptionError("--keywords and --seed-phrases are for one target; name it with --target")
        phrases = (self.keywords or "").split(",")
        if self.seed_phrases is not None:
            phrases += _texts_of(self.seed_phrases)
        return SeedPhrases.of([phrase.strip() for phrase in phrases if phrase.strip()], targets[0]).phrases


def _texts_of(name: str) -> list[str]:
    """Read the texts of a file, or of a group in one; raises InputError where there is none."""
    path, _, number = name.rpartition(":")
    where, lacking = None, "no phrase there; write one a line"
    if path and number.isdecimal() and not Path(name).exists():
        where, lacking, name = f"group = {number}", f"no group {number} there", path
    texts = read_texts(name, where)
    if not any(map(str.strip, texts)):
        raise InputError(f"--seed-phrases {name}: {lacking}")
    return texts


def read_texts(path: str, where: str | None = None) -> list[str]:
    """Read the texts of a file as of a pool; none where it is empty."""
    from canvass.corpus.pool import Pool

    try:
        blocks = Pool.open([path], where=where).blocks()
        return [text for block in blocks for text in block.batch.column("text").to_pylist()]
    except EmptyPoolError:
        return []


def begins_with(phrases: Sequence[str], labelled: Sequence[Utterance], targets: Sequence[Target]) -> bool:
    """Tell whether the phrases choose, or models do; where phrases are given and not used, people are told."""
    from canvass.selection.seed_phrases import ENOUGH, lacking

    if not phrases or lacking(labelled, targets[0]):
        return bool(phrases)
    terminal.say(
        f"the phrases are not used: LABELLED has at least {ENOUGH} requests of {targets[0]} and {ENOUGH} others, so "
        "that models choose"
    )
    return False


@contextmanager
def suggested() -> Iterator[None]:
    """Where LABELLED has no example of the target, say how to begin without any."""
    try:
        yield
    except TargetError as error:
        raise TargetError(
            f"{error}; to begin without an example, give --keywords or --seed-phrases"
        ) from error
