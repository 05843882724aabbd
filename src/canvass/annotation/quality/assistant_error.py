"""How wrong an assistant's suggestions are, how far seeing them moves people, and whether it may answer alone."""

from __future__ import annotations

import json
import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from canvass.annotation.project.answer_rule import Meaning
from canvass.annotation.project.project import Project
from canvass.annotation.store.records import ALONE, Answer, TaskPrediction
from canvass.statistics import Interval, wilson_interval
from canvass.types import Frame

MARGIN = 0.1  # by how much an assistant may be worse than a person
APPROVAL = "assistant"  # a fact: which assistant may annotate alone (`question`), since when, or why no more
FEWEST_WRONG = 2  # of its checked answers, until it may not


def frame_of(said: Answer | Meaning) -> Frame:
    """Take the frame out of an answer."""
    return Frame.of(said.intent, said.slots, of_target=said.kind != "elsewhere")


class Share(NamedTuple):
    """`wrong` of `n` suggestions, by what people answered."""

    wrong: int
    n: int

    @property
    def rate(self) -> float:
        """The share; 0 of nothing."""
        return self.wrong / self.n if self.n else 0.0

    @property
    def interval(self) -> Interval:
        """A 95 % interval of it."""
        return wilson_interval(self.wrong, self.n)

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {**self._asdict(), "interval": list(self.interval)}


class AssistantError(NamedTuple):
    """What became of the suggestions of the assistant `name`: those that were `hidden` from people, and the `shown`.

    The former is its error. Where people leave more of the latter as they are, seeing a suggestion moves them. If it
    answered some requests `alone`, those of their kind that people `checked`, which are the hidden ones, stand apart.
    """

    name: str
    hidden: Share
    shown: Share
    alone: int = 0
    checked: Share = Share(0, 0)

    @property
    def influence(self) -> tuple[float, Interval]:
        """Error of hidden suggestions less that of shown ones, with a 95 % interval (Newcombe 1998, method 10)."""
        (low, high), (least, most) = self.hidden.interval, self.shown.interval
        hidden, shown = self.hidden.rate, self.shown.rate
        difference = hidden - shown
        return difference, Interval(
            difference - math.hypot(hidden - low, most - shown),
            difference + math.hypot(high - hidden, shown - least),
        )

    @property
    def words(self) -> str:
        """Say it in a sentence, or two."""
        if not self.alone:
            return self._of_suggestions
        low, high = self.checked.interval
        said = f"{self._of_suggestions}. It answered {self.alone} alone, and "
        if not self.checked.n:
            return f"{said}none such was checked yet"
        return f"{said}{self.checked.wrong} of {self.checked.n} that were checked were wrong ({low:.0%} to {high:.0%})"

    @property
    def _of_suggestions(self) -> str:
        said = (
            f"Of the assistant {self.name}'s suggestions people changed {self.shown.wrong} of {self.shown.n}"
        )
        if not self.hidden.n:
            return f"{said}, and have answered none unseen yet"
        low, high = self.hidden.interval
        said += f"; of those they did not see, {self.hidden.wrong} of {self.hidden.n} were wrong"
        said += f" ({low:.0%} to {high:.0%})"
        if not self.shown.n:
            return said
        difference, (least, most) = self.influence
        moved = f"{100 * difference:.0f} of 100 answers ({100 * least:.0f} to {100 * most:.0f})"
        return f"{said}, so seeing one moves {moved}"

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        difference, interval = self.influence
        return {
            "name": self.name,
            "hidden": self.hidden.as_dict(),
            "shown": self.shown.as_dict(),
            "checked": self.checked.as_dict(),
            "alone": self.alone,
            "influence": difference if self.hidden.n and self.shown.n else None,
            "influence_interval": list(interval) if self.hidden.n and self.shown.n else None,
        }


def assistant_errors(answers: Iterable[Answer]) -> list[AssistantError]:
    """Compare answers that stand with the suggestions that there were, by the names of assistants.

    Left out are answers that pass, end a dispute, or are copies.
    """
    answers = list(answers)
    alone = Counter(answer.annotator.removeprefix(ALONE) for answer in answers if answer.alone)
    groups: defaultdict[str, defaultdict[str, list[Answer]]] = defaultdict(lambda: defaultdict(list))
    for answer in answers:
        suggestion = _suggestion_of(answer)
        if suggestion is not None:
            kind = "hidden" if suggestion.hidden else "shown"
            # What it answers alone is not shown, so what people answer instead has nothing to be compared with.
            apart = " agreed" * (suggestion.agreed and suggestion.by in alone)
            groups[suggestion.by][kind + apart].append(answer)
    return [
        AssistantError(
            name,
            share_wrong(groups[name]["hidden"]),
            share_wrong(groups[name]["shown"]),
            alone[name],
            share_wrong(groups[name]["hidden agreed"]),
        )
        for name in sorted(groups.keys() | alone.keys())
    ]


def is_check(answer: Answer) -> bool:
    """Whether a person answered, unseen, what an assistant and the models were sure of."""
    suggestion = _suggestion_of(answer)
    return suggestion is not None and suggestion.hidden and suggestion.agreed


def share_wrong(answers: Iterable[Answer]) -> Share:
    """Count the answers that differ from the suggestions that there were."""
    wrong = [
        frame_of(answer)
        != Frame.of(suggestion.intent, suggestion.slots, of_target=suggestion.positive is not False)
        for answer in answers
        if (suggestion := _suggestion_of(answer)) is not None
    ]
    return Share(sum(wrong), len(wrong))


def _suggestion_of(answer: Answer) -> TaskPrediction | None:
    """Give the assistant's suggestion that a person's answer can be compared with; None where there is none."""
    suggestion = answer.prediction
    if suggestion is None or not suggestion.by or answer.kind == "skip" or answer.copies is not None:
        return None
    return None if answer.adjudicates or suggestion.hidden == (answer.shown is not None) else suggestion


def approve(project: Project, question: str | None) -> None:
    """Approve the assistant of a question (`Assistant.question`), and no other; None: approve none."""
    approval = {"question": question, "at": time.time(), "stopped": ""}
    project.store.set_fact(APPROVAL, json.dumps(approval) if question else "")


def withdraw(project: Project) -> int:
    """Take back the approval, and all that assistants answered alone; returns how many answers."""
    approve(project, None)
    return project.store.withdraw(now=time.time())


def objection(project: Project, question: str) -> str:
    """Say why the assistant of a question may not annotate alone; empty where it may.

    Of what it would have answered alone, people answer a share unseen. Once `FEWEST_WRONG` of these or more, and more
    than `MARGIN`, were wrong since the approval, that ends for good.
    """
    approval = json.loads(project.store.fact(APPROVAL) or "null")
    if approval is None:
        return f"canvass judge has not approved it for {project.name}; run it with the same server, model and mask"
    if approval["question"] != question:
        return (
            "canvass judge approved another model, other guidelines or another mask; run it again with these"
        )
    recent = [answer for answer in project.store.answers() if answer.at >= approval["at"]]
    checked = share_wrong(answer for answer in recent if is_check(answer))
    if not approval["stopped"] and checked.wrong >= FEWEST_WRONG and checked.rate > MARGIN:
        approval["stopped"] = (
            f"{checked.wrong} of {checked.n} of its answers that people checked were wrong, and {MARGIN:.0%} are "
            "allowed; canvass judge --withdraw takes all of them back"
        )
        project.store.set_fact(APPROVAL, json.dumps(approval))
    return str(approval["stopped"])
