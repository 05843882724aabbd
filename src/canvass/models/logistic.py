"""Train a multinomial logistic regression, compiled: coordinate ascent in the dual."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled, inlined
from canvass.models.linear import shuffle
from canvass.models.vectors import exponentiate

TRIALS = 20  # Newton steps for one example
ENOUGH = 1e-2  # of the error of an example, after them
SHORT = 1e-3  # a step that is not cut
EPOCHS = 1000
NEAR = 0.1  # mean change of an example's dual variables below which the constants' penalty moves
COARSE, FINE = 3e-3, 1e-11  # and below which training ends
LARGE = 3e6  # weights of examples' features, over all intents
ROWS = 2048  # examples that are gone through by one call


@inlined
def softmax(
    scores: NDArray[np.float64],
    q: float,
    change: NDArray[np.float64],
    chances: NDArray[np.float64],
) -> None:
    """Write softmax(scores + q change) to `chances`; all float64 (K,)."""
    top, total = -np.inf, 0.0
    for k in range(len(scores)):
        top = max(top, scores[k] + q * change[k])
    for k in range(len(scores)):
        chances[k] = scores[k] + q * change[k] - top
    exponentiate(chances)
    for k in range(len(scores)):
        total += chances[k]
    for k in range(len(scores)):
        chances[k] /= total


@compiled
def solve(
    scores: NDArray[np.float64],
    gold: int,
    dual: NDArray[np.float64],
    q: float,
    chances: NDArray[np.float64],
    change: NDArray[np.float64],
    step: NDArray[np.float64],
) -> float:
    """Write softmax(z + q a) to `chances`, float64 (K,), where a = gold - chances; returns how far `dual` is from a.

    `scores` are z + q dual, with `dual` float64 (K,); `change` and `step`, float64 (K,), are scratch. Newton's method,
    whose matrix I + q (diag(p) - p p') is inverted by the formula of Sherman and Morrison. A step that changes
    differences of scores by w is cut to log(1 + w) / w of it, with which the function falls (Bach, "Self-concordant
    analysis for logistic regression", 2010).
    """
    first = 0.0
    for k in range(len(scores)):
        change[k] = 0.0
    for trial in range(TRIALS):
        softmax(scores, q, change, chances)
        size, along, across = 0.0, 0.0, 0.0
        for k in range(len(scores)):
            step[k] = (1.0 if k == gold else 0.0) - chances[k] - dual[k] - change[k]
            size += abs(step[k])
            along += step[k] * chances[k] / (1.0 + q * chances[k])
            across += chances[k] * chances[k] / (1.0 + q * chances[k])
        if trial == 0:
            first = size
        elif size <= ENOUGH * first:
            break
        lift = q * along / (1.0 - q * across)
        lowest, highest = 0.0, 0.0
        for k in range(len(scores)):
            step[k] = (step[k] + lift * chances[k]) / (1.0 + q * chances[k])
            lowest, highest = min(lowest, step[k]), max(highest, step[k])
        width = q * (highest - lowest)
        cut = math.log(1.0 + width) / width if width > SHORT else 1.0
        for k in range(len(scores)):
            change[k] += cut * step[k]
    return first


@compiled
def ascend(
    values: NDArray[np.float64],
    columns: NDArray[np.int32],
    starts: NDArray[np.int32],
    alone: NDArray[np.float64],
    intents: NDArray[np.int64],
    order: NDArray[np.int32],
    strength: float,
    weights: NDArray[np.float64],
    bias: NDArray[np.float64],
    dual: NDArray[np.float64],
    scratch: NDArray[np.float64],
) -> float:
    """Solve for the dual variables of each example of `order`, int32, in turn; returns how far they were off, in all.

    Updates `dual` float64 (N, K), and with it `weights` (columns that examples share, K) = C sum_n dual_n x_n, and
    `bias`. `alone`, float64 (N,), is the squared length of the features that no other example has; `scratch` is float64
    (4, K). See `train`.
    """
    scores, chances, change, step = scratch[0], scratch[1], scratch[2], scratch[3]
    moved = 0.0
    for row in order:
        variables, gold = dual[row], intents[row]
        own = strength * alone[row]
        q = strength + own
        for k in range(len(bias)):
            scores[k] = bias[k] + own * variables[k]
        for at in range(starts[row], starts[row + 1]):
            value, of_column = values[at], weights[columns[at]]
            q += strength * value * value
            for k in range(len(bias)):
                scores[k] += value * of_column[k]
        moved += solve(scores, gold, variables, q, chances, change, step)
        for k in range(len(bias)):
            share = (1.0 if k == gold else 0.0) - chances[k] - variables[k]
            variables[k] += share
            change[k] = strength * share
            bias[k] += change[k]
        for at in range(starts[row], starts[row + 1]):
            value, of_column = values[at], weights[columns[at]]
            for k in range(len(bias)):
                of_column[k] += value * change[k]
    return moved


class Trained(NamedTuple):
    """Weights of F features and K intents: those of feature f are weights[rows[f]].

    `weights` (G, K), float32 or float64; `rows` int32 (F,), in which features that occur with the same value in one
    example alone share theirs; `bias` float64 (K,).
    """

    weights: NDArray[Any]
    rows: NDArray[np.int32]
    bias: NDArray[np.float64]


def train(matrix: Any, intents: NDArray[np.int64], count: int, strength: float) -> Trained:
    """Minimise strength * (sum of log losses) + |weights|^2 / 2, as scikit-learn's LogisticRegression does.

    The minimum has weights = C sum_n a_n x_n with a_n = gold_n - softmax(scores of n). Coordinate ascent in the dual
    (Yu, Huang, Lin, "Dual coordinate descent methods for logistic regression and maximum entropy models", 2011) goes
    through the examples and solves for one a_n at a time, so that the memory is that of weights and a, and a step costs
    K for each feature of an example. The constants are not penalised, which asks that the a_n add up to zero:
    they are features with the value 1, whose penalty is taken from where they were last (Rockafellar's proximal point
    method).

    Small problems are solved to the last digits; from LARGE on, COARSE is enough, weights are rounded to float32, and
    features that one example has alone need no weights until the end.

    * `matrix`: features, scipy CSR, float64 (N, F).
    * `intents`: of each row, int64 (N,), in 0..count - 1.
    * `count`: K, at least two. Of two, the weights are opposites, with half the penalty each.
    * `strength`: C, the inverse of the penalty.
    """
    rows, features = matrix.shape
    if count == 2:  # noqa: PLR2004 - scikit-learn has one vector of weights then, of twice the length
        strength /= 2.0
    large = matrix.nnz * count > LARGE
    enough, kind = (COARSE, np.float32) if large else (FINE, np.float64)
    is_alone = (np.bincount(matrix.indices, minlength=features) == 1) & large
    shared = matrix[:, np.flatnonzero(~is_alone)]
    entries = matrix[:, np.flatnonzero(is_alone)].tocoo()
    alone = np.bincount(entries.row, entries.data**2, minlength=rows).astype(np.float64)
    weights, bias = np.zeros((shared.shape[1], count)), np.zeros(count)
    dual, scratch = np.zeros((rows, count)), np.zeros((4, count))
    order = np.arange(rows, dtype=np.int32)
    columns, starts = shared.indices.astype(np.int32), shared.indptr.astype(np.int32)
    for epoch in range(EPOCHS):
        shuffle(order, 1 + epoch)
        moved = 0.0
        for first in range(0, rows, ROWS):  # so that a signal is never far away
            part = order[first : first + ROWS]
            moved += ascend(
                shared.data, columns, starts, alone, intents, part, strength, weights, bias, dual, scratch
            )
        if moved <= NEAR * rows:
            bias += strength * dual.sum(axis=0)
        if moved <= enough * rows:
            break
    owners, place = np.unique(
        np.stack([entries.row, entries.data.view(np.int64)], axis=1), axis=0, return_inverse=True
    )
    row_of = np.empty(features, dtype=np.int32)
    row_of[~is_alone] = np.arange(len(weights))
    row_of[np.flatnonzero(is_alone)[entries.col]] = len(weights) + place.ravel()
    found = np.empty((len(weights) + len(owners), count), dtype=kind)
    found[: len(weights)] = weights
    factors = strength * owners[:, 1].view(np.float64)
    for first in range(0, len(owners), ROWS):  # so that no more is kept in float64
        some = slice(first, first + ROWS)
        found[len(weights) :][some] = dual[owners[some, 0]] * factors[some, np.newaxis]
    return Trained(found, row_of, bias)
