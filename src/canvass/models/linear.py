"""Train one linear classifier, compiled: averaged stochastic gradient descent, and ridge regression.

Both do step by step what scikit-learn's `SGDClassifier(average=True)` and `RidgeClassifier(solver="sparse_cg")` do,
which are their readable twins in the tests. Importing scikit-learn takes longer than training all members, its
estimators validate more than they compute, and sums of its BLAS depend on the processor.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled

WORD = np.uint64(0xFFFFFFFF)
LARGEST_DRAW = np.uint64(0x7FFFFFFF)
BIAS_DECAY = 0.01  # of scikit-learn, for sparse features: the constant would oscillate otherwise
SMALLEST_SCALE = 1e-9
STEEPEST = 1e12
LOWEST_ODDS = -37.0  # of a score; below, 1 + exp(-score) is exp(-score) in float64
TOLERANCE = 1e-4  # of the residual of conjugate gradients, relative to the right-hand side


class Examples(NamedTuple):
    """The features of N labelled utterances, made once for any number of members and targets.

    A CSR matrix of the columns that occur: `values` float64 and `columns` int32 (entries,), `starts` int32 (N + 1,);
    `used` int64 (columns that occur,) are their hashed features, ascending.
    """

    values: NDArray[np.float64]
    columns: NDArray[np.int32]
    starts: NDArray[np.int32]
    used: NDArray[np.int64]


@compiled
def shuffle(order: NDArray[np.int32], seed: int) -> None:
    """Permute by Fisher and Yates, with the 32-bit xorshift of Marsaglia (2003); the seed is not zero."""
    state = np.uint64(seed) & WORD
    for i in range(len(order) - 1):
        state ^= state << np.uint64(13) & WORD
        state ^= state >> np.uint64(17)
        state ^= state << np.uint64(5) & WORD
        j = i + np.int64((state & LARGEST_DRAW) % np.uint64(len(order) - i))
        order[i], order[j] = order[j], order[i]


@compiled
def loss_gradient(hinge: bool, label: float, score: float) -> float:  # noqa: FBT001 - one loop for both losses
    """Return the derivative of the loss with respect to the score; the label is 1 or -1."""
    if hinge:
        return -label if score * label <= 1.0 else 0.0
    chosen = 1.0 if label > 0.0 else 0.0
    if score > LOWEST_ODDS:
        odds = math.exp(-score)
        return ((1.0 - chosen) - chosen * odds) / (1.0 + odds)
    return math.exp(score) - chosen


@compiled
def sgd(
    values: NDArray[np.float64],
    columns: NDArray[np.int32],
    starts: NDArray[np.int32],
    labels: NDArray[np.float64],
    hinge: bool,  # noqa: FBT001 - one loop for both losses
    alpha: float,
    epochs: int,
    seed: int,
    average: NDArray[np.float64],
) -> float:
    """Train by averaged stochastic gradient descent with an L2 penalty; returns the constant.

    Writes `average` float64 (columns that occur,), which begins with zeros. Labels are 1 and -1.

    The step of example t is 1 / (alpha * (t0 + t)); weights are kept as scale * weights, and their mean over all steps
    as (average + a * weights) / b, so that a step costs no more than the example has features (Bottou, "Stochastic
    gradient descent tricks", 2012).
    """
    order, weights = np.arange(len(labels)).astype(np.int32), np.zeros(len(average))
    typical = math.sqrt(1.0 / math.sqrt(alpha))
    first = 1.0 / (typical / max(1.0, loss_gradient(hinge, 1.0, -typical)) * alpha)
    scale, a, b = 1.0, 0.0, 1.0
    bias, average_bias = 0.0, 0.0
    step = 1.0
    for _ in range(epochs):
        shuffle(order, seed)
        for row in order:
            low, high = starts[row], starts[row + 1]
            score = 0.0
            for at in range(low, high):
                score += weights[columns[at]] * values[at]
            score = score * scale + bias
            rate = 1.0 / (alpha * (first + step - 1.0))
            change = -rate * min(max(loss_gradient(hinge, labels[row], score), -STEEPEST), STEEPEST)
            scale *= max(0.0, 1.0 - rate * alpha)
            if scale < SMALLEST_SCALE:
                materialise(weights, average, scale, a, b)
                scale, a, b = 1.0, 0.0, 1.0
            if change != 0.0:
                added = change / scale
                taken = -change / scale
                for at in range(low, high):
                    weights[columns[at]] += values[at] * added
                    average[columns[at]] += a * values[at] * taken
                bias += change * BIAS_DECAY
            if step > 1.0:
                b /= 1.0 - 1.0 / step
            a += 1.0 / step * b * scale
            average_bias += (bias - average_bias) / step
            step += 1.0
    materialise(weights, average, scale, a, b)
    return average_bias


@compiled
def materialise(
    weights: NDArray[np.float64], average: NDArray[np.float64], scale: float, a: float, b: float
) -> None:
    """Apply the pending factors to `weights` and `average`, float64 (n,), in place: see `sgd`."""
    for column in range(len(weights)):
        average[column] = (average[column] + a * weights[column]) * (1.0 / b)
        weights[column] *= scale


@compiled
def sequential_dot(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Return the inner product of two float64 (n,), added from the first to the last.

    Not `vectors.dot`, whose interleaved sums round differently: scores would move by up to 1e-7, and batches with them.
    """
    total = 0.0
    for i in range(len(left)):
        total += left[i] * right[i]
    return total


@compiled
def multiply_centred(
    values: NDArray[np.float64],
    columns: NDArray[np.int32],
    starts: NDArray[np.int32],
    means: NDArray[np.float64],
    weights: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> None:
    """Write (X - means) weights to `scores`, float64 (N,)."""
    shift = sequential_dot(means, weights)
    for row in range(len(scores)):
        total = 0.0
        for at in range(starts[row], starts[row + 1]):
            total += values[at] * weights[columns[at]]
        scores[row] = total - shift


@compiled
def multiply_centred_transpose(
    values: NDArray[np.float64],
    columns: NDArray[np.int32],
    starts: NDArray[np.int32],
    means: NDArray[np.float64],
    scores: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> None:
    """Write (X - means)' scores to `weights`, float64 (columns that occur,)."""
    total = 0.0
    for column in range(len(weights)):
        weights[column] = 0.0
    for row in range(len(scores)):
        total += scores[row]
        for at in range(starts[row], starts[row + 1]):
            weights[columns[at]] += values[at] * scores[row]
    for column in range(len(weights)):
        weights[column] -= means[column] * total


def ridge(
    values: NDArray[np.float64],
    columns: NDArray[np.int32],
    starts: NDArray[np.int32],
    labels: NDArray[np.float64],
    penalty: float,
    weights: NDArray[np.float64],
) -> float:
    """Train by ridge regression on the labels 1 and -1, by conjugate gradients; returns the constant.

    Writes `weights` float64 (columns that occur,), which begins with zeros. The smaller of two systems is solved:
    with X less the mean of each column, (X'X + penalty) w = X'y, or w = X'v with (XX' + penalty) v = y.
    """
    rows = len(labels)
    means = np.zeros(len(weights))
    np.add.at(means, columns, values / rows)
    matrix = values, columns, starts, means
    mean = sequential_dot(labels, np.ones(rows)) / rows
    centred = labels - mean
    dual = len(weights) > rows
    residual = centred
    if not dual:
        residual = np.empty(len(weights))
        multiply_centred_transpose(*matrix, centred, residual)
    product = np.empty(len(weights) if dual else rows)
    solution, direction = np.zeros((2, len(residual)))
    image = np.empty(len(residual))
    tolerance = TOLERANCE * math.sqrt(sequential_dot(residual, residual))
    last_square = 1.0
    for _ in range(10 * len(residual)):
        square = sequential_dot(residual, residual)
        if math.sqrt(square) <= tolerance:
            break
        direction = direction * (square / last_square) + residual
        if dual:
            multiply_centred_transpose(*matrix, direction, product)
            multiply_centred(*matrix, product, image)
        else:
            multiply_centred(*matrix, direction, product)
            multiply_centred_transpose(*matrix, product, image)
        image += penalty * direction
        length = square / sequential_dot(direction, image)
        solution += length * direction
        residual -= length * image
        last_square = square
    if dual:
        multiply_centred_transpose(*matrix, solution, weights)
    else:
        weights += solution
    return mean - sequential_dot(means, weights)
