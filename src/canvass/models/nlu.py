"""The models of one target: committee, intent classifier and tagger; train, predict, save, load.

The intent classifier and the tagger, trained on the target's annotated utterances only, are the reference NLU whose
errors a study counts. The committee tells the target from everything else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from canvass.archive import load as load_archive
from canvass.archive import save as save_archive
from canvass.corpus.labelled import check_examples
from canvass.corpus.normalise import keys
from canvass.errors import ModelFileError, OptionError, TrainingError
from canvass.features.clusters import WordClusters
from canvass.features.word_features import WordFeatures
from canvass.models.committee import BITS, MEMBERS, Committee, examples_of
from canvass.models.intents import BYTES, IntentClassifier, IntentEvidence
from canvass.models.intents import SECONDS as SECONDS_OF_INTENTS
from canvass.models.tagger import FEWEST, ITERATIONS, ITERATIONS_FOR_SELECTION, Tagger
from canvass.models.tagger import SECONDS as SECONDS_OF_TAGGER
from canvass.processors import processors, thread_pool
from canvass.types import ALL, Prediction, Slot, Target, Utterance

if TYPE_CHECKING:
    import pyarrow as pa

# Classes of the intent classifier that are no intents. Names of intents are not blank, so these sort before them.
NOWHERE = ""  # out of scope
UNNAMED = " "  # in scope, where intents are not annotated
KIND = "model"
VERSION = 2


class FrameConfidence(NamedTuple):
    """For each key, float64 (N,): log p_intent and log p_crf (0 without that model); int32 (N,): T.

    And float64 (N,): p_1 - p_2 and the entropy of all intents, in nats; 1 and 0 where these were not asked for.
    """

    log_intent: NDArray[np.float64]
    log_crf: NDArray[np.float64]
    lengths: NDArray[np.int32]
    margin: NDArray[np.float64]
    entropy: NDArray[np.float64]


@dataclass(frozen=True)
class NLU:
    """What was trained for a target.

    `committee` is None where the target is `all` (there is no rest); `intents` where no utterance of the target has
    an intent; `tagger` where fewer than two are annotated for slots (`annotated` says how many are). Where the target
    is `all`, what is out of scope is one more class of the intents, `NOWHERE`, which is never predicted.
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
        words: WordFeatures | None = None,
    ) -> NLU:
        """Train all models that the labelled utterances allow; with `words`, intents and tagger use these features.

        Raises
        ------
        TargetError
            If no utterance belongs to the target; the message names the nearest.
        TrainingError
            If every utterance belongs to a target that is not `all`.

        """
        return train_all(utterances, [target], seed=seed, iterations=iterations, bits=bits, words=words)[0]

    @property
    def intent_names(self) -> list[str]:
        """The intents that can be predicted, by name."""
        return [] if self.intents is None else [name for name in self.intents.names if name.strip()]

    @property
    def knows_scope(self) -> bool:
        """Whether something was out of scope, and can be told from the rest."""
        return self.intents is not None and self.intents.names[0] == NOWHERE

    @property
    def can_predict(self) -> bool:
        """Whether there is an intent or a slot that could be predicted."""
        return bool(self.intent_names) or self.tagger is not None

    def in_scope(self, column: pa.Array) -> NDArray[np.bool_]:
        """Tell which keys of a column are likelier in scope than out of it: bool (N,)."""
        if self.intents is None or not self.knows_scope:
            return np.ones(len(column), dtype=np.bool_)
        return np.asarray(self.intents.predict(column).intents != 0)

    def likeliest(self, column: pa.Array) -> IntentEvidence:
        """Say what each key of a column tells of its intent, given that it is one of `intent_names`."""
        assert self.intents is not None, "something must have an intent"
        return self.intents.predict(column, skip=len(self.intents.names) - len(self.intent_names))

    def is_outside(self, found: IntentEvidence) -> NDArray[np.bool_]:
        """Tell which of N keys are likelier out of scope than a text of which nothing is known: bool (N,).

        `found` is what `intents` predicts of them. Only where `knows_scope`.
        """
        assert self.intents is not None, "something must be out of scope"
        return np.asarray(found.log_first >= self.intents.log_first_of_unknown())

    def confidence(self, column: pa.Array, *, tags: bool = True) -> FrameConfidence:
        """Compute how sure the intent classifier and, with `tags`, the tagger are of each key of a column.

        What is likelier out of scope than a text of which nothing is known comes after everything else, the least
        certain first: in the place of log p_intent it has 1 / (1 - log p), p the probability of that, which is above 0,
        and its other values are as far beyond those of a sure frame. There is no frame to be wrong, and people's time
        goes to what is in scope.
        """
        nothing = np.zeros(len(column))
        log_intent, log_crf, margin, entropy = nothing, nothing, nothing + 1.0, nothing
        lengths = np.zeros(len(column), dtype=np.int32)
        if tags and self.tagger is not None:
            log_crf, lengths = self.tagger.confidence(column)
        if self.intents is not None:
            found = self.intents.predict(column)
            log_intent, margin, entropy = found.log_probability, found.margin, found.entropy
            if self.knows_scope:
                outside = self.is_outside(found)
                log_outside = 1.0 / (1.0 - found.log_first)
                log_intent = np.where(outside, log_outside, log_intent)
                log_crf = np.where(outside, 0.0, log_crf)
                margin = np.where(outside, 1.0 + log_intent, margin)
                entropy = np.where(outside, -log_intent, entropy)
        return FrameConfidence(log_intent, log_crf, lengths, margin, entropy)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Predict intent and slots of texts, taking each for an utterance of the target.

        Raises
        ------
        TrainingError
            If there are neither intents nor a tagger.

        """
        if not self.can_predict:
            raise TrainingError(
                f"nothing can be predicted: no utterance of {self.target} in LABELLED has an intent, and a tagger "
                f"needs at least {FEWEST} that are annotated for slots, where there are {self.annotated}"
            )
        names: list[str | None] = [None] * len(texts)
        log_intent = [0.0] * len(texts)
        if self.intents is not None and self.intent_names:
            likeliest = self.likeliest(_keys(texts))
            names = [self.intents.names[number] for number in likeliest.intents.tolist()]
            log_intent = likeliest.log_probability.tolist()
        if self.tagger is None:
            return [
                Prediction(name, math.exp(log_of_intent), (), 1.0, tagged=False)
                for name, log_of_intent in zip(names, log_intent, strict=True)
            ]
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

    def likeliest_intents(self, texts: Sequence[str], count: int) -> list[tuple[tuple[str, float], ...]]:
        """List the `count` likeliest intents of texts with their probabilities, the likeliest first.

        Nothing is listed where `predict` names no intent.
        """
        if self.intents is None or not self.intent_names:
            return [()] * len(texts)
        names = self.intents.names
        found = self.intents.rank(_keys(texts), count, skip=len(names) - len(self.intent_names))
        return [
            tuple((names[number], chance) for number, chance in zip(numbers, chances, strict=True))
            for numbers, chances in zip(*(part.tolist() for part in found), strict=True)
        ]

    def alternative_slots(
        self, texts: Sequence[str], count: int
    ) -> list[list[tuple[tuple[Slot, ...], float]]]:
        """List the likeliest slots of texts after those of `predict`, at most `count`, each with its probability."""
        return [[]] * len(texts) if self.tagger is None else self.tagger.alternatives(texts, count)

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
        arrays: dict[str, NDArray[Any]] = {}
        for model in (self.committee, self.intents, self.tagger):
            arrays |= model.to_arrays() if model is not None else {}
        return header, arrays

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
        if not all(isinstance(labels, list | None) for labels in (names, tags)):
            raise ValueError("the intents or the tags are no list")
        if not all(type(number) is int and number >= 0 for number in (bits, *numbers)):
            raise ValueError("bits, positives or annotated is no number")
        nlu = cls(
            Target.parse(header["target"]),
            None if members is None else Committee.from_arrays(arrays, bits=bits),
            None if names is None else IntentClassifier.from_arrays(arrays, names, bits=bits),
            None if tags is None else Tagger.from_arrays(arrays, tags),
            *numbers,
        )
        if nlu.to_parts()[1].keys() != arrays.keys():
            raise ValueError("it has arrays that belong to no model")
        return nlu


def _keys(texts: Sequence[str]) -> pa.Array:
    import pyarrow as pa

    return keys(pa.array(texts, type=pa.string()))


def train_all(
    utterances: Sequence[Utterance],
    targets: Sequence[Target],
    *,
    seed: int = 0,
    iterations: int = ITERATIONS,
    bits: int = BITS,
    words: WordFeatures | None = None,
) -> list[NLU]:
    """Train the models of several targets on one labelled set; each is what `NLU.train` gives for its target.

    What does not depend on the target is computed once, and models are trained side by side. Raises as `NLU.train`,
    for the first target in the list, before anything is trained.
    """
    targets = [target.resolved(utterances) for target in targets]
    chosen = [
        np.fromiter(map(target.matches, utterances), dtype=np.bool_, count=len(utterances))
        for target in targets
    ]
    for target, is_target in zip(targets, chosen, strict=True):
        check_examples(utterances, target, int(is_target.sum()))
    column = _keys([utterance.text for utterance in utterances])
    clusters = None if words is None else WordClusters.of_features(words)
    with thread_pool(processors()) as executor:
        # Kernels train without the GIL: taggers first, which take longest.
        tagging = [
            executor.submit(train_tagger, utterances, target, iterations=iterations, words=clusters)
            for target in targets
        ]
        examples = examples_of(column, bits=bits)
        committees = [
            executor.submit(Committee(bits=bits, seed=seed).fit_examples, examples, is_target)
            if target.kind != ALL
            else None
            for target, is_target in zip(targets, chosen, strict=True)
        ]
        intents = [_train_intents(utterances, column, target, bits, words) for target in targets]
        return [
            NLU(
                target,
                None if committee is None else committee.result(),
                classifier,
                tagger.result(),
                int(is_target.sum()),
                sum(utterances[row].slots is not None for row in np.flatnonzero(is_target).tolist()),
            )
            for target, is_target, committee, classifier, tagger in zip(
                targets, chosen, committees, intents, tagging, strict=True
            )
        ]


def train_predictors(
    utterances: Sequence[Utterance],
    target: Target,
    *,
    iterations: int = ITERATIONS,
    bits: int = BITS,
    words: WordFeatures | None = None,
) -> tuple[IntentClassifier | None, Tagger | None]:
    """Train the intent classifier and the tagger of a target as `train_all` does, without a committee."""
    column = _keys([utterance.text for utterance in utterances])
    clusters = None if words is None else WordClusters.of_features(words)
    tagger = train_tagger(utterances, target, iterations=iterations, words=clusters)
    return _train_intents(utterances, column, target, bits, words), tagger


def train_tagger(
    utterances: Sequence[Utterance],
    target: Target,
    *,
    iterations: int = ITERATIONS_FOR_SELECTION,
    words: WordClusters | None = None,
) -> Tagger | None:
    """Train a tagger; None where fewer than FEWEST utterances of the target are annotated for slots."""
    annotated = [
        (utterance.text, utterance.slots)
        for utterance in utterances
        if target.matches(utterance) and utterance.slots is not None
    ]
    if len(annotated) < FEWEST:
        return None
    return Tagger(iterations=iterations, words=words).fit(*zip(*annotated, strict=True))


def _train_intents(
    utterances: Sequence[Utterance],
    column: pa.Array,
    target: Target,
    bits: int,
    words: WordFeatures | None,
) -> IntentClassifier | None:
    """Train an intent classifier, None without classes; `column` are the keys of the utterances."""
    import pyarrow as pa

    is_target = np.fromiter(map(target.matches, utterances), dtype=np.bool_, count=len(utterances))
    classes = {
        row: name
        for row in np.flatnonzero(is_target).tolist()
        if (name := utterances[row].intent) is not None
    }
    outside = np.flatnonzero(~is_target).tolist() if target.kind == ALL else []
    if outside and not classes:
        classes = dict.fromkeys(np.flatnonzero(is_target).tolist(), UNNAMED)
    classes = dict(sorted({**classes, **dict.fromkeys(outside, NOWHERE)}.items()))
    if not classes:
        return None
    classifier = IntentClassifier(bits=bits, words=words)
    return classifier.fit(column.take(pa.array(list(classes))), list(classes.values()))


def training_cost(
    utterances: Sequence[Utterance], target: Target, *, iterations: int = ITERATIONS
) -> tuple[float, int]:
    """Estimate processor seconds and bytes of training intents and tagger, by the numbers of labels and words."""
    ours = [utterance for utterance in utterances if target.matches(utterance)]
    intents = [utterance.intent for utterance in ours if utterance.intent is not None]
    pairs = len(intents) * len(set(intents))
    annotated = [utterance for utterance in ours if utterance.slots is not None]
    tags = 1 + 2 * len({slot.label for utterance in annotated for slot in utterance.slots or ()})
    words = sum(len(utterance.text.split()) for utterance in annotated) if tags > 1 else 0
    return SECONDS_OF_INTENTS * pairs + SECONDS_OF_TAGGER * words * tags * iterations, BYTES * pairs
