"""The records of annotation as the JSON that the page reads; offsets are code points."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from canvass.corpus.spans import text_tokens
from canvass.types import slot_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.annotation.store.records import Answer, NewTask, Reason, Task, TaskPrediction
    from canvass.annotation.web.recordings import Recordings

# Drawn at random for an estimate, and shown without their prediction, which would anchor the annotator.
BLIND_SOURCES = frozenset({"random", "outside"})


def is_blind(task: NewTask) -> bool:
    """Whether a task is shown without what models or an assistant think of it."""
    return task.source in BLIND_SOURCES or (task.prediction is not None and task.prediction.hidden)


def task_shape(
    task: Task, columns: Sequence[str] = (), recordings: Recordings | None = None
) -> dict[str, Any]:
    """Write a task: its text and tokens, and, unless it is blind, what the models think and why it was chosen.

    What it has of the other `columns` of the pool, the turns around it and its recording are written where there are
    any.
    """
    blind = is_blind(task)
    # The two strata are not told apart: that a task is from outside of the filter is a guess, too.
    source = "blind" if blind else "imported" if task.source == "handed out" else task.source
    shown = {name: task.others[name] for name in columns if name in task.others}
    audio = None if recordings is None else recordings.shape(task)
    return {
        **({"columns": shown} if shown else {}),
        **({} if task.turns is None else {"turns": asdict(task.turns)}),
        **({} if audio is None else {"audio": audio}),
        "id": task.id,
        "text": task.text,
        "tokens": [[token.start, token.end] for token in text_tokens(task.text)[1]],
        "count": task.count,
        "source": source,
        "blind": blind,
        "prediction": None if blind or task.prediction is None else _prediction_shape(task.prediction),
        "why": None if blind or task.reason is None else _reason_shape(task.reason),
        "wanted": task.wanted,
        "state": task.state,
        "until": task.until,
    }


def _prediction_shape(prediction: TaskPrediction) -> dict[str, Any]:
    return {
        "intent": prediction.intent,
        "intent_probability": prediction.intent_probability,
        "likeliest": [list(pair) for pair in prediction.likeliest],
        "slots": slot_records(prediction.slots),
        "alternatives": [slot_records(slots) for slots, _ in prediction.alternatives],
        "confidence": prediction.confidence,
        "certainty": [list(token) for token in prediction.certainty],
        "by": prediction.by,
        # The committee's word is in `why`; an assistant's is a suggestion.
        "elsewhere": bool(prediction.by) and prediction.positive is False,
    }


def _reason_shape(reason: Reason) -> dict[str, Any]:
    scores = reason.members.values()
    return {**asdict(reason), "votes": [sum(score > 0 for score in scores), len(scores)]}


def answer_shape(answer: Answer) -> dict[str, Any]:
    """Write an answer."""
    return {
        "id": answer.id,
        "task": answer.task,
        "annotator": answer.annotator,
        "kind": answer.kind,
        "domain": answer.domain,
        "intent": answer.intent,
        "slots": slot_records(answer.slots),
        "flagged": answer.flagged,
        "note": answer.note,
        "seconds": answer.seconds,
        "at": answer.at,
        "current": answer.current,
        "adjudicates": answer.adjudicates,
        "replaces": answer.replaces,
        "copies": answer.copies,
        "sequence": answer.sequence,
    }
