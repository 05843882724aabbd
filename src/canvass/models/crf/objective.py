"""The objective of training a CRF, compiled: minus the log likelihood of the gold tags, and its gradient.

    f = sum over sequences of log Z - score(gold),    gradient = expected - observed counts of each feature
(Lafferty, McCallum, Pereira 2001). `reference.objective` is the specification. The score of all gold sequences is the
inner product of the observed counts and the weights, so that only Z needs the lattice.

* Layout. Sequences are sorted by length and cut into blocks; within a block all first tokens stand side by side, then
  all second tokens, and so on. A step of the lattice is then a few operations on contiguous vectors, one for each tag
  and one for each pair in `transitions`, as long as there are sequences that have such a token.
* Range. As in CRFsuite (Rabiner 1989, V.A), each token's scores are taken relative to the largest, and each alpha is
  divided by its sum c_t. log Z is the sum of the logs of all that was divided out, and alpha_t beta_t are marginals as
  they are, if beta is divided by the same c_t.
* State features. The scores of a token are sums of the weights of its attributes. Attributes with many features have
  a row of as many columns as there are tags, with zeros where there is no feature; others are gone through one by one.
  Features are numbered anew, those of frequent attributes first, so that what is met often stays in the cache.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.compiled import compiled
from canvass.models.crf.transitions import WIDEST, pack_transitions, spread
from canvass.models.vectors import add_multiple, aligned, dot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from canvass.models.crf.problem import Problem

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int32]

BLOCK = 128  # sequences
DENSE = 8  # an attribute has a row of its own if it has a feature for one tag in so many
LANES = 8  # of a vector: rows are padded to a multiple


class States(NamedTuple):
    """How tokens meet state features, and rows of scratch.

    Attributes
    ----------
    attributes
        int32 (W, K): of the tokens in their new order, numbered anew.
    starts, tags
        As `feature_starts` and `feature_tags` of the problem, in the new order of attributes.
    row_of
        int32 (A,): the row of an attribute that has one, else -1.
    table, expected
        float64 (rows, P): weights of the attributes with rows, and their expected counts; P is L, padded.
    token
        float64 (P,): scores of one token, or its marginals.

    """

    attributes: Integers
    starts: Integers
    tags: Integers
    row_of: Integers
    table: Floats
    expected: Floats
    token: Floats


class Objective:
    """The objective of one problem, to be called with weights and an array for the gradient; for one thread at a time.

    Attributes
    ----------
    steps
        int64 (any,): the tokens of step s are steps[s]:steps[s + 1] in the new order.
    blocks
        int64 (any,): the steps of block b are blocks[b]:blocks[b + 1].

    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.steps, self.blocks, order = arrange(problem.starts)
        tags, counts = problem.tag_count, np.diff(problem.feature_starts)
        width = -(-tags // LANES) * LANES
        frequent_first = np.argsort(
            -np.bincount(problem.attributes.ravel(), minlength=len(counts)), kind="stable"
        )
        rank = np.empty(len(counts), dtype=np.int32)
        rank[frequent_first] = np.arange(len(counts))
        self._features = np.argsort(np.repeat(rank, counts), kind="stable")  # old numbers in the new order
        counts = counts[frequent_first]
        feature_tags = problem.feature_tags[self._features]
        dense = counts * DENSE >= tags
        row_of = np.where(dense, np.cumsum(dense) - 1, -1).astype(np.int32)
        attribute = np.repeat(np.arange(len(counts)), counts)
        self._in_table = np.flatnonzero(dense[attribute])
        self._cells = row_of[attribute[self._in_table]], feature_tags[self._in_table]
        self._states = States(
            rank[problem.attributes[order]],
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            feature_tags,
            row_of,
            aligned(int(dense.sum()), width),
            aligned(int(dense.sum()), width),
            aligned(1, width)[0],
        )
        self._lattice = allocate_lattice(tags, self.steps, self.blocks)
        self._sums = np.empty(BLOCK)

    def __call__(self, weights: Floats, gradient: Floats) -> float:
        """Return the value at `weights`, float64 (S + R,), without penalties, and overwrite `gradient`, (S + R,).

        Where the weights of transitions are more than WIDEST apart the value is infinite.
        """
        problem, states = self.problem, len(self.problem.feature_tags)
        if not spread(weights[states:]) <= WIDEST:
            return math.inf
        transitions = pack_transitions(
            problem.transition_from, problem.transition_to, weights[states:], problem.tag_count
        )
        self._states.table[:] = 0.0
        self._states.expected[:] = 0.0
        of_states, expected = weights[self._features], np.zeros(states)
        self._states.table[self._cells] = of_states[self._in_table]
        crossings = np.zeros(len(transitions.sources))
        total = 0.0
        # A kernel a block and task: a signal is never far away, and nothing is compiled twice.
        for steps in split(self.steps, self.blocks):
            tokens = steps[0], steps[-1]
            factors, alpha, beta = self._lattice
            total += exponentiate_scores(self._states, of_states, *tokens, factors)
            total += forward(steps, *transitions, factors, alpha, self._sums)
            backward(steps, *transitions, factors, alpha, beta, self._sums, crossings)
            count_states(self._states, *tokens, alpha, beta, expected)
        expected[self._in_table] = self._states.expected[self._cells]
        gradient[self._features] = expected
        seen = len(problem.transition_from)
        factors = transitions.excess[:seen] + transitions.base[problem.transition_to]
        gradient[states:] = crossings[:seen] * factors
        gradient -= problem.observed
        return total - dot(problem.observed, weights)


def arrange(
    starts: NDArray[np.int64], block: int = BLOCK
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Sort sequences by length, and the tokens of each `block` of them by their place in the sequence.

    Returns `steps` and `blocks` of `Objective`, and the old number of each token, int64 (W,).
    """
    lengths = np.diff(starts)
    longest_first = np.argsort(-lengths, kind="stable")
    longest_first = longest_first[lengths[longest_first] > 0]
    tokens, counts, blocks = [np.zeros(0, dtype=np.int64)], [0], [0]
    for first in range(0, len(longest_first), block):
        sequences = longest_first[first : first + block]
        for t in range(int(lengths[sequences[0]])):
            tokens.append(starts[sequences[lengths[sequences] > t]] + t)
            counts.append(len(tokens[-1]))
        blocks.append(len(counts) - 1)
    return np.cumsum(counts), np.array(blocks), np.concatenate(tokens)


def split(steps: NDArray[np.int64], blocks: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the steps of each block, int64 (T + 1,)."""
    for begin, end in pairwise(blocks.tolist()):
        yield steps[begin : end + 1]


def allocate_lattice(
    tags: int, steps: NDArray[np.int64], blocks: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """Allocate `factors`, `alpha` and `beta`, float64 (L, at least the tokens of any block)."""
    most = int(np.diff(steps[blocks]).max(initial=0))
    room = -(-most // LANES) * LANES + LANES
    return aligned(tags, room), aligned(tags, room), aligned(tags, room)


@compiled
def exponentiate_scores(states: States, weights: Floats, first: int, last: int, factors: Floats) -> float:
    """Write exp(score - largest score of the token) of the tokens first:last; returns the sum of the largest."""
    token, total = states.token, 0.0
    for t in range(first, last):
        for j in range(len(token)):
            token[j] = 0.0
        for column in range(states.attributes.shape[1]):
            attribute = states.attributes[t, column]
            row = states.row_of[attribute]
            if row >= 0:
                for j in range(len(token)):
                    token[j] += states.table[row, j]
            else:
                for k in range(states.starts[attribute], states.starts[attribute + 1]):
                    token[states.tags[k]] += weights[k]
        largest = token[0]
        for j in range(1, len(factors)):
            largest = max(largest, token[j])
        total += largest
        for j in range(len(factors)):
            factors[j, t - first] = math.exp(token[j] - largest)
    return total


@compiled
def multiply_and_sum(vector: Floats, product: Floats, weight: float, total: Floats) -> None:
    """Multiply `product` by `vector`, and add weight * product to `total`."""
    for s in range(len(total)):
        product[s] *= vector[s]
        total[s] += weight * product[s]


@compiled
def forward(
    steps: NDArray[np.int64],
    sources: Integers,
    targets: Integers,
    excess: Floats,
    base: Floats,
    factors: Floats,
    alpha: Floats,
    sums: Floats,
) -> float:
    """Write `alpha`, and divide `factors` by the same sums; returns the sum of their logs.

    `steps`, int64 (T + 1,), are those of one block; places in `factors` and `alpha`, float64 (L, at least its tokens),
    count from its first token. `sources`, `targets`, `excess` and `base` are of `Transitions`; `sums` (BLOCK,) is
    scratch.
    """
    total, previous = 0.0, 0
    for step in range(len(steps) - 1):
        start, end = steps[step] - steps[0], steps[step + 1] - steps[0]
        active = sums[: end - start]
        for j in range(len(alpha)):
            alpha[j, start:end] = base[j] if step > 0 else 1.0
        if step > 0:
            for k in range(len(sources)):
                add_multiple(excess[k], alpha[sources[k], previous:start], alpha[targets[k], start:end])
        for s in range(len(active)):
            active[s] = 0.0
        for j in range(len(alpha)):
            multiply_and_sum(factors[j, start:end], alpha[j, start:end], 1.0, active)
        for s in range(len(active)):
            total += math.log(active[s])
            active[s] = 1.0 / active[s]
        for j in range(len(alpha)):
            row, factor = alpha[j, start:end], factors[j, start:end]
            for s in range(len(active)):
                row[s] *= active[s]
                factor[s] *= active[s]
        previous = start
    return total


@compiled
def backward(
    steps: NDArray[np.int64],
    sources: Integers,
    targets: Integers,
    excess: Floats,
    base: Floats,
    factors: Floats,
    alpha: Floats,
    beta: Floats,
    sums: Floats,
    crossings: Floats,
) -> None:
    """Write `beta`, and multiply `factors` by it; arguments as those of `forward`.

    Adds the expected counts of the listed transitions to `crossings`, float64 (R,), without their own factor.
    """
    # Of the step after: the sequences that have it, which come first. The others end at this one.
    count = 0
    for step in range(len(steps) - 2, -1, -1):
        start, end = steps[step] - steps[0], steps[step + 1] - steps[0]
        active = sums[:count]
        for s in range(count):
            active[s] = 0.0
        for j in range(len(beta)):
            multiply_and_sum(beta[j, end : end + count], factors[j, end : end + count], base[j], active)
        for j in range(len(beta)):
            row = beta[j, start:end]
            for s in range(len(row)):
                row[s] = active[s] if s < count else 1.0
        for k in range(len(sources)):
            following = factors[targets[k], end : end + count]
            add_multiple(excess[k], following, beta[sources[k], start : start + count])
            crossings[k] += dot(following, alpha[sources[k], start : start + count])
        count = end - start


@compiled
def count_states(
    states: States, first: int, last: int, alpha: Floats, beta: Floats, gradient: Floats
) -> None:
    """Add the marginals of the tokens first:last to the expected counts of their features.

    They go to `gradient`, float64 (S,), or, for attributes with rows, to `states.expected`.
    """
    token = states.token
    for j in range(len(token)):
        token[j] = 0.0
    for t in range(first, last):
        for j in range(len(alpha)):
            token[j] = alpha[j, t - first] * beta[j, t - first]
        for column in range(states.attributes.shape[1]):
            attribute = states.attributes[t, column]
            row = states.row_of[attribute]
            if row >= 0:
                for j in range(len(token)):
                    states.expected[row, j] += token[j]
            else:
                for k in range(states.starts[attribute], states.starts[attribute + 1]):
                    gradient[k] += token[states.tags[k]]
