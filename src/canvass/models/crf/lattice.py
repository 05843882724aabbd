"""The lattice of a linear-chain CRF, compiled: best path, log partition, token marginals.

A tag sequence y of T tokens scores `sum_t state[t, y_t] + sum_{t>=1} transitions[y_{t-1}, y_t]`, and has the
probability exp(score(y)) / Z, where Z sums exp(score) over all L^T sequences. There are no scores for the
start and the end. `lattice_reference` is the specification.

Naively, the best path is
    best_t[j] = state[t, j] + max_i (best_{t-1}[i] + transitions[i, j])     with a back pointer for each max,
and the sum over all paths is the same recursion with log-sum-exp in place of max, L^2 exponentials a token.

The tricks:

* Inner loops run over j, which is contiguous in every array, and carry no sum, so that they are vectorised
  without changing a bit.
* Viterbi keeps no back pointers. The way back compares L sums a token, the same sums as on the way there.
* The sums over paths are scaled, as in CRFsuite (Rabiner 1989, V.A): each row of alpha is divided by its sum
  c_t, exponentials are taken of state[t] - max state[t] and of transitions - max transitions, and
      log Z = sum_t (log c_t + max state[t]) + (T - 1) max transitions.
  What rounds to zero on the way is lost, and matters only if all that was kept dies later. A kept path and a
  lost one can differ later by at most the ratio R of the largest and the smallest exponential of a
  transition, and a row sum is at least 1/R; so whatever the states, the relative error is below
  L T R^2 * 1e-308. Up to `WIDEST` = log R = 300 that is nothing; beyond, log space is used.

Left out: blocks of several utterances (L is wide enough for the vector units), a sparse or pruned set of
transitions, vectorised exponentials (their rounding would depend on the place in the row). `products` does without
exponentials, where only the probability of the best path is asked for.

All scores must be finite. The kernels allocate nothing and write to the arrays named so in their docstrings.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WIDEST = 300.0


class Transitions(NamedTuple):
    """Transition scores, packed for the kernels by `pack_transitions`.

    `scores` and `exponentials` = exp(scores - largest) are float64 (L, L), from tag i to tag j; `wide` says
    that the scores are too far apart for scaled sums.
    """

    scores: Floats
    exponentials: Floats
    largest: float
    wide: bool


class Decoded(NamedTuple):
    """An utterance decoded: int32 (T,) best path, its log probability (<= 0), float64 (T, L) marginals."""

    path: NDArray[np.int32]
    log_probability: float
    marginals: Floats


def pack_transitions(scores: Floats) -> Transitions:
    """Pack finite transition scores, (L, L) with L >= 1, from tag i to tag j."""
    packed = np.ascontiguousarray(scores, dtype=np.float64)
    largest = float(packed.max())
    # Not np.exp, whose last bit may depend on the place in the array.
    exponentials = np.array([[math.exp(score - largest) for score in row] for row in packed.tolist()])
    return Transitions(packed, exponentials, largest, bool(largest - packed.min() > WIDEST))


def decode(state: Floats, transitions: Floats) -> Decoded:
    """Decode one utterance: state scores (T, L) and transition scores (L, L).

    >>> decode(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[0.0, 9.0], [0.0, 0.0]])).path.tolist()
    [0, 1]
    """
    packed = pack_transitions(transitions)
    scores = np.ascontiguousarray(state, dtype=np.float64)
    length = len(scores)
    path, work, marginals = np.zeros(length, np.int32), np.zeros_like(scores), np.zeros_like(scores)
    best = viterbi(scores, packed, length, path, work)
    rows = np.zeros((2, scores.shape[1]))
    log_probability = min(0.0, best - token_marginals(scores, packed, length, marginals, rows))
    return Decoded(path, log_probability, marginals)


@compiled
def viterbi(
    state: Floats, transitions: Transitions, length: int, path: NDArray[np.int32], best: Floats
) -> float:
    """Write the best path to `path`, int32 (>= T,), and return its score; 0 for an empty utterance.

    Only the first `length` = T rows of `state`, float64 (>= T, L), are read. `best`, float64 (>= T, L), is
    scratch. Of equal sums the smallest tag wins, as in CRFsuite.
    """
    if length == 0:
        return 0.0
    scores = transitions.scores
    tags = len(scores)
    for j in range(tags):
        best[0, j] = state[0, j]
    for t in range(1, length):
        _best_arrivals(best[t - 1], scores, best[t])
        for j in range(tags):
            best[t, j] += state[t, j]
    tag = int(np.argmax(best[length - 1]))
    total: float = best[length - 1, tag]
    path[length - 1] = tag
    for t in range(length - 1, 0, -1):
        following, tag = tag, 0
        highest = best[t - 1, 0] + scores[0, following]
        for i in range(1, tags):
            arrival = best[t - 1, i] + scores[i, following]
            if arrival > highest:
                highest, tag = arrival, i
        path[t - 1] = tag
    return total


@compiled
def log_partition(state: Floats, transitions: Transitions, length: int, alpha: Floats) -> float:
    """Return log Z of the first `length` = T rows of `state`, float64 (>= T, L); 0 for an empty utterance.

    `alpha`, float64 (>= T, L), gets the probability of each tag given the tokens so far (its logarithm where
    the transitions are wide). It may be the array that was the `best` of `viterbi`, but not `state`.
    """
    if transitions.wide:
        return _log_partition_wide(state, transitions.scores, length, alpha)
    total = 0.0
    for t in range(length):
        if t == 0:
            alpha[0, :] = 1.0
        else:
            _summed_arrivals(alpha[t - 1], transitions.exponentials, alpha[t])
            total += transitions.largest
        total += _observe(alpha[t], state[t])
    return total


@compiled
def token_marginals(
    state: Floats, transitions: Transitions, length: int, marginals: Floats, rows: Floats
) -> float:
    """Write P(tag j at token t) to `marginals`, float64 (>= T, L), and return log Z.

    Arguments as for `log_partition`; `rows`, float64 (2, L), is scratch. On the way forward `marginals` holds
    alpha. On the way back row t is multiplied by beta, the sums over all that can follow each tag, and
    divided by its own sum, in which the scales of both cancel.
    """
    total = log_partition(state, transitions, length, marginals)
    if transitions.wide:
        _marginals_wide(state, transitions.scores, length, marginals, rows)
        return total
    beta, observed = rows[0], rows[1]
    beta[:] = 1.0
    for t in range(length - 1, -1, -1):
        norm = 0.0
        for j in range(len(beta)):
            observed[j] = beta[j]
            marginals[t, j] *= beta[j]
            norm += marginals[t, j]
        for j in range(len(beta)):
            marginals[t, j] /= norm
        _observe(observed, state[t])
        for i in range(len(beta)):
            beta[i] = 0.0
            for j in range(len(beta)):
                beta[i] += transitions.exponentials[i, j] * observed[j]
    return total


@compiled
def _best_arrivals(previous: Floats, scores: Floats, current: Floats) -> None:
    """Write max_i (previous[i] + scores[i, j]) to `current`, four i at a time so as to store less often."""
    last = len(previous) - 1
    current[:] = -np.inf
    for i in range(0, last + 1, 4):
        # At the end of the row the last tag stands in for those beyond it: a max does not mind.
        i1, i2, i3 = min(i + 1, last), min(i + 2, last), min(i + 3, last)
        p0, p1, p2, p3 = previous[i], previous[i1], previous[i2], previous[i3]
        s0, s1, s2, s3 = scores[i], scores[i1], scores[i2], scores[i3]
        for j in range(len(current)):
            a0, a1, a2, a3 = p0 + s0[j], p1 + s1[j], p2 + s2[j], p3 + s3[j]
            a01 = max(a0, a1)
            a23 = max(a2, a3)
            highest = max(a01, a23)
            current[j] = max(current[j], highest)


@compiled
def _summed_arrivals(previous: Floats, weights: Floats, current: Floats) -> None:
    """Write sum_i previous[i] * weights[i, j] to `current`, four i at a time so as to store less often."""
    tags = len(previous)
    whole = tags - tags % 4
    current[:] = 0.0
    for i in range(0, whole, 4):
        p0, p1, p2, p3 = previous[i], previous[i + 1], previous[i + 2], previous[i + 3]
        w0, w1, w2, w3 = weights[i], weights[i + 1], weights[i + 2], weights[i + 3]
        for j in range(tags):
            current[j] += (p0 * w0[j] + p1 * w1[j]) + (p2 * w2[j] + p3 * w3[j])
    for i in range(whole, tags):
        for j in range(tags):
            current[j] += previous[i] * weights[i, j]


@compiled
def _observe(row: Floats, scores: Floats) -> float:
    """Multiply a row by the exponentials of a token's scores, scale it to sum 1, return the log of it."""
    largest: float = scores[0]
    for j in range(1, len(row)):
        largest = max(largest, scores[j])
    total = 0.0
    for j in range(len(row)):
        row[j] *= math.exp(scores[j] - largest)
        total += row[j]
    for j in range(len(row)):
        row[j] /= total
    return math.log(total) + largest


@compiled
def _log_partition_wide(state: Floats, scores: Floats, length: int, alpha: Floats) -> float:
    """Do the work of `log_partition` in log space, L^2 exponentials a token."""
    total = 0.0
    for t in range(length):
        for j in range(len(scores)):
            alpha[t, j] = state[t, j]
            if t > 0:
                alpha[t, j] += log_sum_exp(alpha[t - 1], scores[:, j])
        total += _subtract_log_sum(alpha[t])
    return total


@compiled
def _marginals_wide(state: Floats, scores: Floats, length: int, marginals: Floats, rows: Floats) -> None:
    """Turn log alpha in `marginals` into marginals: the way back of `token_marginals` in log space."""
    beta, observed = rows[0], rows[1]
    beta[:] = 0.0
    for t in range(length - 1, -1, -1):
        for j in range(len(beta)):
            observed[j] = beta[j] + state[t, j]
            marginals[t, j] += beta[j]
        _subtract_log_sum(marginals[t])
        _subtract_log_sum(observed)
        for i in range(len(beta)):
            marginals[t, i] = math.exp(marginals[t, i])
            beta[i] = log_sum_exp(observed, scores[i])


@compiled
def log_sum_exp(first: Floats, second: Floats) -> float:
    """Return the log of the sum of exp(first[j] + second[j]); the largest is taken out against overflow."""
    largest: float = first[0] + second[0]
    for j in range(1, len(first)):
        largest = max(largest, first[j] + second[j])
    total = 0.0
    for j in range(len(first)):
        total += math.exp(first[j] + second[j] - largest)
    return largest + math.log(total)


@compiled
def _subtract_log_sum(row: Floats) -> float:
    """Scale a row of logarithms so that their exponentials sum to 1; return the log of their sum."""
    largest: float = row[0]
    for j in range(1, len(row)):
        largest = max(largest, row[j])
    total = 0.0
    for j in range(len(row)):
        total += math.exp(row[j] - largest)
    log_sum = largest + math.log(total)
    for j in range(len(row)):
        row[j] -= log_sum
    return log_sum
