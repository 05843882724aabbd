"""Train a linear-chain CRF: OWL-QN on the compiled objective, as CRFsuite's `lbfgs`, which is the twin in the tests.

The interpreter's lock is free within each evaluation of the objective, so that several taggers train on several
threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.models.crf.objective import Objective
from canvass.models.crf.owlqn import minimise
from canvass.models.crf.problem import Problem


class Trained(NamedTuple):
    """Weights as matrices: `state` float64 (A, L) by attribute and tag, `transitions` float64 (L, L) from, to."""

    state: NDArray[np.float64]
    transitions: NDArray[np.float64]


def train(problem: Problem, *, c1: float, c2: float, iterations: int) -> Trained:
    """Train a CRF by maximum likelihood with penalties.

    Minimises -log p(gold tags) + c2 |w|^2 + c1 |w|_1 from w = 0. Pairs without a feature have the weight 0, and so
    have many with one: c1 puts them there.

    Parameters
    ----------
    problem
        What `make_problem` made of the labelled sequences.
    c1, c2
        Penalties; c1 is above 0.
    iterations
        At most; fewer where the value has stopped falling (`owlqn`).

    Raises
    ------
    OptionError
        If a penalty or the number of iterations makes no sense.

    """
    weights = minimise(
        Objective(problem), len(problem.observed), c1=c1, c2=c2, max_iterations=iterations
    ).weights
    counts = np.diff(problem.feature_starts)
    state = np.zeros((len(counts), problem.tag_count))
    states = len(problem.feature_tags)
    state[np.repeat(np.arange(len(counts)), counts), problem.feature_tags] = weights[:states]
    transitions = np.zeros((problem.tag_count, problem.tag_count))
    transitions[problem.transition_from, problem.transition_to] = weights[states:]
    return Trained(state, transitions)
