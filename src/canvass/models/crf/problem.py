"""What a linear-chain CRF is trained on: tokens as numbers of attributes, gold tags, and the observed features.

As in CRFsuite, a feature is a pair of an attribute and a tag, or of two tags in a row, that occurs in the training
data (feature.possible_states and feature.possible_transitions are 0). Pairs that do not occur have no weight: they
score 0 and take part in the sums over all paths. There are no features of the start and the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Problem(NamedTuple):
    """N sequences of W tokens in all, K attributes a token, A different attributes, L tags.

    A weight vector is float64 (S + R,): the S state features by (attribute, tag), then the R transitions by (from, to).

    * `starts`: int64 (N + 1,): first token of each sequence, and W.
    * `attributes`: int32 (W, K): each token's attributes, 0..A-1; one that repeats within a token counts as often.
    * `tags`: int32 (W,): gold tags, 0..L-1, numbered by first appearance, as in CRFsuite.
    * `feature_starts`: int32 (A + 1,): the state features of attribute a are feature_starts[a]:feature_starts[a + 1].
    * `feature_tags`: int32 (S,): the tag of each state feature, ascending within an attribute.
    * `transition_from`, `transition_to`: int32 (R,): the tags of each transition.
    * `observed`: float64 (S + R,): how often each feature occurs.
    * `tag_count`: L.
    * `own`: the first so many attributes of a token tell of it alone, so that few of their rows differ; any number is
      right.
    """

    starts: NDArray[np.int64]
    attributes: NDArray[np.int32]
    tags: NDArray[np.int32]
    feature_starts: NDArray[np.int32]
    feature_tags: NDArray[np.int32]
    transition_from: NDArray[np.int32]
    transition_to: NDArray[np.int32]
    observed: NDArray[np.float64]
    tag_count: int
    own: int


def make_problem(
    starts: NDArray[np.integer],
    attributes: NDArray[np.integer],
    tags: NDArray[np.integer],
    tag_count: int,
    own: int = 0,
) -> Problem:
    """Count the features of N sequences of W tokens: starts (N + 1,), attributes (W, K), tags (W,), L, and `own`.

    Attributes and tags are numbered from 0 without gaps; sequences may be empty.

    >>> problem = make_problem(np.array([0, 2]), np.array([[0, 1], [1, 1]]), np.array([0, 1]), 2)
    >>> problem.feature_starts.tolist(), problem.feature_tags.tolist(), problem.observed.tolist()
    ([0, 1, 3], [0, 0, 1], [1.0, 1.0, 2.0, 1.0])
    """
    gold = np.ascontiguousarray(tags, dtype=np.int32)
    numbers = np.ascontiguousarray(attributes, dtype=np.int32)
    firsts = np.ascontiguousarray(starts, dtype=np.int64)
    count = int(numbers.max(initial=-1)) + 1
    states = (numbers.astype(np.int64) * tag_count + gold[:, None]).ravel()
    pairs, occurrences = np.unique(states, return_counts=True)
    # Only a token that begins no sequence has one before it.
    inner = np.ones(len(gold) + 1, dtype=np.bool_)
    inner[firsts] = False
    after = np.flatnonzero(inner[:-1])
    steps, crossings = np.unique(
        gold[after - 1].astype(np.int64) * tag_count + gold[after], return_counts=True
    )
    feature_starts = np.zeros(count + 1, dtype=np.int32)
    np.cumsum(np.bincount(pairs // tag_count, minlength=count), out=feature_starts[1:])
    return Problem(
        firsts,
        numbers,
        gold,
        feature_starts,
        (pairs % tag_count).astype(np.int32),
        (steps // tag_count).astype(np.int32),
        (steps % tag_count).astype(np.int32),
        np.concatenate([occurrences, crossings]).astype(np.float64),
        tag_count,
        own,
    )
