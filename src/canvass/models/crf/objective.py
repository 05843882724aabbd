"""Training a CRF: OWL-QN on a compiled objective, minus the log likelihood of the gold tags, with its gradient.

    f = sum over sequences of log Z - score(gold),    gradient = expected - observed counts of each feature
(Lafferty, McCallum, Pereira 2001). `plain_crf.objective` is the specification. The score of all gold sequences is the
inner product of the observed counts and the weights, so that only Z needs the lattice (`forward_backward`).

The scores of a token are sums of the weights of its attributes, and so are the expected counts, the other way round.
* Forms. Tokens that are alike have the same first attributes, and a corpus has a tenth as many different ones as
  tokens. Their scores are summed once, in a row for each, and their marginals are, before they go to attributes.
* Rows. Attributes with many features have a row of as many columns as there are tags, with zeros where there is no
  feature; others are gone through one by one. Features are numbered anew, those of frequent attributes first, so that
  what is met often stays in the cache.

The interpreter's lock is free within each evaluation, so that several taggers train on several threads. CRFsuite's
`lbfgs` is the twin of `train` in the tests.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled, inlined
from canvass.machine import LANES
from canvass.models.crf.forward_backward import Cells, Steps, arrange, go_backward, go_forward, take_scores
from canvass.models.crf.owlqn import minimise
from canvass.models.crf.problem import Problem
from canvass.models.crf.transitions import WIDEST, pack_transitions, spread
from canvass.models.vectors import Floats, add_row, aligned, dot, padded, turn_to_rows

Integers = NDArray[np.int32]

DENSE = 8  # an attribute has a row of its own if it has a feature for one tag in so many


class Mentions(NamedTuple):
    """What each of T tokens, or forms, adds up: rows of a table, and single features.

    Those of t are rows[row_starts[t]:row_starts[t + 1]], int32, and likewise `features`, int32, with their `tags`,
    int32; the starts are int64 (T + 1,).
    """

    row_starts: NDArray[np.int64]
    rows: Integers
    feature_starts: NDArray[np.int64]
    features: Integers
    tags: Integers


class States(NamedTuple):
    """Weights and expected counts, and rows of scratch; P is L, padded.

    * `form_of`: int32 (C, LANES): the form of the token at each cell and lane, -1 for none.
    * `table`, `expected`: float64 (rows, P): weights of the attributes with rows, and their expected counts.
    * `form_table`, `form_expected`: float64 (F, P): the same of forms.
    * `rows`: float64 (LANES, P): scores of the tokens of a cell, or their marginals.
    """

    form_of: Integers
    table: Floats
    expected: Floats
    form_table: Floats
    form_expected: Floats
    rows: Floats


class Objective:
    """The objective of one problem, called with weights and an array for the gradient, by one thread at a time."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._layout = arrange(problem.starts)
        tags, counts = problem.tag_count, np.diff(problem.feature_starts)
        width = padded(tags)
        frequent_first = np.argsort(
            -np.bincount(problem.attributes.ravel(), minlength=len(counts)), kind="stable"
        )
        rank = np.empty(len(counts), dtype=np.int32)
        rank[frequent_first] = np.arange(len(counts))
        self._features = np.argsort(np.repeat(rank, counts), kind="stable")  # old numbers in the new order
        counts = counts[frequent_first]
        dense = counts * DENSE >= tags
        row_of = np.where(dense, np.cumsum(dense) - 1, -1).astype(np.int32)
        attribute = np.repeat(np.arange(len(counts)), counts)
        feature_tags = problem.feature_tags[self._features]
        self._in_table = np.flatnonzero(dense[attribute])
        self._places = (
            row_of[attribute[self._in_table]].astype(np.int64) * width + feature_tags[self._in_table]
        )
        attributes, tokens = rank[problem.attributes], self._layout.tokens
        forms, form_of = find_forms(attributes[:, : problem.own])
        self._of_forms = list_mentions(forms, counts, row_of, feature_tags)
        self._of_tokens = list_mentions(
            attributes[tokens.ravel(), problem.own :], counts, row_of, feature_tags
        )
        self._states = States(
            np.where(tokens < 0, -1, form_of[tokens]),
            *(aligned(rows, width) for rows in (int(dense.sum()),) * 2 + (len(forms),) * 2 + (LANES,)),
        )
        self._cells = Cells.of(self._layout, tags)
        self._blocks = list(self._layout.blocks(tags))
        self._log_z = np.empty(self._layout.sequences.shape)
        self._none, self._ones = np.zeros(tags + 1, dtype=np.int64), np.ones(tags)

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
        by_target, by_source = (Steps.of(transitions, forward=forward) for forward in (True, False))
        of_states, expected = weights[self._features], np.zeros(states)
        self._states.table[:] = 0.0
        self._states.expected[:] = 0.0
        self._states.form_expected[:] = 0.0
        self._states.table.ravel()[self._places] = of_states[self._in_table]
        self._log_z[:] = 0.0
        crossings = np.zeros((len(transitions.sources), LANES))
        fill_forms(self._of_forms, self._states, of_states)
        # A kernel a block and task: a signal is never far away, and nothing is compiled twice.
        for groups, cells in self._blocks:
            first, last = cells[0], cells[-1]
            exponentiate_scores(
                self._of_tokens, self._states, of_states, first, last, problem.tag_count, self._cells
            )
            go_forward(
                cells,
                self._layout.active,
                self._none,
                self._ones,
                *by_target[:4],
                self._cells,
                self._log_z[groups],
            )
            go_backward(cells, self._layout.active, *by_source[:4], self._cells, crossings)
            count_states(
                self._of_tokens, self._states, first, last, problem.tag_count, self._cells.alpha, expected
            )
        count_forms(self._of_forms, self._states, expected)
        expected[self._in_table] = self._states.expected.ravel()[self._places]
        gradient[self._features] = expected
        seen = len(problem.transition_from)
        factors = transitions.excess[:seen] + transitions.base[problem.transition_to]
        counted = np.empty(len(crossings))
        counted[by_source.order] = crossings.sum(axis=1)
        gradient[states:] = counted[:seen] * factors
        gradient -= problem.observed
        log_z = self._log_z.ravel()
        return dot(log_z, np.ones(len(log_z))) - dot(problem.observed, weights)


def find_forms(attributes: Integers) -> tuple[Integers, Integers]:
    """Return the different rows of attributes, int32 (W, K), and the number of each token's, int32 (W,)."""
    numbers = np.zeros(len(attributes), dtype=np.int64)
    for column in attributes.T:
        pairs = numbers * (int(column.max(initial=0)) + 1) + column
        numbers = np.unique(pairs, return_inverse=True)[1].ravel()
    _, firsts = np.unique(numbers, return_index=True)
    return attributes[firsts], numbers.astype(np.int32)


def list_mentions(attributes: Integers, counts: Integers, row_of: Integers, tags: Integers) -> Mentions:
    """List what the attributes of T tokens, int32 (T, K), mention.

    Attribute a has counts[a] features, which are numbered by attribute, and the row row_of[a], int32 (A,), or -1; the
    tag of each feature is `tags`, int32 (S,).
    """
    rows = row_of[attributes]
    single = np.where(rows < 0, counts[attributes], 0)
    lengths = single.ravel()
    # The features of an attribute follow each other: the place among all less the first of the attribute's.
    ends = np.cumsum(lengths)
    firsts = (np.cumsum(counts) - counts)[attributes].ravel() - (ends - lengths)
    features = (np.arange(lengths.sum()) + np.repeat(firsts, lengths)).astype(np.int32)
    return Mentions(
        np.concatenate([[0], np.cumsum((rows >= 0).sum(axis=1))]),
        rows[rows >= 0],
        np.concatenate([[0], np.cumsum(single.sum(axis=1))]),
        features,
        tags[features],
    )


@inlined
def add_scores(
    token: int, mentions: Mentions, states: States, weights: Floats, rows: Floats, lane: int
) -> None:
    """Add the weights that a token mentions to a row of `rows`, float64 (any, P)."""
    for k in range(mentions.row_starts[token], mentions.row_starts[token + 1]):
        add_row(states.table, mentions.rows[k], rows, lane)
    for k in range(mentions.feature_starts[token], mentions.feature_starts[token + 1]):
        rows[lane, mentions.tags[k]] += weights[mentions.features[k]]


@inlined
def add_counts(
    token: int, mentions: Mentions, states: States, rows: Floats, lane: int, expected: Floats
) -> None:
    """Add a row of `rows`, float64 (any, P), to the expected counts of what a token mentions.

    Those of single features are `expected`, float64 (S,).
    """
    for k in range(mentions.row_starts[token], mentions.row_starts[token + 1]):
        add_row(rows, lane, states.expected, mentions.rows[k])
    for k in range(mentions.feature_starts[token], mentions.feature_starts[token + 1]):
        expected[mentions.features[k]] += rows[lane, mentions.tags[k]]


@compiled
def fill_forms(forms: Mentions, states: States, weights: Floats) -> None:
    """Sum the scores of each form."""
    states.form_table[:] = 0.0
    for form in range(len(states.form_table)):
        add_scores(form, forms, states, weights, states.form_table, form)


@compiled
def exponentiate_scores(
    tokens: Mentions, states: States, weights: Floats, first: int, last: int, tags: int, cells: Cells
) -> None:
    """Write the factors of the cells first:last, which are those of one block, and their largest scores."""
    for cell in range(first, last):
        for lane in range(LANES):
            form = states.form_of[cell, lane]
            for j in range(states.rows.shape[1]):
                states.rows[lane, j] = states.form_table[max(0, form), j]
            if form >= 0:
                add_scores(LANES * cell + lane, tokens, states, weights, states.rows, lane)
        take_scores(states.rows, cell - first, tags, cells)


@compiled
def count_states(
    tokens: Mentions, states: States, first: int, last: int, tags: int, marginals: Floats, expected: Floats
) -> None:
    """Add the marginals of the cells first:last to the expected counts of their forms and of what they mention."""
    for cell in range(first, last):
        turn_to_rows(states.rows, marginals, (cell - first) * tags)
        for lane in range(LANES):
            form = states.form_of[cell, lane]
            if form >= 0:
                add_row(states.rows, lane, states.form_expected, form)
                add_counts(LANES * cell + lane, tokens, states, states.rows, lane, expected)


@compiled
def count_forms(forms: Mentions, states: States, expected: Floats) -> None:
    """Hand the expected counts of forms on to what they mention."""
    for form in range(len(states.form_table)):
        add_counts(form, forms, states, states.form_expected, form, expected)


class Trained(NamedTuple):
    """Weights: of the attributes that have one, `attributes` int64 (U,), ascending, `state` float64 (U, L) by tag.

    c1 leaves many without. `transitions` are float64 (L, L), from, to.
    """

    attributes: NDArray[np.int64]
    state: NDArray[np.float64]
    transitions: NDArray[np.float64]


def train(problem: Problem, *, c1: float, c2: float, iterations: int) -> Trained:
    """Train a CRF by maximum likelihood with penalties.

    Minimises -log p(gold tags) + c2 |w|^2 + c1 |w|_1 from w = 0. Pairs without a feature have the weight 0, and so
    have many with one: c1 puts them there.

    * `problem`: what `make_problem` made of the labelled sequences.
    * `c1`, `c2`: penalties; c1 is above 0.
    * `iterations`: at most; fewer where the value has stopped falling (`owlqn`).

    Raises OptionError if a penalty or the number of iterations makes no sense.
    """
    weights = minimise(
        Objective(problem), len(problem.observed), c1=c1, c2=c2, max_iterations=iterations
    ).weights
    states = len(problem.feature_tags)
    of_attribute = np.repeat(np.arange(len(problem.feature_starts) - 1), np.diff(problem.feature_starts))
    features = np.flatnonzero(weights[:states])
    attributes, rows = np.unique(of_attribute[features], return_inverse=True)
    state = np.zeros((len(attributes), problem.tag_count))
    state[rows, problem.feature_tags[features]] = weights[features]
    transitions = np.zeros((problem.tag_count, problem.tag_count))
    transitions[problem.transition_from, problem.transition_to] = weights[states:]
    return Trained(attributes, state, transitions)
