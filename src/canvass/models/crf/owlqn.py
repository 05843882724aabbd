"""Minimise a smooth convex function with an L1 penalty: OWL-QN, as CRFsuite has it.

Orthant-wise limited-memory quasi-Newton (Andrew, Gao, "Scalable training of L1-regularized log-linear models", ICML
2007) is L-BFGS with three changes: the gradient is that of the penalised function where it exists and the steepest
of its one-sided ones where it does not (`pseudo_gradient`), the direction keeps only what agrees with the steepest
descent, and no step leaves the orthant in which it begins, so that weights stop at zero.

Step by step this is liblbfgs 1.10 (`line_search_backtracking_owlqn`) with the settings of CRFsuite 0.12
(`train_lbfgs.c`), which is the twin in the tests. Only the order of the sums is our own: see `vectors.dot`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Literal, NamedTuple

import numpy as np

from canvass.compiled import compiled
from canvass.errors import OptionError
from canvass.models.vectors import Floats, dot

Objective = Callable[[Floats, Floats], float]

MEMORY = 6  # pairs of a step and the change of the gradient in it
EPSILON = 1e-5  # of the length of the gradient, by that of the weights
PERIOD = 10  # iterations over which the function must fall by
DELTA = 1e-5  # of itself
TRIALS = 20  # of a line search
SUFFICIENT = 1e-4  # part of the decrease that the gradient promises
SHORTEST, LONGEST = 1e-20, 1e20
Reason = Literal["converged", "stalled", "exhausted", "failed"]


class Iteration(NamedTuple):
    """What a line search accepted: weights, float64 (n,), the penalised value there, and the trials it took."""

    weights: Floats
    value: float
    trials: int


class Minimum(NamedTuple):
    """Where a search ended: float64 (n,), the penalised value there, iterations done, and why it ended."""

    weights: Floats
    value: float
    iterations: int
    reason: Reason


class Pair(NamedTuple):
    """A step, the change of the smooth gradient in it, both float64 (n,), and their inner product."""

    step: Floats
    change: Floats
    product: float


class Point(NamedTuple):
    """Weights, the gradient without the L1 penalty, both float64 (n,), and the penalised value."""

    weights: Floats
    gradient: Floats
    value: float


def minimise(objective: Objective, size: int, *, c1: float, c2: float, max_iterations: int) -> Minimum:
    """Minimise objective(w) + c2 |w|^2 + c1 |w|_1, from w = 0.

    * `objective`: takes weights and an array for the gradient, both float64 (size,); fills the latter, returns the
      value.
    * `size`: number of weights.
    * `c1`, `c2`: penalties of the sum of the weights' absolute values and of their squares.
    * `max_iterations`: line searches, each of one or a few calls of the objective.

    Raises OptionError if c1 is not above zero (without it this method is not the one that CRFsuite takes), c2 is
    negative, or no iteration is allowed.
    """
    iterations = iterate(objective, size, c1=c1, c2=c2, max_iterations=max_iterations)
    last, count = next(iterations), 0
    while True:
        try:
            last, count = next(iterations), count + 1
        except StopIteration as end:
            return Minimum(last.weights, last.value, count, end.value)


def iterate(
    objective: Objective, size: int, *, c1: float, c2: float, max_iterations: int
) -> Generator[Iteration, None, Reason]:
    """Yield the start and each iteration of `minimise`; returns why the search ended. Raises as `minimise`."""
    if not 0.0 < c1 < math.inf:
        raise OptionError(f"c1 is {c1:g}; expected a number above 0")
    if not 0.0 <= c2 < math.inf:
        raise OptionError(f"c2 is {c2:g}; expected 0 or a number above it")
    if max_iterations < 1:
        raise OptionError(f"max_iterations is {max_iterations}; expected 1 or more")

    def evaluate(weights: Floats) -> Point:
        gradient = np.empty(size)
        value = objective(weights, gradient)
        gradient += 2.0 * c2 * weights
        return Point(
            weights, gradient, (value + c2 * dot(weights, weights)) + c1 * dot(np.sign(weights), weights)
        )

    point = evaluate(np.zeros(size))
    yield Iteration(point.weights, point.value, 0)
    pseudo = pseudo_gradient(point.weights, point.gradient, c1)
    if converged(point.weights, pseudo):
        return "converged"
    pairs: deque[Pair] = deque(maxlen=MEMORY)
    past: deque[float] = deque([point.value], maxlen=PERIOD)
    direction = -pseudo
    length = 1.0 / math.sqrt(dot(direction, direction))
    for number in range(1, max_iterations + 1):
        accepted, trials = line_search(evaluate, point, pseudo, direction, length)
        if accepted is None:
            return "failed"
        pairs.append(store_pair(point, accepted))
        point = accepted
        yield Iteration(point.weights, point.value, trials)
        pseudo = pseudo_gradient(point.weights, point.gradient, c1)
        if converged(point.weights, pseudo):
            return "converged"
        if number >= PERIOD and stalled(past[0], point.value):
            return "stalled"
        past.append(point.value)
        direction, length = search_direction(pseudo, pairs), 1.0
    return "exhausted"


@compiled
def pseudo_gradient(weights: Floats, gradient: Floats, c1: float) -> Floats:
    """Give the direction against which the function with its L1 penalty rises most; zero where none falls."""
    pseudo = np.empty(len(weights))
    for i in range(len(weights)):
        if weights[i] > 0.0 or (weights[i] == 0.0 and gradient[i] < -c1):
            pseudo[i] = gradient[i] + c1
        elif weights[i] < 0.0 or gradient[i] > c1:
            pseudo[i] = gradient[i] - c1
        else:
            pseudo[i] = 0.0
    return pseudo


def converged(weights: Floats, pseudo: Floats) -> bool:
    """Tell whether the pseudo-gradient is short enough to call its place the minimum."""
    return math.sqrt(dot(pseudo, pseudo)) / max(1.0, math.sqrt(dot(weights, weights))) <= EPSILON


@np.errstate(divide="ignore", invalid="ignore")
def stalled(earlier: float, value: float) -> bool:
    """Tell whether the value has fallen too little in PERIOD iterations."""
    return bool(np.float64(earlier - value) / value < DELTA)


def line_search(
    evaluate: Callable[[Floats], Point], start: Point, pseudo: Floats, direction: Floats, length: float
) -> tuple[Point | None, int]:
    """Halve the step until the value falls enough; returns where it does, or None, and the trials."""
    for trial in range(1, TRIALS + 1):
        point = evaluate(trial_step(start.weights, pseudo, direction, length))
        # In this form a value or a gradient that is not a number is no decrease.
        if point.value <= start.value + SUFFICIENT * dot(point.weights - start.weights, pseudo):
            return point, trial
        if not SHORTEST <= length <= LONGEST:
            break
        length *= 0.5
    return None, trial


@compiled
def trial_step(start: Floats, pseudo: Floats, direction: Floats, length: float) -> Floats:
    """Go one step from the start; weights that would change their sign become zero."""
    weights = np.empty(len(start))
    for i in range(len(start)):
        weight = start[i] + length * direction[i]
        orthant = -pseudo[i] if start[i] == 0.0 else start[i]
        weights[i] = 0.0 if weight * orthant <= 0.0 else weight
    return weights


def store_pair(start: Point, end: Point) -> Pair:
    """Make the pair of an iteration; it is kept whatever its curvature."""
    step, change = end.weights - start.weights, end.gradient - start.gradient
    return Pair(step, change, dot(change, step))


@compiled
def add_multiple(total: Floats, factor: float, vector: Floats) -> None:
    """Add factor * vector to `total`, both float64 (n,)."""
    for i in range(len(total)):
        total[i] += factor * vector[i]


@np.errstate(all="ignore")
def search_direction(pseudo: Floats, pairs: Iterable[Pair]) -> Floats:
    """Multiply minus the pseudo-gradient by the inverse Hessian, as far as the pairs, oldest first, tell it.

    The two loops of Nocedal ("Updating quasi-Newton matrices with limited storage", 1980, p. 779). What disagrees
    with the steepest descent becomes zero.
    """
    oldest_first = list(pairs)
    direction = -pseudo
    shares = []
    for step, change, product in reversed(oldest_first):
        shares.append(np.float64(dot(step, direction)) / product)
        add_multiple(direction, -shares[-1], change)
    _, change, product = oldest_first[-1]
    direction *= np.float64(product) / dot(change, change)
    for (step, change, product), share in zip(oldest_first, reversed(shares), strict=True):
        add_multiple(direction, share - np.float64(dot(change, direction)) / product, step)
    direction[direction * pseudo >= 0.0] = 0.0
    return direction
