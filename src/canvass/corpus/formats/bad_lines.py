"""The tolerance for bad lines, and the account of what a file says that is not kept."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import Losses, LossRefusedError
from canvass.errors import InputError
from canvass.types import Utterance

LOGGER = logging.getLogger(__name__)
Utterances = Iterator[tuple[str, Utterance]]
"""What a reader yields of an annotated file: where an utterance stands, for sentences, and the utterance."""


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
