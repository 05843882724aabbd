"""Execute a run and collect the results that are stored, from which any metric can be computed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canvass.clock import Clock
from canvass.corpus.normalise import key_of
from canvass.evaluation import HeldOut
from canvass.features.extraction import feature_matrix
from canvass.models.committee import Committee
from canvass.models.nlu import NLU
from canvass.seeding import derived_seed, uniform
from canvass.simulation.budget import count_tokens
from canvass.simulation.measures import pack_errors
from canvass.simulation.runs import EXAMPLES, Choice, Run, State
from canvass.simulation.spec import RunName, Spec
from canvass.simulation.store import Chosen, Projection, StoredRun
from canvass.simulation.transfer import errors_of_family
from canvass.types import Slot, Utterance

LARGEST_SAMPLE = 500
EPSILON = 1e-12


def record(run: Run, name: RunName, spec: Spec) -> tuple[StoredRun, dict[str, float]]:
    """Execute a run of a study; returns its results and the processor seconds of each phase.

    The choices of the first and of the last round of a strategy are projected.
    """
    projections = name.kind == "strategy"
    seconds: Counter[str] = Counter()
    errors, errors_without_words, routings, sizes, examples = [], [], [], [], []
    choices: list[tuple[Choice, int]] = []  # each with its round
    family_errors: dict[int, NDArray[np.uint16]] = {}
    planes: dict[int, Projection] = {}
    sample = _sample(run) if projections else []
    last = len(run.schedule)
    held_out = HeldOut.of(run.start.test, run.target)
    before: NLU | None = None
    for state in run.states():
        seconds.update(state.seconds)
        errors.append(pack_errors(state.errors))
        if state.errors_without_words is not None:
            errors_without_words.append(pack_errors(state.errors_without_words))
        routings += [astuple(state.routing)] if state.routing else []
        sizes.append(_sizes(state))
        if state.round:
            examples.append(tuple(_example(choice) for choice in state.choices[:EXAMPLES]))
        if projections and before is not None and state.round in {1, last}:
            earlier = {choice.candidate.key for choice, _ in choices}
            clock = Clock(time.thread_time)
            if (projection := _project(run, before, sample, earlier, state)) is not None:
                planes[state.round] = projection
            clock.stop("projection")
            seconds.update(clock.seconds)
        choices += [(choice, state.round) for choice in state.choices]
        before = state.nlu
        if families := spec.families_after(name.kind, state.round):
            clock = Clock(time.thread_time)
            seed = derived_seed(run.seed, "transfer", state.round)
            family_errors[state.round] = np.stack(
                [
                    pack_errors(errors_of_family(family, state.labelled, run.target, held_out, seed=seed))
                    for family in families
                ]
            )
            clock.stop("transfer")
            seconds.update(clock.seconds)
    golds = [choice.gold for choice, _ in choices]
    stored = StoredRun(
        name,
        np.stack(errors),
        np.array(routings, dtype=np.int64).reshape(len(routings), 4),
        np.array(sizes, dtype=np.int64),
        tuple(choice.candidate.key for choice, _ in choices),
        tuple(choice.candidate.id for choice, _ in choices),
        Chosen(
            round=np.array([number for _, number in choices], dtype=np.int32),
            on_target=np.array([run.target.matches(gold) for gold in golds], dtype=np.bool_),
            tokens=np.array([count_tokens(gold) for gold in golds], dtype=np.int32),
            slots=np.array([len(gold.slots or ()) for gold in golds], dtype=np.int32),
            filled=np.array([choice.candidate.why == "fill" for choice, _ in choices], dtype=np.bool_),
            score=np.array([choice.candidate.score for choice, _ in choices], dtype=np.float64),
        ),
        tuple(examples),
        planes,
        np.stack(list(family_errors.values()))
        if family_errors
        else np.zeros((0, 0, *errors[0].shape), np.uint16),
        tuple(family_errors),
        spec.transfer if family_errors else (),
        np.array([choice.check[1:] for choice, _ in choices if choice.check], dtype=np.float64).reshape(
            -1, 4
        ),
        np.stack(errors_without_words) if errors_without_words else None,
    )
    return stored, dict(seconds)


def _sizes(state: State) -> list[int]:
    """Measure the models, in the order of `StoredRun.sizes`; zero weights are not counted."""
    nlu = state.nlu
    arrays: dict[str, Any] = {}
    for model in (nlu.committee, nlu.intents, nlu.tagger):
        arrays |= model.to_arrays() if model is not None else {}
    of_committee, of_intents, of_tagger = (
        int(np.count_nonzero(arrays.get(name, ())))
        for name in ("committee_weights", "intent_weights", "tagger_values")
    )
    intents, tags = len(nlu.intent_names), len(nlu.tagger.tags) if nlu.tagger else 0
    return [len(state.labelled), nlu.positives, of_committee, intents, of_intents, tags, of_tagger]


def _example(choice: Choice) -> dict[str, Any]:
    """Describe a choice as an example for the report: the prediction of the reference NLU and the gold annotation."""
    candidate, gold, prediction, _ = choice
    return {
        "id": candidate.id,
        "text": gold.text,
        "score": candidate.score,
        "why": candidate.why,
        "members": candidate.members,
        "domain": gold.domain,
        "intent": gold.intent,
        "slots": None if gold.slots is None else _slot_lists(gold.slots),
        "predicted_intent": prediction.intent if prediction else None,
        "predicted_slots": _slot_lists(prediction.slots) if prediction else None,
    }


def _slot_lists(slots: Sequence[Slot]) -> list[list[Any]]:
    return [[slot.start, slot.end, slot.label] for slot in slots]


def _sample(run: Run) -> list[Utterance]:
    """Draw the pool utterances to project: the same for every strategy of a seed."""
    drawn = sorted(run.start.pool, key=lambda utterance: uniform(run.seed, "picture", key_of(utterance.text)))
    return drawn[:LARGEST_SAMPLE]


def _project(
    run: Run, nlu: NLU, sample: Sequence[Utterance], earlier: set[str], state: State
) -> Projection | None:
    """Project the sample and the choices of a round to the plane of the committee that chose them; None without one."""
    if nlu.committee is None or not sample:
        return None
    chosen = {choice.candidate.key: choice.gold for choice in state.choices}
    sampled = {key_of(utterance.text): utterance for utterance in sample}
    utterances = {**sampled, **chosen}  # the sample first, as `plane` expects
    projected = plane(nlu.committee, pa.array(list(utterances), type=pa.string()), len(sample))
    return Projection(
        points=projected.points.astype(np.float32),
        scores=projected.scores.astype(np.float32),
        state=np.array([1 if key in chosen else 2 * (key in earlier) for key in utterances], dtype=np.int8),
        is_target=np.array(
            [run.target.matches(utterance) for utterance in utterances.values()], dtype=np.bool_
        ),
        sampled=np.array([key in sampled for key in utterances], dtype=np.bool_),
        lines=projected.lines,
    )


class Plane(NamedTuple):
    """P projected utterances, and the lines of M members.

    * `points`: float64 (P, 2): y_lg and v.
    * `scores`: float64 (P, M): the exact score of each member, which the plane only approximates.
    * `lines`: float64 (M, 3): a, c and k of the line a y_lg + c v + k = 0.
    """

    points: NDArray[np.float64]
    scores: NDArray[np.float64]
    lines: NDArray[np.float64]


def plane(committee: Committee, keys: pa.Array, sample: int) -> Plane:
    """Project keys to a plane; the first `sample` of the column define its second axis.

    The first axis is y_lg, the score of the logistic member. The second axis v is the first principal component of the
    sample's features after w_lg has been projected out of them; its sign makes the sample's coordinate of largest
    magnitude positive.

    A member's score w_m . phi + b_m is approximated in the plane by a y_lg + c v + k: the part outside the plane is
    replaced by its mean over the sample. The member's line is where the approximation is 0.
    """
    from scipy.linalg import eigh
    from threadpoolctl import threadpool_limits

    features = feature_matrix(keys, bits=committee.bits)
    weights = committee.table.astype(np.float64)
    with threadpool_limits(1):  # sums in one order
        products = np.asarray(features @ weights)
        scores = products + committee.bias
        norm = float(np.sqrt((weights[:, 0] ** 2).sum()))
        along = products[:, 0] / max(norm, EPSILON)
        # The sample's features without w_lg, centred, are needed only in products: the Gram matrix suffices.
        gram = np.asarray((features @ features[:sample].T).todense()) - np.outer(along, along[:sample])
        centred = gram - gram[:sample].mean(axis=0)
        centred -= centred.mean(axis=1, keepdims=True)
        values, vectors = eigh(centred[:sample], subset_by_index=[sample - 1, sample - 1])
        length = float(np.sqrt(max(values[-1], 0.0)))
        direction = np.zeros(sample) if length < EPSILON else vectors[:, -1] / length
        second = centred @ direction
        if second[int(np.abs(second[:sample]).argmax())] < 0:
            direction, second = -direction, -second
        # The axis is the sum of the sample's centred features weighted by `direction`.
        onto_first = (weights[:, 0] @ weights) / max(norm, EPSILON)
        without_first = products[:sample] - np.outer(along[:sample], onto_first)
        onto_second = direction @ (without_first - without_first.mean(axis=0))
        a = onto_first / max(norm, EPSILON)
        mean = scores[:sample].mean(axis=0)
        lines = np.column_stack([a, onto_second, mean - a * mean[0]])
    return Plane(np.column_stack([scores[:, 0], second]), scores, lines)
