"""How far a project is and how good it became, as the page shows it."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import TYPE_CHECKING, Any

from canvass.annotation.project.backing_up import kept_backups
from canvass.annotation.quality.progress import status_of
from canvass.annotation.rounds.round import TOO_LONG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.annotation.project.project import Project
    from canvass.annotation.store.records import Answer, Round


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
        **_everyone(answers, since),
        "by_annotator": [_person(name, given, since) for name, given in by_annotator.items()],
        "curve": [_point(point) for point in status.curve],
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
    everyone = _everyone(answers, since)
    return {
        "name": name,
        "answers": len(answers),
        "today": everyone["answered_today"],
        "seconds": everyone["seconds_per_answer"],
        "skips": len(given) - len(answers),
        "flags": sum(answer.flagged for answer in given),
    }


def _everyone(answers: Sequence[Answer], since: float) -> dict[str, Any]:
    today = [answer.seconds for answer in answers if answer.at >= since]
    # An answer that came in a file took nobody knows how long.
    seconds = [duration for duration in today if duration > 0]
    return {
        "answered_today": len(today),
        "answered": len(answers),
        "seconds_per_answer": statistics.median(seconds) if seconds else None,
    }


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


def _point(entry: Round) -> dict[str, Any]:
    return {
        "answers": entry.answers,
        "slot_error_rate": entry.slot_error_rate,
        "intent_error": entry.intent_error,
        "span_f1": entry.span_f1,
    }
