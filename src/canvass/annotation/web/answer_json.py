"""From what the page sent to an answer that makes sense: labels that exist, slots that can be learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from canvass.annotation.store.records import AnswerKind, NewAnswer
from canvass.annotation.web.problems import BAD_REQUEST, Problem
from canvass.annotation.web.reading import LONGEST_NAME, Reader
from canvass.annotation.web.shapes import is_blind
from canvass.corpus.spans import text_tokens
from canvass.errors import nearest
from canvass.types import Slot, Target, Utterance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from canvass.annotation.store.records import Task
    from canvass.annotation.web.guidelines import Guidelines

FIELDS = (
    "id", "task", "annotator", "kind", "domain", "intent", "slots", "flagged", "note", "seconds", "replaces",
    "adjudicates", "shown",
)  # fmt: skip
SLOT_FIELDS = ("start", "end", "label")
KINDS = ("frame", "elsewhere", "skip")
WHERE = "answer"
LONGEST_ID = 100
LONGEST_NOTE = 10_000
MOST_SLOTS = 1_000
LONGEST_LABEL = 1_000  # labels come from corpora, and are not ours to shorten
DAY = 86_400.0


def answer_reader(fields: Mapping[str, Any]) -> Reader:
    """Begin to read an answer."""
    return Reader(fields, WHERE, FIELDS)


def read_answer(
    sent: Reader,
    task: Task,
    *,
    target: Target,
    guidelines: Guidelines,
    new_labels: bool,
    inside_tokens: bool,
) -> NewAnswer:
    """Check an answer against its task, and against the labels of the project.

    A frame is of the target, and says all of it: an intent, and slots (an empty list for none). `elsewhere` may name
    the domain and the intent where the utterance belongs; names that nobody knows yet only where `new_labels` allows
    them. Slots lie within the text, do not overlap, have known labels, and begin and end on token borders unless
    `inside_tokens`.

    Raises
    ------
    Problem
        For the first thing that is wrong (400).

    """
    kind = cast("AnswerKind", sent.choice("kind", KINDS))
    intent = sent.optional_text("intent", longest=LONGEST_LABEL)
    domain = sent.optional_text("domain", longest=LONGEST_LABEL)
    slots = _read_slots(sent, task.text)
    if kind == "frame":
        domain, intent = _frame(domain, intent, task, target, guidelines)
        if slots is None:
            raise _wrong("slots are missing; a frame says them, an empty list for none")
        _check_labels([one.label for one in slots], guidelines.slot_names)
        _check_places(task.text, slots, inside_tokens=inside_tokens)
    else:
        if slots:
            raise _wrong(f"slots belong to a frame, and this is of kind {kind}; leave them out")
        slots = None
    if kind == "elsewhere":
        _check_elsewhere(domain, intent, target, guidelines, new_labels=new_labels)
    if kind == "skip" and (domain, intent) != (None, None):
        raise _wrong("a skip says nothing of the utterance; leave domain and intent out")
    return NewAnswer(
        id=sent.text("id", shortest=1, longest=LONGEST_ID),
        task=task.id,
        annotator=sent.annotator(),
        kind=kind,
        domain=domain,
        intent=intent,
        slots=slots,
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
    found = sent.objects("slots", most=MOST_SLOTS, known=SLOT_FIELDS)
    if found is None:
        return None
    slots = []
    for one in found:
        start = one.whole("start", least=0, most=len(text) - 1)
        end = one.whole("end", least=start + 1, most=len(text))
        slots.append(Slot(start, end, one.text("label", shortest=1, longest=LONGEST_LABEL)))
    return tuple(sorted(slots))


def _frame(
    domain: str | None, intent: str | None, task: Task, target: Target, guidelines: Guidelines
) -> tuple[str | None, str | None]:
    """Complete and check the domain and the intent of a frame: what the target implies need not be sent."""
    names = [*guidelines.intent_names, *([target.name] if target.kind == "intent" else [])]
    if intent is None and target.kind == "intent":
        intent = target.name
    if intent is None and names:
        raise _wrong(f"intent is missing; expected one of {', '.join(names)}")
    if intent is not None and intent not in names:
        raise _wrong(f"intent {intent!r} is unknown{nearest(intent, names)}; add it as a new label first")
    if domain is None:
        implied = target.name if target.kind == "domain" else guidelines.domain_of.get(intent or "")
        domain = implied if implied is not None else task.prediction.domain if task.prediction else None
    elif domain not in guidelines.domains and domain != target.name:
        raise _wrong(f"domain {domain!r} is unknown{nearest(domain, list(guidelines.domains))}")
    if not target.matches(Utterance(task.text, domain=domain, intent=intent)):
        raise _wrong(f"this frame is not of {target}; say that the utterance belongs elsewhere")
    return domain, intent


def _check_elsewhere(
    domain: str | None, intent: str | None, target: Target, guidelines: Guidelines, *, new_labels: bool
) -> None:
    if target.kind != "all" and target.matches(Utterance("", domain=domain, intent=intent)):
        raise _wrong(f"what is named is {target} itself; name where the utterance belongs, or nothing")
    for what, name, known in (
        ("domain", domain, set(guidelines.domains)),
        ("intent", intent, {*guidelines.domain_of, *guidelines.intent_names}),
    ):
        if name is None or name in known:
            continue
        if not new_labels:
            raise _wrong(f"{what} {name!r} is unknown{nearest(name, sorted(known))}")
        if len(name) > LONGEST_NAME or name != " ".join(name.split()):
            raise _wrong(f"the name of a new {what} has 1 to {LONGEST_NAME} characters")


def _check_labels(labels: Sequence[str], known: list[str]) -> None:
    for label in labels:
        if label not in known:
            raise _wrong(
                f"slot label {label!r} is unknown{nearest(label, known)}; add it as a new label first"
            )


def _check_places(text: str, slots: Sequence[Slot], *, inside_tokens: bool) -> None:
    """Check that sorted slots do not overlap, and where they begin and end."""
    end = 0
    for slot in slots:
        if slot.start < end:
            raise _wrong(f"slot {slot.label!r} [{slot.start}, {slot.end}) overlaps another; make one shorter")
        end = slot.end
        inside = text[slot.start : slot.end]
        if inside != inside.strip():
            raise _wrong(
                f"slot {slot.label!r} [{slot.start}, {slot.end}) begins or ends in white space; move it"
            )
    if inside_tokens or not slots:
        return
    borders = text_tokens(text)[1]
    starts, ends = {one.start for one in borders}, {one.end for one in borders}
    for slot in slots:
        if slot.start not in starts or slot.end not in ends:
            raise _wrong(
                f"slot {slot.label!r} [{slot.start}, {slot.end}) begins or ends inside a word; move it, or set "
                "inside_tokens = true in canvass.toml"
            )
