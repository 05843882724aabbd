"""The N best paths of a lattice, exactly: what a CRF would have said second, third and so on.

Viterbi's recursion with lists: b(t, j) holds the N best paths that end in tag j at token t. All of these go on from
lists of token t - 1, so

    b(t, j) = the N best of {b(t - 1, i)[r] + transition(i, j) : every tag i, every rank r < N} + state(t, j).

Of the L N candidates of a target j most need no look. Within one i they fall with r; so an i of which the first
candidate is not among the N best firsts has N better ones from other tags, and drops out. What is left are N N.
(Soong and Huang 1991 search a tree backwards instead; for short utterances the lists are as fast, and simpler.)

The readable twin is `reference.enumerate_best_paths`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Paths(NamedTuple):
    """Paths of one lattice, the best first: `tags` int64 (N, T), `scores` float64 (N,)."""

    tags: NDArray[np.int64]
    scores: Floats


def n_best_paths(state: Floats, transitions: Floats, count: int) -> Paths:
    """Find the `count` best paths, or all where there are fewer.

    Parameters
    ----------
    state
        Scores of T >= 1 tokens, float64 (T, L).
    transitions
        Scores from tag to tag, float64 (L, L).
    count
        At least 1.

    """
    length, tags = state.shape
    best = state[0][:, None]  # (L, ranks)
    came: list[
        tuple[NDArray[np.int64], NDArray[np.int64]]
    ] = []  # of each token after the first: tag and rank before
    for t in range(1, length):
        ranks = best.shape[1]
        firsts = best[:, :1] + transitions
        sources = np.argsort(-firsts, axis=0, kind="stable")[:count]  # (S, L): of each target
        arriving = best[sources] + transitions[sources, np.arange(tags)][:, :, None]  # (S, L, ranks)
        candidates = arriving.transpose(1, 0, 2).reshape(tags, -1)
        kept = np.argsort(-candidates, axis=1, kind="stable")[:, :count]  # (L, ranks of this token)
        best = np.take_along_axis(candidates, kept, axis=1) + state[t][:, None]
        came.append((sources[kept // ranks, np.arange(tags)[:, None]], kept % ranks))
    ends = np.argsort(-best, axis=None, kind="stable")[:count]
    tag, rank = np.divmod(ends, best.shape[1])
    paths = np.empty((len(ends), length), dtype=np.int64)
    paths[:, -1] = tag
    scores = best[tag, rank]
    for t in reversed(range(length - 1)):
        tags_before, ranks_before = came[t]
        tag, rank = tags_before[tag, rank], ranks_before[tag, rank]
        paths[:, t] = tag
    return Paths(paths, scores)
