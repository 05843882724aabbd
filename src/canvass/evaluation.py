"""Count the errors of a target's NLU on its test utterances, and of its routing on all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canvass.corpus.normalise import keys
from canvass.errors import InputError
from canvass.metrics import FrameErrors, Routing, Scores, count_errors, routing, score
from canvass.strategies import majority
from canvass.types import Prediction, Slot, Target, Utterance

if TYPE_CHECKING:
    # Studies are read without models.
    from canvass.models.nlu import NLU


class PredictedFrame(NamedTuple):
    """A predicted intent and slots, of models that say no more."""

    intent: str | None
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class HeldOut:
    """A test set, prepared once for many models.

    `ours` are the target's utterances whose errors are counted: those that are annotated for slots or, where none is
    (`has_slots` is False), those with an intent. `is_target` bool (N,) and `keys`, an Arrow column, are of all N
    utterances, on which routing is counted.
    """

    ours: tuple[Utterance, ...]
    is_target: NDArray[np.bool_]
    keys: pa.Array

    @classmethod
    def of(cls, test: Sequence[Utterance], target: Target) -> HeldOut:
        """Prepare a test set; raises InputError if no utterance of the target is annotated with an intent or slots."""
        of_target = [utterance for utterance in test if target.matches(utterance)]
        ours = tuple(utterance for utterance in of_target if utterance.slots is not None) or tuple(
            utterance for utterance in of_target if utterance.intent is not None
        )
        if not ours:
            raise InputError(
                f"no utterance of {target} has an intent, or is annotated for slots (an empty list says that there are "
                "none): there is nothing to count"
            )
        is_target = np.array([target.matches(utterance) for utterance in test], dtype=np.bool_)
        return cls(ours, is_target, keys(pa.array([utterance.text for utterance in test], type=pa.string())))

    @property
    def has_slots(self) -> bool:
        """Whether slots are annotated."""
        return self.ours[0].slots is not None

    @property
    def has_intents(self) -> bool:
        """Whether any intent is annotated."""
        return any(utterance.intent is not None for utterance in self.ours)

    @property
    def texts(self) -> list[str]:
        """The texts whose errors are counted."""
        return [utterance.text for utterance in self.ours]

    def count(self, predictions: Sequence[Prediction | PredictedFrame]) -> list[FrameErrors]:
        """Count the errors of each prediction, in the order of `ours`."""
        return [
            count_errors(
                gold.slots or (), predicted.slots if self.has_slots else (), gold.intent, predicted.intent
            )
            for gold, predicted in zip(self.ours, predictions, strict=True)
        ]

    def route(self, nlu: NLU) -> Routing | None:
        """Count how models tell the target from the rest; None where there is none."""
        taken = takes_for_target(nlu, self.keys)
        return None if taken is None else routing(self.is_target.tolist(), taken.tolist())


def takes_for_target(nlu: NLU, column: pa.Array) -> NDArray[np.bool_] | None:
    """Tell which keys of a column the models take for the target: bool (N,).

    It is the committee's majority or, where the target is `all`, what is likelier in scope than out of it; None where
    there is nothing else than the target.
    """
    if nlu.committee is not None:
        return np.asarray(majority(nlu.committee.score(column).scores))
    return nlu.in_scope(column) if nlu.knows_scope else None


def evaluate(nlu: NLU, test: Sequence[Utterance]) -> tuple[Scores, Routing | None]:
    """Count the errors of a target's NLU on its test utterances, and of its routing on all.

    Utterances of the target that nobody annotated for slots count for the routing only, unless none is: then the
    intents alone count, as they do for models without a tagger. Raises InputError if no utterance of the target is
    annotated with what the models predict.
    """
    prepared = HeldOut.of(counted(nlu, test), nlu.target)
    return score(prepared.count(nlu.predict(prepared.texts))), prepared.route(nlu)


def counted(nlu: NLU, test: Sequence[Utterance]) -> Sequence[Utterance]:
    """Leave out the slots of a test set where models predict none."""
    return test if nlu.tagger is not None else [replace(utterance, slots=None) for utterance in test]
