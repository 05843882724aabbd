"""The records of annotation as the JSON that the page reads, and its answers read, by the rule of the project.

Offsets are code points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from canvass.annotation.project.answer_rule import AnswerRule
from canvass.annotation.store.records import (
    Answer,
    AnswerKind,
    NewAnswer,
    NewTask,
    Reason,
    Task,
    TaskPrediction,
)
from canvass.annotation.web.problems import Problem
from canvass.annotation.web.reading import Reader
from canvass.annotation.web.recordings import Recordings
from canvass.corpus.spans import text_tokens
from canvass.errors import InputError
from canvass.types import Slot, slot_records

# Drawn at random for an estimate, and shown without their prediction, which would anchor the annotator.
BLIND_SOURCES = frozenset({"random", "outside"})
# What an answer may have, and how much of it.
FIELDS = (
    "id", "task", "annotator", "kind", "domain", "intent", "slots", "flagged", "note", "seconds", "replaces",
    "adjudicates", "shown",
)  # fmt: skip
# What of a stored one is shown.
SHOWN = (
    "id", "task", "annotator", "kind", "domain", "intent", "slots", "flagged", "note", "seconds", "at", "current",
    "adjudicates", "replaces", "copies", "sequence",
)  # fmt: skip
SLOT_FIELDS = ("start", "end", "label")
KINDS: tuple[AnswerKind, ...] = ("frame", "elsewhere", "skip")
ANSWER = "answer"  # what it is called in sentences
LONGEST_ID = 100
LONGEST_NOTE = 10_000
MOST_SLOTS = 1_000
LONGEST_LABEL = 1_000  # labels come from corpora, and are not ours to shorten
LONGEST_KEY = 100_000
DAY = 86_400.0


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
        "tokens": [[token.start, token.end] for token in text_tokens(task.text)],
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
    return {name: getattr(answer, name) for name in SHOWN} | {"slots": slot_records(answer.slots)}


def read_answer(sent: Reader, task: Task, rule: AnswerRule) -> NewAnswer:
    """Read an answer to a task; what it means is for the rule of the project to decide.

    Raises Problem for the first thing that is wrong (400).
    """
    kind = sent.choice("kind", KINDS)
    intent = sent.optional_text("intent", longest=LONGEST_LABEL)
    domain = sent.optional_text("domain", longest=LONGEST_LABEL)
    slots = _read_slots(sent, task.text)
    if kind == "frame" and slots is None:
        raise _wrong("slots are missing; a frame says them, an empty list for none")
    try:
        said = rule.decide(task.text, kind, domain, intent, slots)
    except InputError as error:
        raise _wrong(str(error)) from error
    return NewAnswer(
        id=sent.text("id", shortest=1, longest=LONGEST_ID),
        task=task.id,
        annotator=sent.annotator(),
        kind=said.kind,
        domain=said.domain,
        intent=said.intent,
        slots=said.slots,
        flagged=sent.flag("flagged"),
        note=sent.text("note", longest=LONGEST_NOTE, lines=True) if sent.fields.get("note") else "",
        seconds=sent.number("seconds", most=DAY),
        replaces=sent.optional_text("replaces", longest=LONGEST_ID),
        adjudicates=sent.flag("adjudicates"),
        shown=task.prediction if sent.flag("shown") and not is_blind(task) else None,
    )


def _wrong(words: str) -> Problem:
    return Problem(f"{ANSWER}: {words}")


def _read_slots(sent: Reader, text: str) -> tuple[Slot, ...] | None:
    readers = sent.objects("slots", most=MOST_SLOTS, known=SLOT_FIELDS)
    if readers is None:
        return None
    slots = []
    for reader in readers:
        start = reader.whole("start", least=0, most=len(text) - 1)
        end = reader.whole("end", least=start + 1, most=len(text))
        slots.append(Slot(start, end, reader.text("label", shortest=1, longest=LONGEST_LABEL)))
    return tuple(sorted(slots))
