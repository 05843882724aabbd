"""The lattice of a linear-chain CRF in products instead of sums, eight sequences at a time.

`lattice` adds scores and takes exponentials of them, token by token. Here exponentials are taken once, when a model
is packed: every attribute has a row of factors exp(weight - largest weight of the row), every transition a factor
m[i, j] = exp(weight), and a token is the product of its rows. Then
    sums_t[j]  = factors_t[j] * sum_i sums_{t-1}[i] * m[i, j]
    bests_t[j] = factors_t[j] * max_i bests_{t-1}[i] * m[i, j]
and p(best path) = max_j bests_T[j] / sum_j sums_T[j]: whatever was divided out stands in both, and only the end takes
a logarithm. `reference` is the specification of both.

* Pairs without a weight have the factor 1. The sum is that over all tags, corrected for the pairs that have one, as
  `transitions` explains. The maximum is that over all tags, and the products of the listed pairs; only pairs with a
  factor below 1 must not take part in the former. So for every set of tags that some tag must leave out, the maximum
  over all others is put together from those of halves, quarters, eighths ... of the tags, which are computed once a
  token: O(L + pairs log L) in all, and mostly few.
* Vectors hold the same tag of LANES sequences, so that there is no sum or maximum within a vector, and an element is
  computed by the same operations in the same order on every processor, and in any company. Sequences that end early
  repeat their last token.
* The range. Between them the factors of a step differ by at most e^REACH = 2^433 (a model that reaches further is
  left to `lattice`). The largest of the tags contributes to each of the next token's, so that two of a token never
  differ by more than that, and one tells the size of all. Where it leaves 2^-128 .. 2^128 all are multiplied by a
  power of two, which is exact, and counted. So all are below 2^(128 + 433), and 2^(128 + 2 * 433) after a step, which
  is within float64. What rounds to zero on the way is below 2^-400 of what it is added to.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from canvass.compiled import compiled
from canvass.machine import (
    LANES,
    VECTOR,
    WORD,
    allocate,
    instruction,
    load_vector,
    loop,
    spread_number,
    store_vector,
    struct_proxy,
    transpose,
)
from canvass.models.crf.transitions import pack_matrix
from canvass.models.vectors import Floats, Integers, aligned, padded

ROWS = 9  # whose product a token's factors are
REACH = 300.0
STEP = 128
SMALL, LARGE = 2.0**-STEP, 2.0**STEP
LOG_LARGE = STEP * math.log(2.0)


class Factors(NamedTuple):
    """The transitions of a model as factors, packed by `pack_factors`, by the tag to which they lead.

    * `starts`, `sources`, `excess`, `factors`: the pairs to tag j are starts[j]:starts[j + 1], int64 (L + 1,): the tags
      from which they come, int64 (R,), and float64 (R,) the factors, less base[j] and as they are.
    * `base`: float64 (L,): the factor of all other pairs in the sum, 1 or 0.
    * `group_starts`, `group_members`: group g is the maximum over group_members[group_starts[g]:group_starts[g + 1]],
      int64: below L tags, then groups, of which number L + g is this one. Each has only groups before it.
    * `arrivals`: int64 (L,): the tag or group of those from which tag j is reached with a factor of at least 1.
    * `matrix`: float64 (L, L): the factor of each pair, from tag to tag.
    """

    starts: Integers
    sources: Integers
    excess: Floats
    factors: Floats
    base: Floats
    group_starts: Integers
    group_members: Integers
    arrivals: Integers
    matrix: Floats


class Half(NamedTuple):
    """A node of the tree of tags: its number as of a tag or a group, the set of its tags as bits, and its halves."""

    number: int
    tags: int
    halves: tuple[Half, ...]


class Scratch(NamedTuple):
    """Memory of `find_log_probabilities`: float64 (any, LANES), (P, LANES) and (LANES,)."""

    cells: Floats
    token: Floats
    divided: Floats


def pack_factors(scores: Floats) -> Factors:
    """Pack finite transition scores, (L, L) with L >= 1, from tag i to tag j, at most REACH apart, 0 included."""
    count = len(scores)
    # Not np.exp, whose last bit may depend on the place in the array.
    matrix = np.array([[math.exp(score) for score in row] for row in scores.tolist()])
    sources, targets, excess, base = pack_matrix(scores)
    order = np.lexsort((sources, targets))
    sources, targets = sources[order], targets[order]
    groups: list[list[int]] = []

    def divide(first: int, last: int) -> Half:
        if last - first == 1:
            return Half(first, 1 << first, ())
        middle = (first + last) // 2
        halves = divide(first, middle), divide(middle, last)
        groups.append([half.number for half in halves])
        return Half(count + len(groups) - 1, halves[0].tags | halves[1].tags, halves)

    def without(half: Half, tags: int) -> list[int]:
        if not half.tags & tags:
            return [half.number]
        return [number for part in half.halves for number in without(part, tags)]

    root = divide(0, count)
    arrivals: dict[int, int] = {}
    numbers = []
    lowered = np.where(base == 0.0, True, scores < 0.0)
    for column in lowered.T:
        tags = sum(1 << tag for tag in np.flatnonzero(column).tolist())
        if tags not in arrivals:
            members = without(root, tags)
            if len(members) != 1:
                groups.append(members)
            arrivals[tags] = members[0] if len(members) == 1 else count + len(groups) - 1
        numbers.append(arrivals[tags])
    return Factors(
        np.searchsorted(targets, np.arange(count + 1)),
        sources.astype(np.int64),
        excess[order],
        matrix[sources, targets],
        base,
        np.cumsum([0, *map(len, groups)]),
        np.array([number for members in groups for number in members], dtype=np.int64),
        np.array(numbers),
        matrix,
    )


def make_scratch(factors: Factors, kept: int) -> Scratch:
    """Allocate scratch; `trace_back` needs as many tokens `kept` as a sequence has, others 2."""
    tags = len(factors.base)
    height = 2 * tags + len(factors.group_starts) - 1
    return Scratch(aligned(kept * height, LANES), aligned(padded(tags), LANES), np.zeros(LANES))


@compiled
def fill_factors(state: Floats, factors: Floats) -> float:
    """Write the factors of each row of weights, float64 (A, L), and after them a row of ones: (A + 1, P).

    Returns the largest difference within a row.
    """
    widest = 0.0
    for row in range(len(factors)):
        for j in range(factors.shape[1]):
            factors[row, j] = 1.0
    for row in range(len(state)):
        largest, smallest = state[row, 0], state[row, 0]
        for j in range(1, state.shape[1]):
            largest, smallest = max(largest, state[row, j]), min(smallest, state[row, j])
        widest = max(widest, largest - smallest)
        for j in range(state.shape[1]):
            if state[row, j] != largest:
                factors[row, j] = math.exp(state[row, j] - largest)
    return widest


@instruction
def multiply(_context: Any, own: Any, table: Any, rows: Any, _token: Any, factors: Any) -> Any:
    """Write the factors of a token of LANES sequences to `factors`, float64 (P, LANES); there is no check of bounds.

    They are the product of one row of `own` and others of `table`, both float64 (any, P), from left to right;
    `rows[_token]`, int64 (LANES, ROWS), holds their numbers.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = [struct_proxy(signature.args[k])(context, builder, arguments[k]) for k in (0, 1, 2, 4)]
        products, table_data, numbers, out = (array.data for array in arrays)
        width = builder.extract_value(arrays[0].shape, 1)
        numbers = builder.gep(numbers, [builder.mul(arguments[3], WORD(LANES * ROWS))])
        places = [
            [
                builder.mul(builder.load(builder.gep(numbers, [WORD(lane * ROWS + k)])), width)
                for k in range(ROWS)
            ]
            for lane in range(LANES)
        ]
        with loop(builder, WORD(0), width, WORD(LANES), intp=WORD) as (j, _):
            vectors = []
            for first, *others in places:
                product = load_vector(builder, products, builder.add(first, j))
                for place in others:
                    product = builder.fmul(product, load_vector(builder, table_data, builder.add(place, j)))
                vectors.append(product)
            for tag, vector in enumerate(transpose(builder, vectors)):
                place = builder.mul(builder.add(j, WORD(tag)), WORD(LANES))
                store_vector(builder, vector, out, place)
        return context.get_dummy_value()

    return types.void(own, table, rows, types.int64, factors), generate


@instruction
def advance(
    _context: Any,
    cells: Any,
    _before: Any,
    _after: Any,
    token: Any,
    starts: Any,
    sources: Any,
    excess: Any,
    weights: Any,
    base: Any,
    group_starts: Any,
    group_members: Any,
    arrivals: Any,
) -> Any:
    """Go from one token to the next; all arrays are contiguous, and there is no check of any bound.

    `cells`, float64 (any, LANES): from row `_before` on L rows of sums, L of bests, and one for each group, which is
    written here; from `_after` on the sums and bests of the next token, whose factors are `token`, float64 (>= L,
    LANES). The others are of `Factors`.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        places = (0, *range(3, 12))
        arrays = [struct_proxy(signature.args[k])(context, builder, arguments[k]) for k in places]
        data, factors, firsts, from_, more, products, bases, group_firsts, members, arriving = (
            array.data for array in arrays
        )
        tags = builder.extract_value(arrays[6].shape, 0)
        groups = builder.sub(builder.extract_value(arrays[7].shape, 0), WORD(1))
        sums, bests, new_sums = (
            builder.gep(data, [builder.mul(row, WORD(LANES))])
            for row in (arguments[1], builder.add(arguments[1], tags), arguments[2])
        )
        new_bests = builder.gep(new_sums, [builder.mul(tags, WORD(LANES))])
        total, best = (allocate(builder, VECTOR) for _ in range(2))

        def row(number: Any) -> Any:
            return builder.mul(number, WORD(LANES))

        def at(array: Any, number: Any) -> Any:
            return builder.load(builder.gep(array, [number]))

        def bounds(array: Any, number: Any) -> tuple[Any, Any]:
            return at(array, number), at(array, builder.add(number, WORD(1)))

        def raise_best(vector: Any) -> None:
            held = builder.load(best)
            builder.store(builder.select(builder.fcmp_ordered(">", vector, held), vector, held), best)

        with loop(builder, WORD(0), groups, WORD(1), intp=WORD) as (group, _):
            builder.store(ir.Constant(VECTOR, [0.0] * LANES), best)
            first, last = bounds(group_firsts, group)
            with loop(builder, first, last, WORD(1), intp=WORD) as (k, _):
                raise_best(load_vector(builder, bests, row(at(members, k))))
            store_vector(builder, builder.load(best), bests, row(builder.add(tags, group)))
        builder.store(ir.Constant(VECTOR, [0.0] * LANES), total)
        with loop(builder, WORD(0), tags, WORD(1), intp=WORD) as (i, _):
            builder.store(builder.fadd(builder.load(total), load_vector(builder, sums, row(i))), total)
        whole = builder.load(total)
        with loop(builder, WORD(0), tags, WORD(1), intp=WORD) as (j, _):
            builder.store(builder.fmul(spread_number(builder, bases, j), whole), total)
            builder.store(load_vector(builder, bests, row(at(arriving, j))), best)
            first, last = bounds(firsts, j)
            with loop(builder, first, last, WORD(1), intp=WORD) as (k, _):
                source = row(at(from_, k))
                added = builder.fmul(load_vector(builder, sums, source), spread_number(builder, more, k))
                builder.store(builder.fadd(builder.load(total), added), total)
                raise_best(
                    builder.fmul(load_vector(builder, bests, source), spread_number(builder, products, k))
                )
            factor = load_vector(builder, factors, row(j))
            store_vector(builder, builder.fmul(builder.load(total), factor), new_sums, row(j))
            store_vector(builder, builder.fmul(builder.load(best), factor), new_bests, row(j))
        return context.get_dummy_value()

    signature = types.void(
        cells, types.int64, types.int64, token, starts, sources, excess, weights, base, group_starts, group_members,
        arrivals,
    )  # fmt: skip
    return signature, generate


@compiled
def rescale(cells: Floats, first: int, last: int, lane: int) -> int:
    """Bring cells[first:last, lane] into range by powers of 2^STEP; returns how often they were divided by that."""
    times, scale = 0, 1.0
    while 0.0 < cells[first, lane] * scale < SMALL:
        scale *= LARGE
        times -= 1
    while cells[first, lane] * scale > LARGE:
        scale *= SMALL
        times += 1
    for row in range(first, last):
        cells[row, lane] *= scale
    return times


@compiled
def find_log_probabilities(
    factors: Factors,
    own: Floats,
    table: Floats,
    rows: Integers,
    lengths: Integers,
    scratch: Scratch,
    log_probability: Floats,
) -> None:
    """Find the log probability, at most 0, of the best paths of LANES sequences of T >= 1 tokens each.

    Writes `log_probability`, float64 (LANES,). The factors of their tokens are given by `rows`, int64 (longest, LANES,
    ROWS), as for `multiply`; `lengths`, int64 (LANES,). The cells of token t begin with row t times their height,
    modulo the number of tokens that are kept.
    """
    cells, token, divided = scratch
    tags = len(factors.base)
    height = 2 * tags + len(factors.group_starts) - 1
    longest, after = 0, 0
    for lane in range(LANES):
        divided[lane] = 0.0  # how often more the bests were divided by 2^STEP than the sums
        longest = max(longest, lengths[lane])
    for t in range(longest):
        multiply(own, table, rows, t, token)
        if t == 0:
            for j in range(tags):
                for lane in range(LANES):
                    cells[j, lane] = token[j, lane]
                    cells[tags + j, lane] = token[j, lane]
        else:
            before = after
            after = before + height if before + 2 * height <= len(cells) else 0
            advance(
                cells, before, after, token, factors.starts, factors.sources, factors.excess, factors.factors,
                factors.base, factors.group_starts, factors.group_members, factors.arrivals,
            )  # fmt: skip
        bests = after + tags
        for lane in range(LANES):
            # The first of each kind tells, and hardly ever says that there is anything to do.
            total, best = cells[after, lane], cells[bests, lane]
            if total < SMALL or total > LARGE or best < SMALL or best > LARGE:
                divided[lane] += rescale(cells, bests, bests + tags, lane) - rescale(
                    cells, after, bests, lane
                )
            if t == lengths[lane] - 1:
                total, best = 0.0, 0.0
                for j in range(tags):
                    total += cells[after + j, lane]
                    best = max(best, cells[bests + j, lane])
                log_probability[lane] = min(0.0, math.log(best / total) + divided[lane] * LOG_LARGE)


@compiled
def trace_back(
    factors: Factors, cells: Floats, lane: int, length: int, path: NDArray[np.int32], first: int
) -> None:
    """Write the best path of a lane, whose cells kept all T >= 1 tokens, to path[first:], int32 (>= T,).

    Tokens that were rescaled are multiples of what they were, so that their largest stays where it is. Of equal
    products the smallest tag wins.
    """
    tags = len(factors.base)
    height = 2 * tags + len(factors.group_starts) - 1
    for t in range(length - 1, -1, -1):
        highest, tag = -1.0, 0
        for i in range(tags):
            product = cells[t * height + tags + i, lane]
            if t < length - 1:
                product *= factors.matrix[i, path[first + t + 1]]
            if product > highest:
                highest, tag = product, i
        path[first + t] = tag
