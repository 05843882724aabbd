"""Count the errors of a target's NLU on its test utterances, and of its committee on all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from canvass.corpus.normalise import keys
from canvass.errors import InputError
from canvass.metrics import count_errors, routing, score
from canvass.strategies import majority

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from canvass.metrics import FrameErrors, Routing, Scores
    from canvass.models.committee import Committee
    from canvass.models.nlu import NLU
    from canvass.types import Prediction, Slot, Target, Utterance


class Frame(Protocol):
    """A predicted intent and slots."""

    @property
    def intent(self) -> str | None:
        """The intent; None where there is none."""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots of the text as written."""


@dataclass(frozen=True)
class HeldOut:
    """A test set, prepared once for many models.

    `ours` are the target's utterances that are annotated for slots, whose errors are counted; `is_target` bool (N,)
    and `keys`, an Arrow column, are of all N utterances, on which routing is counted.
    """

    ours: tuple[Utterance, ...]
    is_target: NDArray[np.bool_]
    keys: pa.Array

    @classmethod
    def of(cls, test: Sequence[Utterance], target: Target) -> HeldOut:
        """Prepare a test set; raises InputError if no utterance of the target is annotated for slots."""
        import pyarrow as pa

        ours = tuple(one for one in test if target.matches(one) and one.slots is not None)
        if not ours:
            raise InputError(
                f"no utterance of {target} is annotated for slots (an empty list says that there are none): there is "
                "nothing to count"
            )
        is_target = np.array([target.matches(one) for one in test], dtype=np.bool_)
        return cls(ours, is_target, keys(pa.array([one.text for one in test], type=pa.string())))

    @property
    def texts(self) -> list[str]:
        """The texts whose errors are counted."""
        return [one.text for one in self.ours]

    def count(self, predictions: Sequence[Frame]) -> list[FrameErrors]:
        """Count the errors of each prediction, in the order of `ours`."""
        return [
            count_errors(gold.slots or (), predicted.slots, gold.intent, predicted.intent)
            for gold, predicted in zip(self.ours, predictions, strict=True)
        ]

    def route(self, committee: Committee) -> Routing:
        """Count how the committee tells the target from the rest."""
        return routing(self.is_target.tolist(), majority(committee.score(self.keys).scores).tolist())


def evaluate(nlu: NLU, test: Sequence[Utterance]) -> tuple[Scores, Routing | None]:
    """Count the errors of a target's NLU on its test utterances, and of its committee on all.

    Utterances of the target that nobody annotated for slots count for the committee only.

    Raises
    ------
    InputError
        If no utterance of the target is annotated for slots.

    """
    prepared = HeldOut.of(test, nlu.target)
    predictions: Sequence[Prediction] = nlu.predict(prepared.texts)
    scores = score(prepared.count(predictions))
    return scores, None if nlu.committee is None else prepared.route(nlu.committee)
