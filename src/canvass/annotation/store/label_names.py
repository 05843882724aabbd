"""What labels are called today: names that were renamed, merged or deleted, and what is read in their place.

Answers, predictions and the files of a project keep the names that they were written with. Whoever reads them reads
today's, so that nothing that was said is ever changed, and what was said under both names counts together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from canvass.annotation.store.records import Answer, TaskPrediction
from canvass.errors import InputError, shown
from canvass.types import Slot, Target, Utterance

LabelKind = Literal["intent", "slot"]
KINDS: dict[LabelKind, str] = {"intent": "intent", "slot": "slot label"}
RETIRED = "SELECT kind, name, became FROM retired"


@dataclass(frozen=True)
class LabelNames:
    """Retired names, each with the name that took its place, or None where the label was deleted."""

    intents: Mapping[str, str | None] = field(default_factory=dict)
    slots: Mapping[str, str | None] = field(default_factory=dict)

    def of(self, kind: LabelKind) -> Mapping[str, str | None]:
        """Give the retired names of a kind."""
        return self.intents if kind == "intent" else self.slots

    def intent(self, name: str | None) -> str | None:
        """Give today's name of an intent; None where it was deleted."""
        return None if name is None else self.intents.get(name, name)

    def target(self, target: Target) -> Target:
        """Read a target: its intents under today's names, without those that were deleted.

        >>> from canvass.types import Target
        >>> LabelNames({"Play": "Music", "Halt": "Stop"}).target(Target("intent", "Halt", ("Play", "Stop")))
        Target(kind='intent', name='Music', others=('Stop',))
        """
        if target.intents and self.intents:
            names = sorted({today for name in target.intents if (today := self.intent(name)) is not None})
            return replace(target, name=names[0], others=tuple(names[1:]))
        return target

    def tag(self, tag: str) -> str:
        """Give today's name of a BIO tag; O where its label was deleted."""
        prefix, dash, label = tag.partition("-")
        if not dash or label not in self.slots:
            return tag
        became = self.slots[label]
        return "O" if became is None else f"{prefix}-{became}"

    def spans(self, slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
        """Give slots under today's labels, without those whose label was deleted."""
        named = ((slot, self.slots.get(slot.label, slot.label)) for slot in slots)
        return tuple(replace(slot, label=label) for slot, label in named if label is not None)

    def answer(self, answer: Answer) -> Answer:
        """Read an answer; a frame whose intent was deleted says nothing any more, as if it had been passed over."""
        if not (self.intents or self.slots):
            return answer
        said = replace(
            answer, shown=self.prediction(answer.shown), prediction=self.prediction(answer.prediction)
        )
        intent = self.intent(answer.intent)
        if answer.kind == "frame" and answer.intent is not None and intent is None:
            return replace(said, kind="skip", domain=None, intent=None, slots=None)
        return replace(said, intent=intent, slots=None if said.slots is None else self.spans(said.slots))

    def prediction(self, prediction: TaskPrediction | None) -> TaskPrediction | None:
        """Read a prediction."""
        if prediction is None or not (self.intents or self.slots):
            return prediction
        likeliest: dict[str, float] = {}
        for name, probability in prediction.likeliest:
            today = self.intent(name)
            if today is not None:
                likeliest[today] = likeliest.get(today, 0.0) + probability
        return replace(
            prediction,
            intent=self.intent(prediction.intent),
            slots=self.spans(prediction.slots),
            likeliest=tuple(likeliest.items()),
            alternatives=tuple((self.spans(slots), chance) for slots, chance in prediction.alternatives),
        )

    def utterance(self, utterance: Utterance) -> Utterance | None:
        """Read an annotated utterance; None where its intent was deleted: nobody knows what it is now."""
        intent = self.intent(utterance.intent)
        if intent is None and utterance.intent is not None:
            return None
        slots = None if utterance.slots is None else self.spans(utterance.slots)
        return replace(utterance, intent=intent, slots=slots)


def refuse_retired(names: LabelNames, kind: LabelKind, name: str) -> None:
    """Refuse a new label under a retired name; raises InputError."""
    if name in names.of(kind):
        became = names.of(kind)[name]
        fate = "was deleted" if became is None else f"is called {shown(became)} now"
        raise InputError(f"the {KINDS[kind]} {shown(name)} {fate}; choose a name that was never used")


def read_names(connection: sqlite3.Connection) -> LabelNames:
    """Read the retired names."""
    return names_of(connection.execute(RETIRED).fetchall())


def names_of(rows: list[tuple[LabelKind, str, str | None]]) -> LabelNames:
    """Make the names of the rows of `RETIRED`."""
    intents = {name: became for kind, name, became in rows if kind == "intent"}
    return LabelNames(intents, {name: became for kind, name, became in rows if kind == "slot"})


def retire_name(
    connection: sqlite3.Connection, kind: LabelKind, name: str, became: str | None, now: float
) -> None:
    """Retire a name as well: it `became` another. One that is taken up again is not retired any more."""
    connection.execute("DELETE FROM retired WHERE kind = ? AND name = ?", (kind, became))
    connection.execute("UPDATE retired SET became = ? WHERE kind = ? AND became = ?", (became, kind, name))
    connection.execute(
        "INSERT INTO retired (kind, name, became, at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (kind, name) DO UPDATE SET became = excluded.became",
        (kind, name, became, now),
    )
