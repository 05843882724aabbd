"""Model families of another kind, trained on the utterances that a strategy selected, and the contract they keep.

Selected data need not suit a successor of the model that selected them (Lowell, Lipton, Wallace 2019, "Practical
obstacles to deploying active learning"), so a study can measure what was selected with several families.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from canvass.callables import is_callable_name, load_callable
from canvass.errors import CanvassError, OptionError, TrainingError, nearest, shown
from canvass.evaluation import HeldOut, PredictedFrame
from canvass.metrics import FrameErrors
from canvass.types import Slot, Target, Utterance

SVM, SPACY = "svm", "spacy"
BUILT_IN = (SVM, SPACY)
OPTION = "--transfer"


class Family(Protocol):
    """What a family's factory returns when it is called with a `seed`: a model that is trained once, then predicts."""

    def fit(self, utterances: Sequence[Utterance], /) -> Any:
        """Train on annotated utterances of the target; intents or slots may be None, which is not annotated."""

    def predict(self, texts: Sequence[str], /) -> Sequence[Any]:
        """Predict each text: an object with an `intent`, a string or None, and `slots`, each start, end and label."""


def check_name(name: str) -> None:
    """Check that a name is a family's: `svm`, `spacy` or `module:factory`; raises OptionError."""
    if name not in BUILT_IN and not is_callable_name(name):
        raise OptionError(
            f"{OPTION} {name!r} is no family of models{nearest(name, list(BUILT_IN))}; write svm, spacy, or "
            "module:factory of your own (--transfer-every N measures on the way, too)"
        )


def factory_of(name: str) -> Callable[..., Family]:
    """Return the factory of a family; it is called with the keyword `seed`.

    Raises OptionError or ExtraMissingError if there is no such family, or what it needs is not installed.
    """
    check_name(name)
    if name == SVM:
        from canvass.simulation.families import SVMFamily

        return SVMFamily
    if name == SPACY:
        from canvass.simulation.families import SpacyFamily, load_spacy

        load_spacy()
        return SpacyFamily
    return load_callable(name, OPTION)


def errors_of_family(
    name: str, labelled: Sequence[Utterance], target: Target, held_out: HeldOut, *, seed: int
) -> list[FrameErrors]:
    """Train a family on the target's annotated utterances, and count its errors on each test utterance.

    Raises TrainingError if the family fails, or predicts what is no frame of the text.
    """
    ours = [utterance for utterance in labelled if target.matches(utterance)]
    return held_out.count(fit_and_predict(name, ours, held_out.texts, seed=seed))


def fit_and_predict(
    name: str, utterances: Sequence[Utterance], texts: Sequence[str], *, seed: int
) -> list[PredictedFrame]:
    """Train a family and predict N texts; raises TrainingError for a failure or a prediction that is no frame."""
    factory = factory_of(name)
    try:
        family = factory(seed=seed)
        family.fit(utterances)
        predicted = list(family.predict(texts))
    except CanvassError:
        raise
    except Exception as error:  # a model of the user's raises whatever it likes
        raise TrainingError(
            f"{OPTION} {name} failed with {type(error).__name__}: {shown(str(error))}"
        ) from error
    if len(predicted) != len(texts):
        raise TrainingError(f"{OPTION} {name} predicted {len(predicted)} frames for {len(texts)} texts")
    return [_frame(name, text, frame) for text, frame in zip(texts, predicted, strict=True)]


def _frame(name: str, text: str, predicted: Any) -> PredictedFrame:
    """Copy a prediction whose types and offsets are as they must be."""
    try:
        intent = predicted.intent
        slots = tuple(sorted(Slot(int(slot.start), int(slot.end), slot.label) for slot in predicted.slots))
    except (AttributeError, TypeError, ValueError) as error:
        raise TrainingError(
            f"{OPTION} {name} predicted {shown(repr(predicted))}; expected an object with an intent and slots, each "
            "with start, end and label"
        ) from error
    names_fit = isinstance(intent, str | None) and all(isinstance(slot.label, str) for slot in slots)
    borders = [0, *itertools.chain.from_iterable((slot.start, slot.end) for slot in slots), len(text)]
    inside = borders == sorted(borders) and all(slot.start < slot.end for slot in slots)
    if not (names_fit and inside):
        raise TrainingError(
            f"{OPTION} {name} predicted {shown(repr((intent, slots)))} for {shown(text)}; expected an intent as a "
            "string or None, and slots inside the text that do not overlap"
        )
    return PredictedFrame(intent, slots)


# What `check_family` trains on: two intents, slots, and utterances with one of the two annotations alone.
_EXAMPLES = tuple(
    Utterance(
        f"{verb} {thing}", intent=intent, slots=(Slot(len(verb) + 1, len(verb) + 1 + len(thing), "thing"),)
    )
    for verb, intent in (("play", "Play"), ("turn off", "Stop"))
    for thing in ("radio", "blue moon", "the news", "jazz")
)
_PARTLY = (Utterance("stop", intent="Stop"), Utterance("play", slots=()))
_TEXTS = ("play the radio", "", "turn off jazz", "Łódź 音楽 😀", "stop the radio")


def check_family(name: str) -> None:
    """Check that a family keeps the contract, on ten examples and five texts.

    It must train on utterances of which some have no intent or no slots, predict a frame for any text, predict the same
    from the same seed, and predict a text without regard to those beside it. Raises OptionError or ExtraMissingError or
    TrainingError if there is no such family, something that it needs is missing, or it does not keep the contract.
    """
    frames = fit_and_predict(name, [*_EXAMPLES, *_PARTLY], _TEXTS, seed=1)
    if fit_and_predict(name, [*_EXAMPLES, *_PARTLY], _TEXTS, seed=1) != frames:
        raise TrainingError(
            f"{OPTION} {name} predicts otherwise when it is trained again with the same seed: a study could not be "
            "resumed; draw every random number from the seed"
        )
    turned = fit_and_predict(name, [*_EXAMPLES, *_PARTLY], _TEXTS[::-1], seed=1)[::-1]
    if turned != frames:
        raise TrainingError(f"{OPTION} {name} predicts a text otherwise when others stand before it")
