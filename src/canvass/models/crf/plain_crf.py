"""A linear-chain CRF in plain Python and numpy: the specification of all that is compiled, for tests and docs only.

A tag sequence y of T tokens has the score

    score(y) = sum over t of state[t, y_t] + sum over t >= 1 of transitions[y_{t-1}, y_t]

and the probability exp(score(y)) / Z, with Z the sum of exp(score(y)) over all L^T sequences (Lafferty,
McCallum, Pereira 2001). There are no scores for the start and the end.

Of several best sequences the one with the smallest last tag is taken, then the one with the smallest tag
before that, and so on: what CRFsuite does.

A sequence with the gold tags y costs -log p(y) = log Z - score(y) in training. The derivative of the sum of these
costs by the weight of a feature is how often the model expects the feature, less how often it is observed (Lafferty,
McCallum, Pereira 2001; Sha, Pereira 2003).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.models.crf.problem import Problem

Floats = NDArray[np.float64]


class Solution(NamedTuple):
    """All that is asked of a lattice: the best path and its score, log Z, and float64 (T, L) marginals."""

    path: list[int]
    score: float
    log_partition: float
    marginals: Floats


def path_score(state: Floats, transitions: Floats, path: Sequence[int]) -> float:
    """Score one tag sequence, adding from left to right."""
    score = 0.0
    for t, tag in enumerate(path):
        if t:
            score += float(transitions[path[t - 1], tag])
        score += float(state[t, tag])
    return score


def log_sum_exp(scores: Iterable[float]) -> float:
    """Compute the logarithm of the sum of the exponentials, shifted by the largest so that none overflows."""
    listed = list(scores)
    largest = max(listed)
    return largest + math.log(math.fsum(math.exp(score - largest) for score in listed))


def enumerate_paths(state: Floats, transitions: Floats) -> Solution:
    """Solve a small lattice from the definitions alone, by going through all L^T paths."""
    length, tags = state.shape
    paths = list(product(range(tags), repeat=length))
    scores = [path_score(state, transitions, path) for path in paths]
    best = max(scores)
    ties = [path for path, score in zip(paths, scores, strict=True) if score == best]
    first = min(ties, key=lambda path: path[::-1])
    log_partition = log_sum_exp(scores)
    marginals = np.zeros((length, tags))
    for path, score in zip(paths, scores, strict=True):
        marginals[np.arange(length), list(path)] += math.exp(score - log_partition)
    return Solution(list(first), best, log_partition, marginals)


def enumerate_best_paths(
    state: Floats, transitions: Floats, count: int
) -> list[tuple[float, tuple[int, ...]]]:
    """List the `count` best paths with their scores, the best first, by going through all L^T."""
    length, tags = state.shape
    scored = [(path_score(state, transitions, path), path) for path in product(range(tags), repeat=length)]
    return sorted(scored, key=lambda pair: -pair[0])[:count]


def viterbi(state: Floats, transitions: Floats) -> tuple[list[int], float]:
    """Find the best path and its score; `max` takes the first, that is the smallest tag, of equal ones."""
    length, tags = state.shape
    best = [float(score) for score in state[0]]
    previous = []
    for t in range(1, length):
        arriving = [[best[i] + float(transitions[i, j]) for i in range(tags)] for j in range(tags)]
        previous.append([max(range(tags), key=scores.__getitem__) for scores in arriving])
        best = [max(scores) + float(state[t, j]) for j, scores in enumerate(arriving)]
    path = [max(range(tags), key=best.__getitem__)]
    for row in reversed(previous):
        path.append(row[path[-1]])
    return path[::-1], max(best)


def forward(state: Floats, transitions: Floats) -> Floats:
    """Compute float64 (T, L): the log of the sum over all paths that end in tag j at token t, t included."""
    alpha = np.array(state, dtype=np.float64)
    for t in range(1, len(state)):
        alpha[t] += np.logaddexp.reduce(alpha[t - 1][:, None] + transitions, axis=0)
    return alpha


def backward(state: Floats, transitions: Floats) -> Floats:
    """Compute float64 (T, L): the log of the sum over all that can follow tag i at token t, t excluded."""
    beta = np.zeros(state.shape)
    for t in reversed(range(len(state) - 1)):
        beta[t] = np.logaddexp.reduce(transitions + state[t + 1] + beta[t + 1], axis=1)
    return beta


def solve(state: Floats, transitions: Floats) -> Solution:
    """Solve a lattice of T >= 1 tokens: Viterbi, then forward and backward in log space."""
    alpha, beta = forward(state, transitions), backward(state, transitions)
    log_partition = log_sum_exp(float(score) for score in alpha[-1])
    return Solution(*viterbi(state, transitions), log_partition, np.exp(alpha + beta - log_partition))


def state_features(problem: Problem) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Give the attribute and the tag of each state feature, both (S,)."""
    counts = np.diff(problem.feature_starts)
    return np.repeat(np.arange(len(counts)), counts), problem.feature_tags


def spread(problem: Problem, weights: Floats) -> tuple[Floats, Floats]:
    """Give weights as matrices: float64 (A, L) by attribute and tag, (L, L) from tag to tag; zero without a feature."""
    states, tags = len(problem.feature_tags), problem.tag_count
    state = np.zeros((len(problem.feature_starts) - 1, tags))
    state[state_features(problem)] = weights[:states]
    transitions = np.zeros((tags, tags))
    transitions[problem.transition_from, problem.transition_to] = weights[states:]
    return state, transitions


def objective(problem: Problem, weights: Floats, gradient: Floats) -> float:
    """Compute minus the log likelihood of the gold tags, without penalties; overwrites its gradient, (S + R,)."""
    state, transitions = spread(problem, weights)
    expected, expected_transitions = np.zeros(state.shape), np.zeros(transitions.shape)
    cost = 0.0
    for first, last in pairwise(problem.starts.tolist()):
        if first == last:
            continue
        attributes, gold = problem.attributes[first:last], problem.tags[first:last]
        scores = state[attributes].sum(axis=1)
        alpha, beta = forward(scores, transitions), backward(scores, transitions)
        log_partition = np.logaddexp.reduce(alpha[-1])
        cost += log_partition - scores[np.arange(len(gold)), gold].sum()
        cost -= transitions[gold[:-1], gold[1:]].sum()
        np.add.at(expected, attributes, np.exp(alpha + beta - log_partition)[:, None, :])
        for t in range(1, len(scores)):
            after = scores[t] + beta[t] - log_partition
            expected_transitions += np.exp(alpha[t - 1][:, None] + transitions + after)
    states = len(problem.feature_tags)
    gradient[:states] = expected[state_features(problem)]
    gradient[states:] = expected_transitions[problem.transition_from, problem.transition_to]
    gradient -= problem.observed
    return float(cost)
