"""The N best paths of a lattice, exactly: what a CRF would have said second, third and so on.

Viterbi's recursion with lists: b(t, j) holds the N best paths that end in tag j at token t. All of these go on from
lists of token t - 1, so

    b(t, j) = the N best of {b(t - 1, i)[r] + transition(i, j) : every tag i, every rank r < N} + state(t, j).

Of the L N candidates of a target j most need no look. Within one i they fall with r; so an i of which the first
candidate is not among the N best firsts has N better ones from other tags, and drops out. What is left are N N.
(Soong and Huang 1991 search a tree backwards instead; for short utterances the lists are as fast, and simpler.)

The readable twin is `plain_crf.enumerate_best_paths`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from canvass.compiled import compiled, inlined
from canvass.models.vectors import Floats, Integers


class Paths(NamedTuple):
    """Paths of one lattice, the best first: `tags` int64 (N, T), `scores` float64 (N,)."""

    tags: Integers
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
