"""The models of one target: committee, intent classifier and tagger; train, predict, save, load.

The intent classifier and the tagger, trained on the target's annotated utterances only, are the reference NLU whose
errors a study counts. The committee tells the target from everything else.
"""

from __future__ import annotations

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from canvass.archive import load as load_archive
from canvass.archive import save as save_archive
from canvass.corpus.normalise import keys
from canvass.errors import ModelFileError, OptionError, TargetError, TrainingError, nearest
from canvass.models.committee import BITS, MEMBERS, Committee, examples_of
from canvass.models.intents import IntentClassifier
from canvass.models.tagger import FEWEST, ITERATIONS, Tagger
from canvass.processors import processors
from canvass.types import ALL, Prediction, Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from canvass.types import Utterance

KIND = "model"
VERSION = 1


class FrameConfidence(NamedTuple):
    """For each key, float64 (N,): log p_intent and log p_crf (0 without that model); int32 (N,): T."""

    log_intent: NDArray[np.float64]
    log_crf: NDArray[np.float64]
    lengths: NDArray[np.int32]


@dataclass(frozen=True)
class NLU:
    """What was trained for a target.

    `committee` is None where the target is `all` and nothing was out of scope (there is no rest); `intents` where no
    utterance of the target has an intent; `tagger` where fewer than two are annotated for slots (`annotated` says how
    many are).
    """

    target: Target
    committee: Committee | None
    intents: IntentClassifier | None
    tagger: Tagger | None
    positives: int
    annotated: int

    @staticmethod
    def train(
        utterances: Sequence[Utterance],
        target: Target,
        *,
        seed: int = 0,
        iterations: int = ITERATIONS,
        bits: int = BITS,
    ) -> NLU:
        """Train all models that the labelled utterances allow.

        Raises
        ------
        TargetError
            If no utterance belongs to the target; the message names the nearest.
        TrainingError
            If every utterance belongs to a target that is not `all`.

        """
        return train_all(utterances, [target], seed=seed, iterations=iterations, bits=bits)[0]

    def confidence(self, column: pa.Array) -> FrameConfidence:
        """Compute how sure the intent classifier and the tagger are of each key of a column."""
        nothing = np.zeros(len(column))
        lengths = np.zeros(len(column), dtype=np.int32)
        log_intent = nothing if self.intents is None else self.intents.predict(column).log_probability
        if self.tagger is None:
            return FrameConfidence(log_intent, nothing, lengths)
        log_crf, lengths = self.tagger.confidence(column)
        return FrameConfidence(log_intent, log_crf, lengths)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Predict intent and slots of texts, taking each for an utterance of the target.

        Raises
        ------
        TrainingError
            If there is no tagger.

        """
        import pyarrow as pa

        if self.tagger is None:
            raise TrainingError(
                f"slots cannot be predicted: a tagger needs at least {FEWEST} utterances of {self.target} that are "
                f"annotated for slots, LABELLED has {self.annotated}"
            )
        names: list[str | None] = [None] * len(texts)
        log_intent = [0.0] * len(texts)
        if self.intents is not None:
            likeliest = self.intents.predict(keys(pa.array(texts, type=pa.string())))
            names = [self.intents.names[number] for number in likeliest.intents.tolist()]
            log_intent = likeliest.log_probability.tolist()
        return [
            Prediction(
                name,
                math.exp(log_of_intent),
                tagged.slots,
                math.exp(tagged.log_probability),
                tagged.certainty,
            )
            for name, log_of_intent, tagged in zip(names, log_intent, self.tagger.tag(texts), strict=True)
        ]

    def save(self, path: str | Path) -> None:
        """Write a model file: npz with a JSON header, without pickle; same models, same bytes."""
        save_archive(path, KIND, VERSION, *self.to_parts())

    def to_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Give the header and the arrays of a file; weights are sparse."""
        header: dict[str, Any] = {
            "target": str(self.target),
            "positives": self.positives,
            "annotated": self.annotated,
            "members": list(MEMBERS) if self.committee else None,
            "bits": next((model.bits for model in (self.committee, self.intents) if model is not None), BITS),
            "intents": self.intents.names if self.intents else None,
            "tags": self.tagger.tags if self.tagger else None,
        }
        return header, self._arrays()

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {}
        for model in (self.committee, self.intents, self.tagger):
            arrays |= model.to_arrays() if model is not None else {}
        return arrays

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file, checking shapes, types and sizes.

        Raises
        ------
        FileError, ModelFileError
            If it cannot be read, is damaged, or was written by another version.

        """
        header, arrays = load_archive(path, KIND, VERSION)
        return cls.of_parts(header, arrays, str(path))

    @classmethod
    def of_parts(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]], path: str) -> Self:
        """Take what `to_parts` gave; raises ModelFileError, which names `path`, where it does not fit together."""
        try:
            return cls._of_parts(header, arrays)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OptionError) as error:
            raise ModelFileError(f"{path} is damaged: {error}") from error

    @classmethod
    def _of_parts(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """Take what `to_parts` gave; raises ValueError, or what Python does, where it does not fit together."""
        bits, members, names, tags = (header[name] for name in ("bits", "members", "intents", "tags"))
        numbers = [header[name] for name in ("positives", "annotated")]
        if members not in (None, list(MEMBERS)):
            raise ValueError(f"unknown members {members}")
        if not all(isinstance(one, list | None) for one in (names, tags)):
            raise ValueError("the intents or the tags are no list")
        if not all(type(one) is int and one >= 0 for one in (bits, *numbers)):
            raise ValueError("bits, positives or annotated is no number")
        nlu = cls(
            Target.parse(header["target"]),
            None if members is None else Committee.from_arrays(arrays, bits=bits),
            None if names is None else IntentClassifier.from_arrays(arrays, names, bits=bits),
            None if tags is None else Tagger.from_arrays(arrays, tags),
            *numbers,
        )
        if nlu._arrays().keys() != arrays.keys():
            raise ValueError("it has arrays that belong to no model")
        return nlu


def train_all(
    utterances: Sequence[Utterance],
    targets: Sequence[Target],
    *,
    seed: int = 0,
    iterations: int = ITERATIONS,
    bits: int = BITS,
) -> list[NLU]:
    """Train the models of several targets on one labelled set; each is what `NLU.train` gives for its target.

    What does not depend on the target is computed once, and models are trained side by side. Raises as `NLU.train`,
    for the first target in the list, before anything is trained.
    """
    import pyarrow as pa

    chosen = [
        np.fromiter(map(target.matches, utterances), dtype=np.bool_, count=len(utterances))
        for target in targets
    ]
    for target, is_target in zip(targets, chosen, strict=True):
        check_examples(utterances, target, int(is_target.sum()))
    column = keys(pa.array([utterance.text for utterance in utterances], type=pa.string()))

    def train_tagger(is_target: NDArray[np.bool_]) -> tuple[Tagger | None, int]:
        positives = itertools.compress(utterances, is_target.tolist())
        annotated = [(one.text, one.slots) for one in positives if one.slots is not None]
        if len(annotated) < FEWEST:
            return None, len(annotated)
        return Tagger(iterations=iterations).fit(*zip(*annotated, strict=True)), len(annotated)

    def train_intents(is_target: NDArray[np.bool_]) -> IntentClassifier | None:
        found = [
            (row, name)
            for row in np.flatnonzero(is_target).tolist()
            if (name := utterances[row].intent) is not None
        ]
        if not found:
            return None
        rows, names = zip(*found, strict=True)
        return IntentClassifier(bits=bits).fit(column.take(pa.array(rows)), names)

    with ThreadPoolExecutor(processors(), thread_name_prefix="canvass") as executor:
        # Kernels train without the GIL: taggers first, which take longest.
        tagging = [executor.submit(train_tagger, is_target) for is_target in chosen]
        examples = examples_of(column, bits=bits)
        committees = [
            executor.submit(Committee(bits=bits, seed=seed).fit_examples, examples, is_target)
            if target.kind != ALL or not is_target.all()
            else None
            for target, is_target in zip(targets, chosen, strict=True)
        ]
        intents = [train_intents(is_target) for is_target in chosen]
        taggers = [one.result() for one in tagging]
        return [
            NLU(
                target,
                None if committee is None else committee.result(),
                classifier,
                tagger,
                int(is_target.sum()),
                annotated,
            )
            for target, is_target, committee, classifier, (tagger, annotated) in zip(
                targets, chosen, committees, intents, taggers, strict=True
            )
        ]


def check_examples(utterances: Sequence[Utterance], target: Target, positives: int) -> None:
    """Refuse a labelled set that has no positive, or no negative, example of the target."""
    if positives == 0:
        if target.kind == "all":
            raise TrainingError(
                "LABELLED has no utterance that is in scope" if utterances else "LABELLED has no utterance"
            )
        there = sorted({name for one in utterances if (name := getattr(one, target.kind)) is not None})
        known = f"it has {', '.join(there[:20])}{', ...' if len(there) > 20 else ''}"  # noqa: PLR2004 - a screenful
        raise TargetError(
            f"LABELLED has no utterance of {target.kind} {target.name!r}{nearest(target.name, there)}"
            f" ({known if there else f'no utterance has a {target.kind}'})"
        )
    if positives == len(utterances) and target.kind != "all":
        raise TrainingError(
            f"LABELLED has only utterances of {target}; the committee needs others, too, to tell them apart "
            "(or take --target all with --strategy joint)"
        )
