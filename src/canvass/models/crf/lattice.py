"""The lattice of a linear-chain CRF: best paths with CRFsuite's ties, the N best, marginals, and log Z.

`reference` is the specification. All functions take N sequences of W tokens: `state`, float64 (W, L), state scores that
are finite, `starts`, int64 (N + 1,), the first token of each sequence, and W, and `scores`, float64 (L, L), finite
scores of transitions, from tag to tag.

Best paths are found in sums of scores, since two paths may have the same weights in another order, and then only the
rounding of sums decides between them. Marginals and log Z are found by the kernels that train (`forward_backward`), in
scaled sums. What rounds to zero on the way is lost, and matters only if all that was kept dies later. A kept path and a
lost one can differ later by at most the ratio R of the largest and the smallest factor of a transition, and a row sum
is at least 1/R; so whatever the states, the relative error is below L T R^2 * 1e-308, which is nothing up to `WIDEST` =
log R = 300. Training goes no further (`objective`), and a model file that does is refused.

The N best paths are found by Viterbi's recursion with lists: b(t, j) holds the N best paths that end in tag j at token
t. All of these go on from lists of token t - 1, so

    b(t, j) = the N best of {b(t - 1, i)[r] + transition(i, j) : every tag i, every rank r < N} + state(t, j).

Of the L N candidates of a target j most need no look. Within one i they fall with r; so an i of which the first
candidate is not among the N best firsts has N better ones from other tags, and drops out. What is left are N N.
(Soong and Huang 1991 search a tree backwards instead; for short utterances the lists are as fast, and simpler.)
The twin is `plain_crf.enumerate_best_paths`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled, inlined
from canvass.machine import LANES
from canvass.models.crf.forward_backward import Cells, Steps, arrange, go_backward, go_forward, take_scores
from canvass.models.crf.transitions import pack_matrix
from canvass.models.vectors import Floats, Integers, aligned, padded

Tags = NDArray[np.int32]


class BestPaths(NamedTuple):
    """Best paths, int32 (W,), and their scores, float64 (N,); 0 for an empty sequence."""

    tags: Tags
    scores: Floats


def best_paths(state: Floats, starts: Integers, scores: Floats) -> BestPaths:
    """Find the best path of each sequence; of equal ones that with the smallest last tag, and so on, as CRFsuite.

    >>> best_paths(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([0, 2]), np.array([[0.0, 9.0], [0.0, 0.0]])).tags
    array([0, 1], dtype=int32)
    """
    best = BestPaths(np.empty(len(state), dtype=np.int32), np.zeros(len(starts) - 1))
    sources, targets = (tags.astype(np.int32) for tags in np.nonzero(scores))
    find_best_paths(state, starts, sources, targets, scores, np.empty_like(state), *best)
    return best


def marginals(state: Floats, starts: Integers, scores: Floats) -> Floats:
    """Compute P(tag j at token t), float64 (W, L)."""
    return _solve(state, starts, scores)[0]


def log_partitions(state: Floats, starts: Integers, scores: Floats) -> Floats:
    """Compute log Z of each sequence, float64 (N,); 0 for an empty one."""
    return _solve(state, starts, scores)[1]


def _solve(state: Floats, starts: Integers, scores: Floats) -> tuple[Floats, Floats]:
    """Return the marginals and log Z of each sequence."""
    layout, transitions, tags = arrange(starts), pack_matrix(scores), len(scores)
    by_target, by_source = (Steps.of(transitions, forward=forward) for forward in (True, False))
    cells, crossings = Cells.of(layout, tags), np.zeros((len(transitions.sources), LANES))
    rows = aligned(LANES, padded(tags))
    none, ones = np.zeros(tags + 1, dtype=np.int64), np.ones(tags)
    found, log_z = np.empty_like(state), np.zeros(len(starts) - 1)
    for groups, numbers in layout.blocks(tags):
        tokens = layout.tokens[numbers[0] : numbers[-1]]
        exponentiate_states(state, tokens, rows, cells)
        of_lanes = np.zeros(layout.sequences[groups].shape)
        go_forward(numbers, layout.active, none, ones, *by_target[:4], cells, of_lanes)
        go_backward(numbers, layout.active, *by_source[:4], cells, crossings)
        marginals = cells.alpha[: len(tokens) * tags].reshape(len(tokens), tags, LANES).swapaxes(1, 2)
        found[tokens[tokens >= 0]] = marginals[tokens >= 0]
        sequences = layout.sequences[groups]
        log_z[sequences[sequences >= 0]] = of_lanes[sequences >= 0]
    return found, log_z


@compiled
def exponentiate_states(state: Floats, tokens: Integers, rows: Floats, cells: Cells) -> None:
    """Write the factors of a block of cells, whose tokens are int64 (any, LANES), -1 for none; `rows` is scratch."""
    for cell in range(len(tokens)):
        for lane in range(LANES):
            for j in range(state.shape[1]):
                rows[lane, j] = state[tokens[cell, lane], j] if tokens[cell, lane] >= 0 else 0.0
        take_scores(rows, cell, state.shape[1], cells)


@inlined
def maximise(best: Floats, t: int, sources: Tags, targets: Tags, scores: Floats) -> None:
    """Write max_i (best[t - 1, i] + scores[i, j]) to best[t, j]; see `find_best_paths`."""
    top = 0
    for i in range(1, len(scores)):
        if best[t - 1, i] > best[t - 1, top]:
            top = i
    for j in range(len(scores)):
        best[t, j] = best[t - 1, top]
        if scores[top, j] < 0.0:
            best[t, j] += scores[top, j]
            for i in range(len(scores)):
                best[t, j] = max(best[t, j], best[t - 1, i] + scores[i, j])
    for k in range(len(sources)):
        i, j = sources[k], targets[k]
        best[t, j] = max(best[t, j], best[t - 1, i] + scores[i, j])


@compiled
def find_best_paths(
    state: Floats,
    starts: Integers,
    sources: Tags,
    targets: Tags,
    scores: Floats,
    best: Floats,
    paths: Tags,
    totals: Floats,
) -> None:
    """Write the best paths to `paths`, int32 (W,), and their scores to `totals`, float64 (N,).

    `sources` and `targets`, int32 (R,), are the pairs whose scores are not 0; `best`, float64 (W, L), is scratch.

    Most pairs score 0, so that most tags are reached best from the tag that is best, unless a listed pair does better:
    O(L + R) a token. The tags to which the best one leads with a score below 0 are compared with all, O(L) each.
    There are no back pointers: the way back compares L sums a token, the same as on the way there.
    """
    for n in range(len(starts) - 1):
        first, last = starts[n], starts[n + 1] - 1
        for t in range(first, last + 1):
            if t > first:
                maximise(best, t, sources, targets, scores)
            for j in range(len(scores)):
                best[t, j] = state[t, j] + (best[t, j] if t > first else 0.0)
        for t in range(last, first - 1, -1):
            tag, highest = 0, -np.inf
            for i in range(len(scores)):
                total = best[t, i]
                if t < last:
                    total += scores[i, paths[t + 1]]
                if total > highest:
                    highest, tag = total, i
            paths[t] = tag
            if t == last:
                totals[n] = highest


class Paths(NamedTuple):
    """Paths of one lattice, the best first: `tags` int64 (N, T), `scores` float64 (N,)."""

    tags: Integers
    scores: Floats


def n_best_paths(state: Floats, transitions: Floats, count: int) -> Paths:
    """Find the `count` best paths, or all where there are fewer.

    * `state`: scores of T >= 1 tokens, float64 (T, L).
    * `transitions`: scores from tag to tag, float64 (L, L).
    * `count`: at least 1.
    """
    paths = Paths(np.empty((count, len(state)), dtype=np.int64), np.empty(count))
    there = find_n_best_paths(state, transitions, *paths)
    return Paths(paths.tags[:there], paths.scores[:there])


@inlined
def insert(scores: Floats, origins: Integers, filled: int, score: float, origin: int) -> int:
    """Insert a score into a list, behind its equals; returns how many the list has, its last one dropped where full."""
    if filled < len(scores):
        filled += 1
    elif not score > scores[-1]:
        return filled
    place = filled - 1
    while place > 0 and scores[place - 1] < score:
        scores[place], origins[place] = scores[place - 1], origins[place - 1]
        place -= 1
    scores[place], origins[place] = score, origin
    return filled


@compiled
def find_n_best_paths(state: Floats, transitions: Floats, paths: Integers, scores: Floats) -> int:
    """Write the N best paths to `paths`, int64 (N, T), and their scores to `scores`, float64 (N,); returns how many."""
    length, tags, count = len(state), len(transitions), len(scores)
    best, before = np.empty((tags, count)), np.empty((tags, count))
    came = np.empty((length, tags, count), dtype=np.int64)  # tag * N + rank of the token before
    best[:, 0] = state[0]
    origins = np.empty(count, dtype=np.int64)
    ranks = 1
    for t in range(1, length):
        best, before = before, best
        filled = 0
        for j in range(tags):
            sources = filled = 0
            for i in range(tags):
                sources = insert(scores, origins, sources, before[i, 0] + transitions[i, j], i)
            for i in origins[:sources]:
                for rank in range(ranks):
                    total = before[i, rank] + transitions[i, j]
                    filled = insert(best[j], came[t, j], filled, total, i * count + rank)
            best[j, :filled] += state[t, j]
        ranks = filled
    there = 0
    for j in range(tags):
        for rank in range(ranks):
            there = insert(scores, origins, there, best[j, rank], j * count + rank)
    for number in range(there):
        place = origins[number]
        for t in range(length - 1, -1, -1):
            paths[number, t] = place // count
            place = came[t, place // count, place % count]
    return there
