"""How tokens meet features in training a CRF, laid out for `crf_objective`, and the memory that it writes to.

Attributes with more than SPARSE features have a dense row of as many columns as there are tags; those of the others
are listed token by token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.models.crf_vectors import LANES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from canvass.models.crf_problem import Problem

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int32]

TOKENS = 80  # of a block at least, which goes through all steps together
SPARSE = 1  # features at most of an attribute that gets no dense row


class Scratch(NamedTuple):
    """All that an evaluation writes to, and how tokens meet features; made by `prepare` for one problem.

    P is L rounded up to whole vectors, D the number of attributes with a dense row, B the most tokens of a block.

    Attributes
    ----------
    blocks
        int32 (any,): the first sequence of each block, and N.
    ordered, dense, dense_starts
        int32 (W,): where the rows of tokens begin in their blocks, those of a block by the number of their dense rows,
        so that the processor can foresee it; int32 (any,) and (W + 1,): where their dense rows begin, in this order.
    sparse, places, sparse_starts
        int32 (any,): features without dense rows, token by token, and their places in the rows of the block; int32
        (N + 1,): where those of each sequence begin.
    cells, celled
        int32: places in the dense rows, and the features that are there.
    exponentials
        float64 (S,): of the weights of the state features.
    table, marginals
        float64 (D * P,): factors of the dense rows, and the sums of the marginals of their tokens.
    ahead, back, crossings, ones
        float64 (P * P,): factors of transitions, and their transpose; sums over pairs of tokens; ones.
    factors, alpha, following
        float64 (B * P,): a row for each token of a block; `following` is factors * beta of the next one, or zeros.
    row, other
        float64 (P,): marginals, and products that nobody needs.
    scales
        float64 (B,): powers of two, by which alpha was multiplied.
    width
        P.

    """

    blocks: Integers
    ordered: Integers
    dense: Integers
    dense_starts: Integers
    sparse: Integers
    places: Integers
    sparse_starts: Integers
    cells: Integers
    celled: Integers
    exponentials: Floats
    table: Floats
    marginals: Floats
    ahead: Floats
    back: Floats
    crossings: Floats
    ones: Floats
    factors: Floats
    alpha: Floats
    following: Floats
    row: Floats
    other: Floats
    scales: Floats
    width: int


def prepare(problem: Problem) -> Scratch:
    """Allocate the scratch for a problem, once for all its evaluations; one thread may use it at a time."""
    width = -(-problem.tag_count // LANES) * LANES
    counts = np.diff(problem.feature_starts)
    wide = counts > SPARSE
    rows = np.where(wide, (np.cumsum(wide) - 1) * width, -1)
    cells = np.repeat(rows, counts)
    celled = np.flatnonzero(cells >= 0)
    cells = cells[celled] + problem.feature_tags[celled]
    dense_of = wide[problem.attributes]
    blocks = _blocks(problem.starts)
    block_of = np.repeat(np.arange(len(blocks) - 1), np.diff(problem.starts[blocks]))
    own = (np.arange(len(problem.tags)) - problem.starts[blocks][block_of]) * width
    order = np.lexsort((dense_of.sum(axis=1), block_of))
    ordered = problem.attributes[order]
    single = problem.attributes[~dense_of]
    repeats = counts[single]
    ends = np.cumsum(repeats)
    within = np.arange(int(repeats.sum())) - np.repeat(ends - repeats, repeats)
    sparse = np.repeat(problem.feature_starts[single], repeats) + within
    single_of = np.where(dense_of, 0, counts[problem.attributes]).sum(axis=1)
    most = int(np.diff(problem.starts[blocks]).max(initial=1))
    size = int(wide.sum()) * width
    return Scratch(
        blocks,
        own[order].astype(np.int32),
        rows[ordered[wide[ordered]]].astype(np.int32),
        _starts(dense_of.sum(axis=1)[order]),
        sparse.astype(np.int32),
        (np.repeat(own, single_of) + problem.feature_tags[sparse]).astype(np.int32),
        _starts(single_of)[problem.starts],
        cells.astype(np.int32),
        celled.astype(np.int32),
        _aligned(len(problem.feature_tags), 0.0),
        _aligned(size, 1.0),
        _aligned(size, 0.0),
        _aligned(width * width, 0.0),
        _aligned(width * width, 0.0),
        _aligned(width * width, 0.0),
        _aligned(width * width, 1.0),
        _aligned(most * width, 0.0),
        _aligned(most * width, 0.0),
        _aligned(most * width, 0.0),
        _aligned(width, 0.0),
        _aligned(width, 0.0),
        np.ones(most),
        width,
    )


def _starts(counts: NDArray[np.integer]) -> Integers:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def _blocks(starts: NDArray[np.int64]) -> Integers:
    """Divide sequences into blocks that end with the first sequence by which they have TOKENS tokens."""
    blocks, first = [0], 0
    for n, start in enumerate(starts.tolist()):
        if start - first >= TOKENS:
            blocks.append(n)
            first = start
    if blocks[-1] != len(starts) - 1:
        blocks.append(len(starts) - 1)
    return np.array(blocks, dtype=np.int32)


def _aligned(size: int, value: float) -> Floats:
    """Allocate float64 (size,) on a border of cache lines, which vectors then do not cross."""
    line = 64
    memory = np.empty(size * 8 + line, dtype=np.uint8)
    start = -memory.ctypes.data % line
    found = memory[start : start + size * 8].view(np.float64)
    found[:] = value
    return found
