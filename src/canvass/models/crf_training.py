"""Train a linear-chain CRF: OWL-QN on the compiled objective, in one kernel.

What CRFsuite's `lbfgs` does, and it is the twin in the tests. The interpreter's lock is free from the first iteration
to the last, so that training of several taggers runs on several threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.compiled import compiled
from canvass.models.crf_objective import evaluate, prepare
from canvass.models.owlqn import advance, begin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from canvass.models.crf_objective import Scratch
    from canvass.models.crf_problem import Problem
    from canvass.models.owlqn import Search


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
    search = begin(len(problem.observed), c1=c1, c2=c2, max_iterations=iterations)
    descend(problem, prepare(problem), search)
    counts = np.diff(problem.feature_starts)
    state = np.zeros((len(counts), problem.tag_count))
    states = len(problem.feature_tags)
    state[np.repeat(np.arange(len(counts)), counts), problem.feature_tags] = search.weights[:states]
    transitions = np.zeros((problem.tag_count, problem.tag_count))
    transitions[problem.transition_from, problem.transition_to] = search.weights[states:]
    return Trained(state, transitions)


@compiled
def descend(problem: Problem, scratch: Scratch, search: Search) -> None:
    """Take a search to its end."""
    while advance(search, evaluate(problem, scratch, search.weights, search.gradient)):
        pass
