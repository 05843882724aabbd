"""Annotations that models of the other folds contradict, the most suspicious first.

Models that were trained on an annotation seldom contradict it. So the utterances are cut into folds by hash of the key,
and each fold is judged by models that were trained without it (cross-fitting, as confident learning does: Northcutt,
Jiang, Chuang 2021).

There are two kinds of evidence against an annotation, both logs of a ratio, at most 0: of the probability of the
annotated intent to that of the likeliest one; and, of the token for which it is smallest, of the marginal probability
of the annotated tag to that of the likeliest one (the worst token: Wang, Mueller 2022). How much either means depends
on the corpus: where intents are hard to tell apart models contradict right annotations, too. So what it means is learnt
from the same corpus: a share of the annotations is altered as an erring annotator would (`simulation.noise`), and the
evidence against altered ones is compared with that against all (see `chances`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.corpus.checking import Finding, spans_in_words
from canvass.corpus.formats.validation import record_of
from canvass.corpus.labelled import Labelled
from canvass.corpus.normalise import keys
from canvass.corpus.spans import bio_tags
from canvass.errors import shown
from canvass.models.intents import IntentClassifier
from canvass.models.tagger import FEWEST, ITERATIONS_FOR_SELECTION, Tagger
from canvass.seeding import uniform
from canvass.simulation.noise import Annotator
from canvass.types import Slot, Utterance, slot_records

if TYPE_CHECKING:
    import pyarrow as pa

FOLDS = 4
FEWEST_JUDGED = 20  # utterances; models of three quarters of fewer know nothing
ALTERED = 0.5  # share of the intents and of the slots
BAR = 0.1  # a suspicion of a lower score is not listed
LEAST = -14.0  # evidence: a likelihood of one in a million
EXTREME = 0.1  # the tenth of the altered annotations that is contradicted most
MOST_WRONG = 0.5  # share of the annotations
PENALTY = 1e-4
STEPS = 50


@dataclass(frozen=True)
class Suspicion:
    """An annotation that models contradict.

    `number` is the utterance's place in the sequence. `score`, from 0 to 1, ranks it: an estimate of how likely its
    intent or its slots are wrong, which is too sure where intents are hard to tell apart. `intent` and `slots` are what
    the models say instead, each None where they do not contradict.
    """

    number: int
    score: float
    intent: str | None
    slots: tuple[Slot, ...] | None


def as_findings(labelled: Labelled, suspicions: Sequence[Suspicion]) -> list[Finding]:
    """Say in sentences which annotations of a labelled set models contradict."""
    findings = []
    for suspicion in suspicions:
        utterance = labelled.utterances[suspicion.number]
        said = []
        if suspicion.intent is not None:
            said.append(f"intent {shown(utterance.intent)}, by the models {shown(suspicion.intent)}")
        if suspicion.slots is not None:
            models = replace(utterance, slots=suspicion.slots)
            said.append(f"{spans_in_words(utterance)}, by the models {spans_in_words(models)}")
        findings.append(
            Finding(
                "suspicious",
                f"{labelled.places[suspicion.number]}: {shown(utterance.text)}: {'; '.join(said)} "
                f"(suspicion {suspicion.score:.2f})",
            )
        )
    return findings


def as_records(labelled: Labelled, suspicions: Sequence[Suspicion]) -> list[dict[str, Any]]:
    """Write the suspicious utterances as records of a labelled set, and what is held against each.

    What the models say instead stands in `models_intent` and `models_slots`; where the utterance stands, in `place`.
    """
    records = []
    for suspicion in suspicions:
        utterance = labelled.utterances[suspicion.number]
        records.append(
            {
                **record_of(utterance),
                "suspicion": suspicion.score,
                "models_intent": suspicion.intent,
                "models_slots": slot_records(suspicion.slots),
                "place": labelled.places[suspicion.number],
            }
        )
    return records


class Fold(NamedTuple):
    """N utterances, as annotated and as altered, and their keys; `rows` are judged by models of the `rest`."""

    utterances: Sequence[Utterance]
    altered: Sequence[Utterance]
    column: pa.Array
    rows: NDArray[np.int64]
    rest: NDArray[np.int64]


class Evidence(NamedTuple):
    """What models that have not seen N utterances hold against them.

    `observed` is the evidence against the annotations, `altered` that against altered ones, both float64 (N,); NaN
    where there is no annotation, or none that could be altered, or where the models do not know the label.
    """

    observed: NDArray[np.float64]
    altered: NDArray[np.float64]


def find_suspicions(utterances: Sequence[Utterance], *, seed: int = 0) -> list[Suspicion]:
    """List the annotations that models of the other folds contradict, the likeliest to be wrong first.

    Intents are compared as classes, whatever their domains; utterances without an intent, and those without slots,
    have nothing to be contradicted. Fewer than `FEWEST_JUDGED` utterances are not judged. Slots begin and end on token
    borders; `seed` is that of the folds, and of the alterations.
    """
    import pyarrow as pa

    if len(utterances) < FEWEST_JUDGED:
        return []
    column = keys(pa.array([utterance.text for utterance in utterances], type=pa.string()))
    altered = [Annotator.of(seed, ALTERED, utterances).annotate(utterance) for utterance in utterances]
    fold_of = np.array([int(uniform(seed, "review", key) * FOLDS) for key in column.to_pylist()])
    intents, slots = (Evidence(*np.full((2, len(utterances)), np.nan)) for _ in range(2))
    said_intents: dict[int, str] = {}
    said_slots: dict[int, tuple[Slot, ...]] = {}
    for fold in range(FOLDS):
        rows, rest = (np.flatnonzero(mask) for mask in (fold_of == fold, fold_of != fold))
        if len(rows) and len(rest):
            part = Fold(utterances, altered, column, rows, rest)
            judge_intents(part, intents, said_intents)
            judge_slots(part, slots, said_slots)
    wrong_intents, wrong_slots = chances(intents), chances(slots)
    odds = {
        number: max(
            wrong_intents[number] if number in said_intents else 0.0,
            wrong_slots[number] if number in said_slots else 0.0,
        )
        for number in said_intents.keys() | said_slots.keys()
    }
    return [
        Suspicion(number, float(min(1.0, odds[number])), said_intents.get(number), said_slots.get(number))
        for number in sorted(odds, key=lambda number: (-odds[number], number))
    ]


def judge_intents(fold: Fold, evidence: Evidence, said: dict[int, str]) -> None:
    """Judge the intents of `rows` by a classifier of the `rest`; writes to `evidence` and, where it differs, `said`."""
    import pyarrow as pa

    utterances, altered, column, rows, rest = fold
    known = [row for row in rest.tolist() if utterances[row].intent is not None]
    names = [utterances[row].intent or "" for row in known]
    if len(set(names)) < 2:  # noqa: PLR2004 - one class has nothing to be mistaken for
        return
    classifier = IntentClassifier().fit(column.take(pa.array(known)), names)
    number_of = {name: number for number, name in enumerate(classifier.names)}
    logs = classifier.log_probabilities(column.take(pa.array(rows)))
    for row, of_row in zip(rows.tolist(), logs, strict=True):
        best = int(of_row.argmax())
        for values, annotated in ((evidence.observed, utterances[row]), (evidence.altered, altered[row])):
            if annotated.intent in number_of:
                values[row] = max(LEAST, of_row[number_of[annotated.intent]] - of_row[best])
        if altered[row].intent == utterances[row].intent:
            evidence.altered[row] = np.nan
        if evidence.observed[row] < 0.0:
            said[row] = classifier.names[best]


def judge_slots(fold: Fold, evidence: Evidence, said: dict[int, tuple[Slot, ...]]) -> None:
    """Judge the slots of `rows` by a tagger of the `rest`; writes to `evidence` and, where it differs, `said`."""
    import pyarrow as pa

    utterances, altered, column, rows, rest = fold
    known = [utterance for row in rest.tolist() if (utterance := utterances[row]).slots is not None]
    judged = [row for row in rows.tolist() if utterances[row].slots is not None]
    if len(known) < FEWEST or not judged:
        return
    tagger = Tagger(iterations=ITERATIONS_FOR_SELECTION)
    tagger.fit([utterance.text for utterance in known], [utterance.slots or () for utterance in known])
    tagged = tagger.tag([utterances[row].text for row in judged])
    logs, starts = tagger.log_marginals(column.take(pa.array(judged)))
    number_of = {tag: number for number, tag in enumerate(tagger.tags)}
    for at, (row, prediction) in enumerate(zip(judged, tagged, strict=True)):
        of_row = logs[starts[at] : starts[at + 1]]
        for values, annotated in ((evidence.observed, utterances[row]), (evidence.altered, altered[row])):
            tags = [number_of.get(tag, -1) for tag in bio_tags(annotated.text, annotated.slots or ())]
            ratios = [of_row[t, tag] - of_row[t].max() for t, tag in enumerate(tags) if tag >= 0]
            values[row] = max(LEAST, min(ratios, default=0.0))
        if set(altered[row].slots or ()) == set(utterances[row].slots or ()):
            evidence.altered[row] = np.nan
        if set(prediction.slots) != set(utterances[row].slots or ()):
            said[row] = prediction.slots


def chances(evidence: Evidence) -> NDArray[np.float64]:
    """Compute the chance that each annotation is wrong: float64 (N,), above 1 where it is certain; 0 for no evidence.

    By Bayes it is w p(e | altered) / p(e), e the evidence and w the share that is wrong: the odds of "altered" among
    all annotations and a share w of altered ones, which a logistic regression on e learns. Of wrong annotations a
    tenth has evidence beyond the tenth of altered ones that has most, and hardly any right ones have; so w is ten
    times the share of all that has.
    """
    observed, altered = (values[~np.isnan(values)] for values in evidence)
    if not len(observed) or not len(altered):
        return np.zeros(len(evidence.observed))
    beyond = np.count_nonzero(observed <= np.quantile(altered, EXTREME)) / len(observed)
    share = min(MOST_WRONG, max(1.0 / len(observed), beyond / EXTREME))
    features = np.stack([np.ones(len(observed) + len(altered)), np.concatenate([observed, altered])], axis=1)
    is_altered = np.repeat([0.0, 1.0], [len(observed), len(altered)])
    sizes = np.repeat([1.0 / len(observed), share / len(altered)], [len(observed), len(altered)])
    weights = np.zeros(2)
    for _ in range(STEPS):  # Newton's method
        chance = 1.0 / (1.0 + np.exp(-features @ weights))
        gradient = features.T @ (sizes * (is_altered - chance)) - PENALTY * weights
        curvature = (features.T * (sizes * chance * (1.0 - chance))) @ features + PENALTY * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights += step
    odds = np.exp(weights[0] + min(0.0, weights[1]) * evidence.observed)
    return np.where(np.isnan(odds), 0.0, odds)
