"""What takes long to read is kept for a while: at most one part in twenty of the time goes into reading it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canvass.annotation.store.records import Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from canvass.annotation.store.records import Saved
    from canvass.annotation.store.task_store import Store

PATIENCE = 20  # kept for so many times as long as it took to make


class Recent:
    """Something that takes long to make, made again when it is old.

    Many pages ask for the same after every answer. While one caller makes it again, the others get what was there.
    """

    def __init__(
        self, make: Callable[[], dict[str, Any]], *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._make = make
        self._clock = clock
        self._making = threading.Lock()
        self._cached: tuple[dict[str, Any], float] | None = None

    def get(self) -> dict[str, Any]:
        """Give what was made last, or make it."""
        cached = self._cached
        if cached is not None and (self._clock() < cached[1] or self._making.locked()):
            return cached[0]
        with self._making:
            cached = self._cached
            began = self._clock()
            if cached is None or began >= cached[1]:
                made = self._make()
                self._cached = cached = (made, _end_of_patience(began, self._clock()))
            return cached[0]


def _end_of_patience(began: float, now: float) -> float:
    return now + PATIENCE * (now - began)


@dataclass(frozen=True, slots=True)
class _Known:
    """A tally as it was read, and as it is since; `until` says when it is old."""

    tally: Tally
    since: float
    until: float


class Tallies:
    """How much each annotator has answered, and how fast; safe to use from several threads.

    The store counts all rows of an annotator, which is too long after every answer of somebody who gave thousands. In
    between, an answer adds one, and the median stays.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def read(self, annotator: str, *, since: float) -> Tally:
        """Count all answers, and those since a time."""
        began = self._clock()
        tally = self._store.tally(annotator, since=since)
        self._known[annotator] = _Known(tally, since, _end_of_patience(began, self._clock()))
        return tally

    def after(self, saved: Saved, *, since: float) -> Tally:
        """Count an answer that was just saved."""
        answer = saved.answer
        known = self._known.get(answer.annotator)
        if known is None or known.since != since or self._clock() >= known.until:
            return self.read(answer.annotator, since=since)
        if saved.repeated or answer.replaces is not None or answer.kind == "skip":
            return known.tally
        answered, today, seconds = known.tally
        tally = Tally(answered + 1, today + 1, (answer.seconds or None) if seconds is None else seconds)
        self._known[answer.annotator] = _Known(tally, since, known.until)
        return tally
