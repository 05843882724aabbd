"""Minimise a smooth convex function with an L1 penalty, compiled: OWL-QN, as CRFsuite has it.

Orthant-wise limited-memory quasi-Newton (Andrew, Gao, "Scalable training of L1-regularized log-linear models", ICML
2007) is L-BFGS with three changes: the gradient is that of the penalised function where it exists and the steepest
of its one-sided ones where it does not (`pseudo`), the direction keeps only what agrees with the steepest descent,
and no step leaves the orthant in which it begins, so that weights stop at zero.

Step by step this is liblbfgs 1.10 (`line_search_backtracking_owlqn`) with the settings of CRFsuite 0.12
(`train_lbfgs.c`), which is the twin in the tests. Only the order of the sums is our own: see `dot`.

`begin` makes a search; whoever drives it computes the function and its gradient at `weights`, and calls `advance`
until it says that there is nothing more to compute. So the loop may be in Python (`minimise`) or within a kernel.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from canvass.compiled import compiled
from canvass.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MEMORY = 6
EPSILON = 1e-5  # of the length of the gradient, by that of the weights
PERIOD = 10  # iterations over which the function must fall by
DELTA = 1e-5  # of itself
TRIALS = 20  # of a line search
SUFFICIENT = 1e-4  # part of the decrease that the gradient promises
SHORTEST, LONGEST = 1e-20, 1e20
# Places in Search.numbers and Search.counts.
C1, C2, VALUE, STEP = range(4)
LIMIT, ITERATION, TRIAL, ENDED = range(4)
# Why a search ended.
SEARCHING, CONVERGED, STALLED, EXHAUSTED, FAILED = range(5)
Reason = Literal["converged", "stalled", "exhausted", "failed"]
REASONS: tuple[Reason, ...] = ("converged", "stalled", "exhausted", "failed")


class Search(NamedTuple):
    """A search in progress, float64 throughout but for `counts`; n weights.

    `weights` and `gradient` (n,), where the function is computed next, and its gradient, which the driver writes;
    `start`, `start_gradient`, `pseudo` (n,), the point where the line search begins, and the gradient and the
    pseudo-gradient there; `direction` (n,); `steps`, `changes` (MEMORY, n), the last steps and the changes of the
    gradient in them, `products` (MEMORY,) of the two; `shares` (MEMORY,), scratch; `past` (PERIOD,), values of
    earlier iterations; `numbers`: c1, c2, the value at the start, the length of step; `counts` int64: most
    iterations, the present one, trials of its line search, why it ended.
    """

    weights: Floats
    gradient: Floats
    start: Floats
    start_gradient: Floats
    pseudo: Floats
    direction: Floats
    steps: Floats
    changes: Floats
    products: Floats
    shares: Floats
    past: Floats
    numbers: Floats
    counts: NDArray[np.int64]


class Minimum(NamedTuple):
    """Where a search ended: float64 (n,), the penalised value there, iterations done, and why it ended."""

    weights: Floats
    value: float
    iterations: int
    reason: Reason


def begin(size: int, *, c1: float, c2: float, max_iterations: int) -> Search:
    """Make a search for `size` weights that begins at zero.

    Raises
    ------
    OptionError
        If c1 is not above zero (without it this method is not the one that CRFsuite takes), c2 is negative, or
        no iteration is allowed.

    """
    if not 0.0 < c1 < math.inf:
        raise OptionError(f"c1 is {c1:g}; expected a number above 0")
    if not 0.0 <= c2 < math.inf:
        raise OptionError(f"c2 is {c2:g}; expected 0 or a number above it")
    if max_iterations < 1:
        raise OptionError(f"max_iterations is {max_iterations}; expected 1 or more")
    return Search(
        np.zeros(size),
        np.zeros(size),
        np.zeros(size),
        np.zeros(size),
        np.zeros(size),
        np.zeros(size),
        np.zeros((MEMORY, size)),
        np.zeros((MEMORY, size)),
        np.zeros(MEMORY),
        np.zeros(MEMORY),
        np.zeros(PERIOD),
        np.array([c1, c2, 0.0, 0.0]),
        np.array([max_iterations, 0, 0, SEARCHING], dtype=np.int64),
    )


def minimise(
    objective: Callable[[Floats, Floats], float], size: int, *, c1: float, c2: float, max_iterations: int
) -> Minimum:
    """Minimise objective(w) + c2 |w|^2 + c1 |w|_1, from w = 0.

    Parameters
    ----------
    objective
        Takes weights and an array for the gradient, both float64 (size,); fills the latter, returns the value.
    size
        Number of weights.
    c1, c2
        Penalties of the sum of the weights' absolute values and of their squares.
    max_iterations
        Line searches, each of one or a few calls of the objective.

    Raises
    ------
    OptionError
        As `begin`.

    """
    search = begin(size, c1=c1, c2=c2, max_iterations=max_iterations)
    while advance(search, objective(search.weights, search.gradient)):
        pass
    return found(search)


def found(search: Search) -> Minimum:
    """Give what an ended search has found."""
    _, iterations, _, ended = search.counts.tolist()
    return Minimum(search.weights, float(search.numbers[VALUE]), iterations, REASONS[ended - 1])


@compiled
def advance(search: Search, value: float) -> bool:
    """Take the function's value at `search.weights`, and go to where it is needed next.

    Value and gradient are without penalties. Returns False when the search has ended: then `search.weights` are the
    last ones that were accepted (zeros if none were), as CRFsuite keeps them.
    """
    numbers, counts = search.numbers, search.counts
    value = penalised(search.weights, search.gradient, value, numbers[C1], numbers[C2])
    if counts[TRIAL] == 0:
        # The first call: at zero.
        search.past[0] = value
        numbers[VALUE] = value
        steepest(search.weights, search.gradient, numbers[C1], search.pseudo)
        if near(search.weights, search.pseudo):
            counts[ENDED] = CONVERGED
            return False
        for i in range(len(search.direction)):
            search.direction[i] = -search.pseudo[i]
        return depart(search, 1.0 / math.sqrt(dot(search.direction, search.direction)))
    # The oldest step is needed no more.
    step = search.steps[counts[ITERATION] % MEMORY]
    for i in range(len(step)):
        step[i] = search.weights[i] - search.start[i]
    # In this form a value or a gradient that is not a number is no decrease.
    if not value <= numbers[VALUE] + SUFFICIENT * dot(step, search.pseudo):
        if not SHORTEST <= numbers[STEP] <= LONGEST or counts[TRIAL] >= TRIALS:
            for i in range(len(step)):
                search.weights[i] = search.start[i]
            counts[ENDED] = FAILED
            return False
        numbers[STEP] *= 0.5
        return propose(search)
    counts[ITERATION] += 1
    numbers[VALUE] = value
    steepest(search.weights, search.gradient, numbers[C1], search.pseudo)
    counts[ENDED] = verdict(search)
    if counts[ENDED] != SEARCHING:
        return False
    remember(search)
    turn(search)
    return depart(search, 1.0)


@compiled
def penalised(weights: Floats, gradient: Floats, value: float, c1: float, c2: float) -> float:
    """Add both penalties to the value, and that of the squares to the gradient."""
    add_multiple(2.0 * c2, weights, gradient)
    return (value + c2 * dot(weights, weights)) + c1 * total_size(weights)


@compiled
def steepest(weights: Floats, gradient: Floats, c1: float, pseudo: Floats) -> None:
    """Write the pseudo-gradient: against it the function with its L1 penalty falls most; zero where none falls."""
    for i in range(len(weights)):
        slope = gradient[i]
        if weights[i] > 0.0 or (weights[i] == 0.0 and slope < -c1):
            pseudo[i] = slope + c1
        elif weights[i] < 0.0 or slope > c1:
            pseudo[i] = slope - c1
        else:
            pseudo[i] = 0.0


@compiled
def verdict(search: Search) -> int:
    """Decide after an iteration whether the search has ended, and why; keeps its value for later ones."""
    value, iteration = search.numbers[VALUE], search.counts[ITERATION]
    if near(search.weights, search.pseudo):
        return CONVERGED
    if iteration >= PERIOD and (search.past[iteration % PERIOD] - value) / value < DELTA:
        return STALLED
    search.past[iteration % PERIOD] = value
    return EXHAUSTED if iteration >= search.counts[LIMIT] else SEARCHING


@compiled
def near(weights: Floats, pseudo: Floats) -> bool:
    """Tell whether the pseudo-gradient is short enough to call its place the minimum."""
    return math.sqrt(dot(pseudo, pseudo)) / max(1.0, math.sqrt(dot(weights, weights))) <= EPSILON


@compiled
def remember(search: Search) -> None:
    """Keep the change of the gradient in the last step, which is there already, in place of the oldest."""
    at = (search.counts[ITERATION] - 1) % MEMORY
    change = search.changes[at]
    for i in range(len(change)):
        change[i] = search.gradient[i] - search.start_gradient[i]
    search.products[at] = dot(change, search.steps[at])


@compiled
def turn(search: Search) -> None:
    """Write the direction: minus the pseudo-gradient times the inverse Hessian, as far as it is remembered.

    The two loops of Nocedal ("Updating quasi-Newton matrices with limited storage", 1980, p. 779).
    """
    direction, pseudo, products, shares = search.direction, search.pseudo, search.products, search.shares
    last = search.counts[ITERATION] - 1
    first = max(0, last + 1 - MEMORY)
    for i in range(len(direction)):
        direction[i] = -pseudo[i]
    for k in range(last, first - 1, -1):
        at = k % MEMORY
        shares[at] = dot(search.steps[at], direction) / products[at]
        add_multiple(-shares[at], search.changes[at], direction)
    at = last % MEMORY
    scale = products[at] / dot(search.changes[at], search.changes[at])
    for i in range(len(direction)):
        direction[i] *= scale
    for k in range(first, last + 1):
        at = k % MEMORY
        share = dot(search.changes[at], direction) / products[at]
        add_multiple(shares[at] - share, search.steps[at], direction)
    for i in range(len(direction)):
        if direction[i] * pseudo[i] >= 0.0:
            direction[i] = 0.0


@compiled
def depart(search: Search, step: float) -> bool:
    """Begin a line search at the present weights, with a first length of step."""
    for i in range(len(search.start)):
        search.start[i] = search.weights[i]
        search.start_gradient[i] = search.gradient[i]
    search.numbers[STEP] = step
    search.counts[TRIAL] = 0
    if step <= 0.0:
        search.counts[ENDED] = FAILED
        return False
    return propose(search)


@compiled
def propose(search: Search) -> bool:
    """Go one step from the start; weights that would change their sign become zero."""
    start, pseudo, direction, step = search.start, search.pseudo, search.direction, search.numbers[STEP]
    for i in range(len(start)):
        orthant = -pseudo[i] if start[i] == 0.0 else start[i]
        weight = start[i] + step * direction[i]
        search.weights[i] = 0.0 if weight * orthant <= 0.0 else weight
    search.counts[TRIAL] += 1
    return True


@compiled
def dot(one: Floats, other: Floats) -> float:
    """Sum products, in four interleaved sums: processors compute these at once, and each of them in one order."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = len(one) // 4
    for k in range(whole):
        i = 4 * k
        a += one[i] * other[i]
        b += one[i + 1] * other[i + 1]
        c += one[i + 2] * other[i + 2]
        d += one[i + 3] * other[i + 3]
    for i in range(4 * whole, len(one)):
        a += one[i] * other[i]
    return (a + c) + (b + d)


@compiled
def total_size(vector: Floats) -> float:
    """Sum absolute values, as `dot` does products."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = len(vector) // 4
    for k in range(whole):
        i = 4 * k
        a += abs(vector[i])
        b += abs(vector[i + 1])
        c += abs(vector[i + 2])
        d += abs(vector[i + 3])
    for i in range(4 * whole, len(vector)):
        a += abs(vector[i])
    return (a + c) + (b + d)


@compiled
def add_multiple(factor: float, vector: Floats, total: Floats) -> None:
    """Add factor * vector to `total`."""
    for i in range(len(vector)):
        total[i] += factor * vector[i]
