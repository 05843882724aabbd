"""A simulated assistant, whose suggestions people check: the keys that it takes, and the errors that stay.

Everything that it does is a hash of (seed, purpose, key), so it does not depend on what is chosen. Keys are counted by
a model of the page, from what `benchmarks.servers.keystrokes` measures: one saves, or says that a request is not of
the target; one sets an intent, where there are several; a slot that is shown wrong, or too much, takes 1.7 (1.2 to 2.1
on three targets), and one that is marked where nothing was shown takes 3.7. One takes the models' prediction in the
place of a suggestion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from canvass.corpus.normalise import key_of
from canvass.seeding import derived_seed, uniform
from canvass.simulation.noise import Annotator
from canvass.types import Frame, Prediction, Slot, Target, Utterance

HIDDEN = 0.1  # share of suggestions that nobody sees
SAVE, INTENT, CORRECT, MARK, OTHER = 1.0, 1.0, 1.7, 3.7, 1.0  # keys
ATTEMPTS = 20  # at a wrong frame; what has one label and no slots may have none


class Check(NamedTuple):
    """A request that a person annotated with an assistant's suggestion, and what it would have been without.

    `keys` and `wrong` (whether the frame is not the gold one) with the assistant; `keys_alone` and `wrong_alone` for
    the same person with the models' prediction.
    """

    annotation: Utterance
    keys: float
    wrong: bool
    keys_alone: float
    wrong_alone: bool


@dataclass(frozen=True)
class SimulatedAssistant:
    """An assistant that is wrong at a rate, and people who are influenced by it.

    * `seed`: seed of its errors and of the influence.
    * `error`: share of its frames that are wrong, from 0 to 1: about one part each, as `annotator` errs.
    * `influence`: share of the wrong suggestions that people take over.
    * `annotator`: knows the intents and labels.
    * `target`: what frames are of; elsewhere intent and slots do not matter.
    """

    seed: int
    error: float
    influence: float
    annotator: Annotator
    target: Target

    def suggest(self, gold: Utterance) -> Utterance:
        """Annotate a request as the assistant does."""
        if self._draw("error", gold) >= self.error:
            return gold
        rate = 1 / (1 + len(gold.slots or ()))
        for attempt in range(ATTEMPTS):
            seed = derived_seed(self.seed, "assistant", attempt)
            said = replace(self.annotator, seed=seed, rate=rate).annotate(gold)
            if self._frame(said) != self._frame(gold):
                return said
        return gold

    def check(self, gold: Utterance, person: Utterance, prediction: Prediction | None) -> Check:
        """Have a person, who means `person`, check the suggestion for a request; `prediction` is the models'."""
        suggestion = self.suggest(gold)
        annotation = person
        alone = self._keys(person, None if prediction is None else (prediction.intent, prediction.slots))
        if self._draw("hidden", gold) < HIDDEN:
            keys = self._keys(person, None)
        elif self._frame(suggestion) != self._frame(gold) and self._draw("influence", gold) < self.influence:
            annotation, keys = suggestion, SAVE
        else:
            shown = (suggestion.intent, suggestion.slots or ()) if self.target.matches(suggestion) else None
            keys = min(self._keys(person, shown), OTHER + alone)
        return Check(
            annotation,
            keys,
            self._frame(annotation) != self._frame(gold),
            alone,
            self._frame(person) != self._frame(gold),
        )

    def _draw(self, purpose: str, gold: Utterance) -> float:
        return uniform(self.seed, f"assistant/{purpose}", key_of(gold.text))

    def _frame(self, said: Utterance) -> Frame:
        return Frame.of(said.intent, said.slots, of_target=self.target.matches(said))

    def _keys(self, said: Utterance, shown: tuple[str | None, Iterable[Slot]] | None) -> float:
        """Count the keys to what is said, from the intent and slots that are shown, or from nothing."""
        if not self.target.matches(said):
            return SAVE
        slots = set(said.slots or ())
        intent, marked = shown or (None, ())
        count = SAVE + INTENT * (self.target.only_intent is None and intent != said.intent)
        if shown is None:
            return count + MARK * len(slots)
        there = set(marked)
        extra = [
            slot
            for slot in there
            if not any(slot.start < other.end and other.start < slot.end for other in slots)
        ]
        return count + CORRECT * (len(slots - there) + len(extra))
