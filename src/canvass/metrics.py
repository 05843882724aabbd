"""How good an NLU is: slot error rate and the rest, from counts per utterance.

The slot error rate is (substitutions + insertions + deletions) / (slots of the reference): Makhoul, Kubala,
Schwartz, Weischedel 1999, "Performance measures for information extraction". F1, beside it, gives insertions
and deletions half the weight of substitutions. The intent is counted as one more slot of every utterance, and
a wrong intent as a substitution.

Alignment of the predicted with the reference slots: those equal in start, end and label are correct. Of the
rest, overlapping pairs, one to one, from the left, are substitutions (the same span with another label among
them). What is then left of the prediction are insertions; of the reference, deletions.

Nothing is divided by zero. An error rate over nothing is the number of errors, as if there were one slot: 0
if there are no errors, and not hidden if there are. Precision is 1 where nothing was predicted, recall where
there was nothing to find, F1 only where both are so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from canvass.types import Slot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Answers = Sequence[bool] | NDArray[np.bool_]

RATES = (
    *("slot_error_rate", "span_slot_error_rate", "intent_error_rate", "frame_error_rate"),
    *("span_precision", "span_recall", "span_f1"),
)


@dataclass(frozen=True, slots=True)
class FrameErrors:
    """What is wrong with the predicted intent and slots of one utterance."""

    substitutions: int
    insertions: int
    deletions: int
    correct_slots: int
    reference_slots: int
    predicted_slots: int
    intent_wrong: bool

    @property
    def errors(self) -> int:
        """Errors of the frame, intent included: the numerator of the slot error rate."""
        return self.substitutions + self.insertions + self.deletions + self.intent_wrong

    @property
    def weight(self) -> int:
        """Slots of the reference, intent included: the denominator of the slot error rate."""
        return self.reference_slots + 1


def count_errors(
    reference_slots: Sequence[Slot],
    predicted_slots: Sequence[Slot],
    reference_intent: str | None,
    predicted_intent: str | None,
) -> FrameErrors:
    """Align the slots of one utterance, in any order, and count.

    >>> from canvass.types import Slot
    >>> artist, song = Slot(5, 10, "artist"), Slot(14, 20, "song")
    >>> errors = count_errors([artist, song], [Slot(5, 12, "artist")], "Play", "Play")
    >>> errors.substitutions, errors.insertions, errors.deletions, errors.correct_slots
    (1, 0, 1, 0)
    """
    reference, predicted = Counter(reference_slots), Counter(predicted_slots)
    correct = reference & predicted
    missed, extra = sorted((reference - correct).elements()), sorted((predicted - correct).elements())
    substitutions = 0
    for slot in missed:
        other = next(
            (candidate for candidate in extra if candidate.start < slot.end and slot.start < candidate.end),
            None,
        )
        if other is not None:
            extra.remove(other)
            substitutions += 1
    return FrameErrors(
        substitutions=substitutions,
        insertions=len(extra),
        deletions=len(missed) - substitutions,
        correct_slots=correct.total(),
        reference_slots=len(reference_slots),
        predicted_slots=len(predicted_slots),
        intent_wrong=reference_intent != predicted_intent,
    )


@dataclass(frozen=True, slots=True)
class Scores:
    """The counts of a test set, and the rates that follow from them."""

    utterances: int
    substitutions: int
    insertions: int
    deletions: int
    correct_slots: int
    reference_slots: int
    predicted_slots: int
    intent_errors: int
    frame_errors: int

    @property
    def slot_error_rate(self) -> float:
        """SlotER with the intent as one more slot of every utterance: the headline."""
        return (self._span_errors + self.intent_errors) / max(1, self.reference_slots + self.utterances)

    @property
    def span_slot_error_rate(self) -> float:
        """SlotER of the spans alone."""
        return self._span_errors / max(1, self.reference_slots)

    @property
    def intent_error_rate(self) -> float:
        """Share of the utterances whose intent is wrong."""
        return self.intent_errors / max(1, self.utterances)

    @property
    def frame_error_rate(self) -> float:
        """Share of the utterances with any error."""
        return self.frame_errors / max(1, self.utterances)

    @property
    def span_precision(self) -> float:
        """Share of the predicted slots that are exactly right (micro average)."""
        return _share(self.correct_slots, self.predicted_slots)

    @property
    def span_recall(self) -> float:
        """Share of the reference slots that are found exactly (micro average)."""
        return _share(self.correct_slots, self.reference_slots)

    @property
    def span_f1(self) -> float:
        """Harmonic mean of the two."""
        return _share(2 * self.correct_slots, self.predicted_slots + self.reference_slots)

    @property
    def _span_errors(self) -> int:
        return self.substitutions + self.insertions + self.deletions

    def as_dict(self) -> dict[str, float]:
        """Rates (float), then counts (int), for JSON."""
        return {name: getattr(self, name) for name in RATES} | asdict(self)


def score(counts: Sequence[FrameErrors]) -> Scores:
    """Sum the counts of the utterances of a test set."""
    sums = (sum(getattr(errors, field.name) for errors in counts) for field in fields(FrameErrors))
    return Scores(*(len(counts), *sums, sum(errors.errors > 0 for errors in counts)))


@dataclass(frozen=True, slots=True)
class Routing:
    """How well the committee tells the target from the rest."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def precision(self) -> float:
        """Share of what was taken for the target that belongs to it."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Share of the target that was found."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        wrong = self.false_positives + self.false_negatives
        return _share(2 * self.true_positives, 2 * self.true_positives + wrong)

    def as_dict(self) -> dict[str, float]:
        """Rates (float), then counts (int), for JSON."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1, **asdict(self)}


def routing(is_target: Answers, predicted: Answers) -> Routing:
    """Count the four cases of two sequences of booleans, (N,); raises ValueError if their lengths differ.

    >>> routing([True, True, False], [True, False, False])
    Routing(true_positives=1, false_positives=0, false_negatives=1, true_negatives=1)
    """
    cases = Counter(zip(is_target, predicted, strict=True))
    return Routing(cases[True, True], cases[False, True], cases[True, False], cases[False, False])


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
