"""How far a project is and how good it became, as the page shows it.

What takes long to read is kept for a while: at most one part in twenty of the time goes into reading it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from canvass.annotation.project.backing_up import kept_backups
from canvass.annotation.project.project import Project
from canvass.annotation.quality.progress import median_seconds, status_of
from canvass.annotation.rounds.round import TOO_LONG
from canvass.annotation.store.records import Answer, Saved, Tally
from canvass.annotation.store.task_store import Store

POINT = ("answers", "slot_error_rate", "intent_error", "span_f1")
PATIENCE = 20  # what took long is kept for so many times as long as that


def progress_json(project: Project, since: float) -> dict[str, Any]:
    """Show what all annotators share: who answered what, the curve, what is estimated, and whether to go on.

    `since` is when today began, for what everyone together did.
    """
    status = status_of(project)
    answers = [answer for answer in status.answers if answer.kind != "skip"]
    by_annotator: dict[str, list[Answer]] = {annotator.name: [] for annotator in status.annotators}
    for answer in status.answers:
        by_annotator.setdefault(answer.annotator, []).append(answer)
    return {
        **_tally(answers, since)._asdict(),
        "by_annotator": [_person(name, given, since) for name, given in by_annotator.items()],
        "curve": [{name: getattr(entry, name) for name in POINT} for entry in status.curve],
        "domains": _domains(answers),
        "labels": _labels(answers),
        "estimates": [estimate.as_dict() for estimate in status.estimates],
        "held_out_interval": status.held_out_interval,
        "assistants": [error.words for error in status.assistants],
        "suggestion": status.suggestion._asdict(),
        "missing": status.missing,
        "outside": status.outside,
        "agreement": [pair._asdict() for pair in status.agreement],
        "too_long": int(project.store.fact(TOO_LONG) or 0),
        "max_tokens": project.settings.project.max_tokens,
        "backups": [path.stat().st_mtime for path in kept_backups(project)],
    }


def _person(name: str, given: Sequence[Answer], since: float) -> dict[str, Any]:
    answers = [answer for answer in given if answer.kind != "skip"]
    tally = _tally(answers, since)
    return {
        "name": name,
        "answers": tally.answered,
        "today": tally.answered_today,
        "seconds": tally.seconds_per_answer,
        "skips": len(given) - len(answers),
        "flags": sum(answer.flagged for answer in given),
    }


def _tally(answers: Sequence[Answer], since: float) -> Tally:
    today = [answer for answer in answers if answer.at >= since]
    return Tally(len(answers), len(today), median_seconds(today))


def _domains(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Count the domains of what was chosen and answered, the most frequent first; None is one that nobody named."""
    counts = Counter(answer.domain for answer in answers)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0] is None, row[0] or ""))
    return [{"domain": name, "count": count} for name, count in rows]


def _labels(answers: Sequence[Answer]) -> dict[str, list[tuple[str, int]]]:
    """Count the intents and the slot labels of the answers that stand, the most frequent first."""
    frames = [answer for answer in answers if answer.kind == "frame"]
    counts = {
        "intents": Counter(answer.intent for answer in frames if answer.intent is not None),
        "slots": Counter(slot.label for answer in frames for slot in answer.slots or ()),
    }
    return {kind: sorted(found.items(), key=lambda row: (-row[1], row[0])) for kind, found in counts.items()}


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
