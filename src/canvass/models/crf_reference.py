"""The objective of CRF training in numpy and logarithms: the specification of `crf_objective`, for tests and docs only.

With the scores of `lattice_reference`, a sequence x with the gold tags y costs -log p(y | x) = log Z(x) - score(y).
The derivative of the sum of these costs by a feature's weight is how often the model expects the feature, less how
often it is observed (Lafferty, McCallum, Pereira 2001; Sha, Pereira 2003).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from canvass.models.crf_problem import Problem

    Floats = NDArray[np.float64]


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


def forward(scores: Floats, transitions: Floats) -> Floats:
    """Compute float64 (T, L): the log of the sum over all paths that end in tag j at token t, t included."""
    alpha = scores.copy()
    for t in range(1, len(scores)):
        alpha[t] += np.logaddexp.reduce(alpha[t - 1][:, None] + transitions, axis=0)
    return alpha


def backward(scores: Floats, transitions: Floats) -> Floats:
    """Compute float64 (T, L): the log of the sum over all that can follow tag i at token t, t excluded."""
    beta = np.zeros(scores.shape)
    for t in reversed(range(len(scores) - 1)):
        beta[t] = np.logaddexp.reduce(transitions + scores[t + 1] + beta[t + 1], axis=1)
    return beta


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
