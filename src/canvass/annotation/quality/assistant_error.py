"""How wrong an assistant's suggestions are, and how far seeing them moves people."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from canvass.statistics import Interval, wilson_interval

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canvass.annotation.store.records import Answer
    from canvass.types import Slot


class Frame(NamedTuple):
    """What somebody said of a text: slots are (start, end, label), and there are none where it is not of the target."""

    of_target: bool
    intent: str | None
    slots: frozenset[tuple[int, int, str]]

    @classmethod
    def of(cls, intent: str | None, slots: Iterable[Slot] | None, *, of_target: bool) -> Frame:
        """Make the frame of what was said; what it says beside that it is not of the target does not matter."""
        if not of_target:
            return cls(False, None, frozenset())
        return cls(True, intent, frozenset((slot.start, slot.end, slot.label) for slot in slots or ()))


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


class AssistantError(NamedTuple):
    """What became of the suggestions of the assistant `name`: those that were `hidden` from people, and the `shown`.

    The former is its error. Where people leave more of the latter as they are, seeing a suggestion moves them.
    """

    name: str
    hidden: Share
    shown: Share

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
        """Say it in a sentence."""
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
            **{
                kind: {**share._asdict(), "interval": list(share.interval)}
                for kind, share in (("hidden", self.hidden), ("shown", self.shown))
            },
            "influence": difference if self.hidden.n and self.shown.n else None,
            "influence_interval": list(interval) if self.hidden.n and self.shown.n else None,
        }


def assistant_errors(answers: Iterable[Answer]) -> list[AssistantError]:
    """Compare answers that stand with the suggestions that there were, by the names of assistants.

    Left out are answers that pass, end a dispute, or are copies.
    """
    counts: defaultdict[str, dict[bool, list[bool]]] = defaultdict(lambda: {True: [], False: []})
    for answer in answers:
        suggestion = answer.prediction
        if suggestion is None or not suggestion.by or answer.kind == "skip" or answer.copies is not None:
            continue
        if answer.adjudicates or suggestion.hidden == (answer.shown is not None):
            continue
        suggested = Frame.of(suggestion.intent, suggestion.slots, of_target=suggestion.positive is not False)
        said = Frame.of(answer.intent, answer.slots, of_target=answer.kind != "elsewhere")
        counts[suggestion.by][suggestion.hidden].append(suggested != said)
    return [
        AssistantError(name, *(Share(sum(of[hidden]), len(of[hidden])) for hidden in (True, False)))
        for name, of in sorted(counts.items())
    ]
