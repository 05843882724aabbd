"""The JSON of an answer: its fields checked one by one, and its meaning by the rule of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canvass.annotation.store.records import AnswerKind, NewAnswer
from canvass.annotation.web.problems import BAD_REQUEST, Problem
from canvass.annotation.web.reading import Reader
from canvass.annotation.web.shapes import is_blind
from canvass.errors import InputError
from canvass.types import Slot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canvass.annotation.project.answer_rule import AnswerRule
    from canvass.annotation.store.records import Task

FIELDS = (
    "id", "task", "annotator", "kind", "domain", "intent", "slots", "flagged", "note", "seconds", "replaces",
    "adjudicates", "shown",
)  # fmt: skip
SLOT_FIELDS = ("start", "end", "label")
KINDS: tuple[AnswerKind, ...] = ("frame", "elsewhere", "skip")
WHERE = "answer"
LONGEST_ID = 100
LONGEST_NOTE = 10_000
MOST_SLOTS = 1_000
LONGEST_LABEL = 1_000  # labels come from corpora, and are not ours to shorten
LONGEST_KEY = 100_000
DAY = 86_400.0


def answer_reader(fields: Mapping[str, Any]) -> Reader:
    """Begin to read an answer."""
    return Reader(fields, WHERE, FIELDS)


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
    return Problem(BAD_REQUEST, f"{WHERE}: {words}")


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
