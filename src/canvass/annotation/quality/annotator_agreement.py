"""How far annotators agree: for each pair, on the tasks that both answered."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from canvass.statistics import cohens_kappa

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canvass.annotation.store.records import Answer

OUT_OF_TARGET = ("elsewhere",)  # no intent: these are strings


class Agreement(NamedTuple):
    """How far annotators `a` and `b` agree on the `n` tasks that both answered.

    `kappa` is Cohen's, on intents, "not of the target" being one more; None where it can tell nothing. `span_f1` is
    that of slots which are equal in start, end and label, on the `frames` tasks that both take for the target; 1 where
    neither marks any, None where there are no such tasks.
    """

    a: str
    b: str
    kappa: float | None
    span_f1: float | None
    n: int
    frames: int


def agreements(answers: Iterable[Answer]) -> list[Agreement]:
    """Compare every pair of annotators, in the order of their names.

    Answers that were replaced, that pass, or that end a dispute are left out: the last are given in view of the others.
    So are copies, which nobody gave for the text itself.
    """
    by_task: defaultdict[int, dict[str, Answer]] = defaultdict(dict)
    for answer in answers:
        if answer.current and answer.kind != "skip" and not answer.adjudicates and answer.copies is None:
            by_task[answer.task][answer.annotator] = answer
    pairs: defaultdict[tuple[str, str], list[tuple[Answer, Answer]]] = defaultdict(list)
    for said in by_task.values():
        for a, b in combinations(sorted(said), 2):
            pairs[a, b].append((said[a], said[b]))
    return [_compare(*names, both) for names, both in sorted(pairs.items())]


def _compare(a: str, b: str, both: list[tuple[Answer, Answer]]) -> Agreement:
    kappa = cohens_kappa([_intent(answer) for answer, _ in both], [_intent(other) for _, other in both])
    frames = [(answer, other) for answer, other in both if answer.kind == other.kind == "frame"]
    spans = [(set(answer.slots or ()), set(other.slots or ())) for answer, other in frames]
    marked = sum(len(slots) + len(other) for slots, other in spans)
    equal = sum(len(slots & other) for slots, other in spans)
    span_f1 = None if not frames else 2 * equal / marked if marked else 1.0
    return Agreement(a, b, kappa, span_f1, len(both), len(frames))


def _intent(answer: Answer) -> object:
    return OUT_OF_TARGET if answer.kind == "elsewhere" else answer.intent
