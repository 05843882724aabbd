"""The objective of training a CRF, compiled: -log likelihood and its gradient, all in products instead of sums.

    f = sum over sequences of log Z - score(gold),    gradient = expected - observed counts of each feature
(Lafferty, McCallum, Pereira 2001). `crf_reference` is the specification. The score of all gold sequences is
sum_k observed[k] * weights[k], so that only Z needs the lattice.

* Exponentials are taken of weights, not of scores: one a feature and call, all in one loop over a contiguous array.
  The factors of a token are the product of those of its features. Attributes with many features have a dense row of
  factors, of as many columns as there are tags, padded to whole vectors, with ones where there is no feature;
  those of the others are listed token by token.
* alpha and beta are products of rows with the matrix of transition factors, or its transpose (`crf_vectors`).
  Padded columns hold whatever is finite, and no sum takes them.
* alpha is brought near 1 by powers of two, which are exact, and beta by the same ones. They are looked for only as
  often as the largest weight makes necessary, since a sequence hardly ever needs any. beta of the last token is
  1 / Z, so that alpha * beta are marginals as they are.
* Expected transitions are transitions[i, j] * sum over pairs of tokens of alpha[t - 1, i] * (factors * beta)[t, j]: a
  product of two matrices, made of all pairs of some dozens of sequences.

The range. With m the largest |weight| of a state, K attributes a token, r that of a transition, a step multiplies by
e^(-Km - r) to L e^(Km + r). Up to K m + r = REACH and r = FARTHEST no value leaves e^-650 .. e^650: between two looks
alpha grows or shrinks by less than e^210 (and is within e^-210 .. e^210 of 1), beta by as much, and by e^(2r) between
two tags. What rounds to zero in a row is less than e^-400 of its largest element, and what comes after can favour it
by at most e^(4r). Beyond, log space is used (`crf_wide`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from canvass.compiled import compiled
from canvass.models.crf_scratch import Scratch, prepare
from canvass.models.crf_vectors import combine, gather, scatter
from canvass.models.crf_wide import log_space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from canvass.models.crf_problem import Problem

    Floats = NDArray[np.float64]

__all__ = ["Scratch", "evaluate", "objective", "prepare"]

REACH, FARTHEST = 200.0, 60.0
SMALL, LARGE = 2.0**-60, 2.0**60
LOG_2 = math.log(2.0)

# exp(x) = 2^n exp(x - n log 2), n the nearest integer; of log 2 there are two parts, the first ending in zeros.
PER_LOG_2, LOG_2_HIGH, LOG_2_LOW = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10
ROUNDING = 6755399441055744.0  # 1.5 * 2^52: a sum with it has the nearest integer in its last bits
MANTISSA = np.int64(52)


def objective(problem: Problem, weights: Floats, gradient: Floats) -> float:
    """Compute -log likelihood, without penalties, from finite weights, float64 (S + R,).

    `gradient`, float64 (S + R,), is overwritten with the expected less the observed counts. Allocates scratch; who
    calls often makes it once with `prepare`, and calls `evaluate`.
    """
    return evaluate(problem, prepare(problem), weights, gradient)


@compiled
def evaluate(problem: Problem, scratch: Scratch, weights: Floats, gradient: Floats) -> float:
    """Do what `objective` does, with scratch of `prepare` for this problem; compiled code may call it too."""
    features = len(problem.feature_tags)
    farthest = _largest(weights, features, len(weights))
    reach = _largest(weights, 0, features) * problem.attributes.shape[1] + farthest
    if reach <= REACH and farthest <= FARTHEST:
        total = _in_products(problem, scratch, weights, gradient, reach)
    else:
        total = log_space(problem, weights, gradient)
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    whole = len(weights) - len(weights) % 4
    for k in range(0, whole, 4):
        s0 += problem.observed[k] * weights[k]
        s1 += problem.observed[k + 1] * weights[k + 1]
        s2 += problem.observed[k + 2] * weights[k + 2]
        s3 += problem.observed[k + 3] * weights[k + 3]
    for k in range(whole, len(weights)):
        s0 += problem.observed[k] * weights[k]
    for k in range(len(weights)):
        gradient[k] -= problem.observed[k]
    return total - ((s0 + s1) + (s2 + s3))


@compiled
def _largest(weights: Floats, low: int, high: int) -> float:
    """Return the largest absolute value, by bits: integers are compared eight at a time, and nan is the largest."""
    bits = weights.view(np.int64)
    largest = np.zeros(1, dtype=np.int64)
    highest = np.int64(0)
    for k in range(low, high):
        highest = max(highest, bits[k] & np.int64(0x7FFFFFFFFFFFFFFF))
    largest[0] = highest
    found: float = largest.view(np.float64)[0]
    return found


@compiled
def exponentials_of(weights: Floats, out: Floats) -> None:
    """Write exp(weights[k]), |weights[k]| < 700, to `out`, within two units of the last place.

    math.exp takes one at a time. A Taylor polynomial of degree 13 on |x| <= log(2) / 2 is exact to 2^-57.
    """
    bits = out.view(np.int64)
    for k in range(len(out)):
        out[k] = weights[k] * PER_LOG_2 + ROUNDING
    for k in range(len(out)):
        exponent = bits[k] << MANTISSA
        n = out[k] - ROUNDING
        x = (weights[k] - n * LOG_2_HIGH) - n * LOG_2_LOW
        p = x * (1.0 / 6227020800.0) + 1.0 / 479001600.0
        p = p * x + 1.0 / 39916800.0
        p = p * x + 1.0 / 3628800.0
        p = p * x + 1.0 / 362880.0
        p = p * x + 1.0 / 40320.0
        p = p * x + 1.0 / 5040.0
        p = p * x + 1.0 / 720.0
        p = p * x + 1.0 / 120.0
        p = p * x + 1.0 / 24.0
        p = p * x + 1.0 / 6.0
        p = p * x + 0.5
        p = p * x + 1.0
        out[k] = p * x + 1.0
        bits[k] += exponent


@compiled
def _in_products(
    problem: Problem, scratch: Scratch, weights: Floats, gradient: Floats, reach: float
) -> float:
    """Return the sum of log Z of all sequences; `gradient` gets the expected counts."""
    features, tags, width = len(problem.feature_tags), problem.tag_count, scratch.width
    exponentials_of(weights[:features], scratch.exponentials)
    for k in range(len(scratch.cells)):
        scratch.table[scratch.cells[k]] = scratch.exponentials[scratch.celled[k]]
    gradient[:] = 0.0
    scratch.marginals[:] = 0.0
    scratch.crossings[:] = 0.0
    for i in range(tags):
        for j in range(tags):
            scratch.ahead[i * width + j] = 1.0
            scratch.back[i * width + j] = 1.0
    for r in range(len(problem.transition_from)):
        i, j = problem.transition_from[r], problem.transition_to[r]
        factor = math.exp(weights[features + r])
        scratch.ahead[i * width + j] = factor
        scratch.back[j * width + i] = factor
    between = max(1, int(REACH / (reach + math.log(tags) + 0.01)))
    total = 0.0
    for block in range(len(scratch.blocks) - 1):
        first, last = scratch.blocks[block], scratch.blocks[block + 1]
        _multiply_factors(problem, scratch, first, last)
        total += _forward(problem, scratch, first, last, between)
        _backward(problem, scratch, first, last)
        _cross(scratch, tags, problem.starts[last] - problem.starts[first])
        _count(problem, scratch, first, last, gradient)
    for k in range(len(scratch.cells)):
        gradient[scratch.celled[k]] = scratch.marginals[scratch.cells[k]]
    for r in range(len(problem.transition_from)):
        at = problem.transition_from[r] * width + problem.transition_to[r]
        gradient[features + r] = scratch.crossings[at] * scratch.ahead[at]
    return total


@compiled
def _multiply_factors(problem: Problem, scratch: Scratch, first: int, last: int) -> None:
    """Write `factors` of the tokens of sequences first:last."""
    factors = scratch.factors
    for token in range(problem.starts[first], problem.starts[last]):
        low, high = scratch.dense_starts[token], scratch.dense_starts[token + 1]
        gather(scratch.dense, low, high, scratch.table, factors, scratch.ordered[token], scratch.width)
    for k in range(scratch.sparse_starts[first], scratch.sparse_starts[last]):
        factors[scratch.places[k]] *= scratch.exponentials[scratch.sparse[k]]


@compiled
def _forward(problem: Problem, scratch: Scratch, first: int, last: int, between: int) -> float:
    """Write `alpha`, and 1 / Z to `following` of the last token of each sequence; returns the sum of log Z.

    Goes token by token through all sequences of the block at once: they do not wait for each other.
    """
    width, alpha, starts, tags = scratch.width, scratch.alpha, problem.starts, problem.tag_count
    origin, total = starts[first], 0.0
    for n in range(first, last):
        if starts[n + 1] > starts[n]:
            at = (starts[n] - origin) * width
            for j in range(at, at + width):
                alpha[j] = scratch.factors[j]
    for t in range(_longest(starts, first, last)):
        for n in range(first, last):
            row = starts[n] + t - origin
            if t > 0 and row < starts[n + 1] - origin:
                combine(
                    alpha, (row - 1) * width, 1, tags, scratch.ahead, 0, width,
                    scratch.factors, row * width, alpha, row * width, scratch.ones, 0, scratch.other, 0,
                )  # fmt: skip
        if (t + 1) % between == 0:
            for n in range(first, last):
                row = starts[n] + t - origin
                if row < starts[n + 1] - origin:
                    total += _rescale(alpha, row * width, tags, scratch.scales, row) * LOG_2
    return total + _end(problem, scratch, first, last)


@compiled
def _longest(starts: NDArray[np.int64], first: int, last: int) -> int:
    longest = 0
    for n in range(first, last):
        longest = max(longest, starts[n + 1] - starts[n])
    return longest


@compiled
def _end(problem: Problem, scratch: Scratch, first: int, last: int) -> float:
    """Write 1 / Z to `following` of the last token of each sequence; returns the sum of the logs of the scaled Z."""
    width, alpha, starts, tags = scratch.width, scratch.alpha, problem.starts, problem.tag_count
    origin, total = starts[first], 0.0
    for n in range(first, last):
        if starts[n + 1] > starts[n]:
            at = (starts[n + 1] - 1 - origin) * width
            z = 0.0
            for j in range(at, at + tags):
                z += alpha[j]
            for j in range(at, at + width):
                scratch.following[j] = 1.0 / z
            total += math.log(z)
    return total


@compiled
def _rescale(alpha: Floats, at: int, tags: int, scales: Floats, row: int) -> int:
    """Bring the largest of a row near 1 if it is far from it; returns the exponent of what it was divided by."""
    largest = alpha[at]
    for j in range(1, tags):
        largest = max(largest, alpha[at + j])
    if SMALL <= largest <= LARGE:
        return 0
    _, exponent = math.frexp(largest)
    scales[row] = math.ldexp(1.0, -exponent)
    for j in range(tags):
        alpha[at + j] *= scales[row]
    return int(exponent)


@compiled
def _turn(problem: Problem, scratch: Scratch, first: int, last: int) -> None:
    """Go back from the last token of each sequence, whose beta, 1 / Z, is in `following`."""
    width, starts = scratch.width, problem.starts
    alpha, factors, following, scales = scratch.alpha, scratch.factors, scratch.following, scratch.scales
    for n in range(first, last):
        length = starts[n + 1] - starts[n]
        if length > 0:
            row = starts[n + 1] - 1 - starts[first]
            for j in range(row * width, (row + 1) * width):
                beta = following[j]
                following[j] = 0.0
                if length > 1:
                    following[j - width] = factors[j] * beta * scales[row]
                factors[j] = alpha[j] * beta
            scales[row] = 1.0


@compiled
def _backward(problem: Problem, scratch: Scratch, first: int, last: int) -> None:
    """Write `following`, and marginals to `factors`."""
    width, starts, tags = scratch.width, problem.starts, problem.tag_count
    alpha, factors, following, scales = scratch.alpha, scratch.factors, scratch.following, scratch.scales
    origin = starts[first]
    _turn(problem, scratch, first, last)
    for back in range(2, _longest(starts, first, last) + 1):
        for n in range(first, last):
            row = starts[n + 1] - back - origin
            if row >= starts[n] - origin:
                at = row * width
                if row == starts[n] - origin:
                    # Nothing comes before: only the marginals are needed.
                    combine(
                        following, at, 1, tags, scratch.back, 0, width,
                        scratch.ones, 0, scratch.other, 0, alpha, at, factors, at,
                    )  # fmt: skip
                else:
                    combine(
                        following, at, 1, tags, scratch.back, 0, width,
                        factors, at, following, at - width, alpha, at, factors, at,
                    )  # fmt: skip
                    if scales[row] != 1.0:
                        for j in range(at - width, at):
                            following[j] *= scales[row]
                scales[row] = 1.0


@compiled
def _cross(scratch: Scratch, tags: int, tokens: int) -> None:
    """Add the pairs of neighbours of a block to `crossings`."""
    width = scratch.width
    for i in range(tags):
        combine(
            scratch.alpha, i, width, tokens, scratch.following, 0, width,
            scratch.ones, 0, scratch.row, 0, scratch.ones, 0, scratch.other, 0,
        )  # fmt: skip
        for j in range(tags):
            scratch.crossings[i * width + j] += scratch.row[j]


@compiled
def _count(problem: Problem, scratch: Scratch, first: int, last: int, gradient: Floats) -> None:
    """Add the marginals of the tokens of sequences first:last, which are in `factors`, to their features."""
    marginals = scratch.factors
    for token in range(problem.starts[first], problem.starts[last]):
        low, high = scratch.dense_starts[token], scratch.dense_starts[token + 1]
        at = scratch.ordered[token]
        scatter(scratch.dense, low, high, scratch.marginals, marginals, at, scratch.width)
    for k in range(scratch.sparse_starts[first], scratch.sparse_starts[last]):
        gradient[scratch.sparse[k]] += marginals[scratch.places[k]]
