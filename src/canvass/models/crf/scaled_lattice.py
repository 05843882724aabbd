"""The lattice of a linear-chain CRF in products instead of sums: best path and probability in one pass.

`lattice` adds scores and takes exponentials of them, token by token. Here exponentials are taken once, when a model
is packed: every attribute has a row of factors exp(weight - largest weight of the row), every transition a factor,
and a token is the product of its rows. Then
    sums_t[j]  = factors_t[j] * sum_i sums_{t-1}[i] * transitions[i, j]
    bests_t[j] = factors_t[j] * max_i bests_{t-1}[i] * transitions[i, j]
and p(best path) = max_j bests_T[j] / sum_j sums_T[j]: whatever was divided out stands in both, and only the end takes
a logarithm. `lattice_reference` is the specification of both.

* The range. No factor exceeds 1, and the product of the smallest ones of a step is at least e^-REACH = 2^-433 (a
  model that reaches further is left to `lattice`). The largest of a row contributes to each element of the next, so
  that two elements of a row never differ by more than that, and one tells the size of all. Where it leaves
  2^-200 .. 2^200 the row is multiplied by a power of two, which is exact, and counted. What rounds to zero
  on the way is then below 2^-400 of what it is added to.
* Rows are padded to a multiple of LANES tags (factors 1, transitions 0), so that there is no remainder. `advance`
  is written in the vector instructions of LLVM: eight tags at a time, sums and maxima in registers. Each element is
  computed by the same operations in the same order on every processor, wide vectors or not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from canvass.compiled import compiled
from canvass.machine import instruction, struct_proxy
from canvass.models.vectors import aligned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LANES = 8
ROWS = 7  # whose product a token's factors are
REACH = 300.0
STEP = 200
SMALL, LARGE = 2.0**-STEP, 2.0**STEP
LOG_LARGE = STEP * math.log(2.0)

NUMBER, VECTOR = ir.IntType(64), ir.VectorType(ir.DoubleType(), LANES)
# numba ships no types for these.
allocate: Any = cgutils.alloca_once
loop: Any = cgutils.for_range_slice


class Factors(NamedTuple):
    """The transitions of a model as factors, packed by `pack_factors`; P is L rounded up to a multiple of LANES.

    `transitions` and `start`, float64 (P, P) and (2, P), from tag i to tag j, and into the first token; `tags` is L.
    """

    transitions: Floats
    start: Floats
    tags: int


def padded(tags: int) -> int:
    """Round a number of tags up to a multiple of LANES."""
    return -(-tags // LANES) * LANES


def pack_factors(transitions: Floats) -> Factors:
    """Pack finite transition scores, (L, L) with L >= 1, from tag i to tag j."""
    tags = len(transitions)
    largest = float(transitions.max())
    packed = aligned(padded(tags), padded(tags))
    packed[:] = 0.0
    packed[:tags, :tags] = [[math.exp(score - largest) for score in row] for row in transitions.tolist()]
    start = aligned(2, padded(tags))
    start[:] = 0.0
    start[0, :tags] = 1.0
    return Factors(packed, start, tags)


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
def advance(
    _context: Any,
    cells: Any,
    _before: Any,
    _after: Any,
    _count: Any,
    transitions: Any,
    own: Any,
    table: Any,
    rows: Any,
    _token: Any,
) -> Any:
    """Go from one token to the next; all arrays are contiguous, and there is no check of any bound.

    `cells`, float64 (any, 2P): each row sums, then bests; row `_before`, int64, is read, row `_after` written. The
    first `_count`, int64, of both kinds are gone through, and one more if that is odd. `transitions`, float64 (any,
    P). The factors of `_token`, int64, are the product of one row of `own` and others of `table`, both float64 (any,
    P), from left to right; `rows[_token]`, int64 (ROWS,), holds their numbers. Sums take two tags at a time.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = [struct_proxy(signature.args[k])(context, builder, arguments[k]) for k in (0, 4, 5, 6, 7)]
        all_cells, weights, products, factors, numbers = (array.data for array in arrays)
        width = builder.extract_value(arrays[1].shape, 1)
        _, before_row, after_row, count, *_, token = arguments
        twice = builder.shl(width, NUMBER(1))
        from_, to = (builder.gep(all_cells, [builder.mul(row, twice)]) for row in (before_row, after_row))
        numbers = builder.gep(numbers, [builder.mul(token, NUMBER(ROWS))])
        places = [builder.mul(builder.load(builder.gep(numbers, [NUMBER(k)])), width) for k in range(ROWS)]

        def vector(base: Any, at: Any) -> Any:
            place = builder.bitcast(builder.gep(base, [at]), VECTOR.as_pointer())
            load = builder.load(place)
            load.align = 8
            return load

        def spread(base: Any, at: Any) -> Any:
            scalar = builder.load(builder.gep(base, [at]))
            one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), scalar, ir.IntType(32)(0))
            lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
            return builder.shuffle_vector(one, ir.Constant(VECTOR, ir.Undefined), lanes)

        def larger(one: Any, other: Any) -> Any:
            return builder.select(builder.fcmp_ordered(">", one, other), one, other)

        def store(found: Any, base: Any, at: Any) -> None:
            place = builder.bitcast(builder.gep(base, [at]), VECTOR.as_pointer())
            builder.store(found, place, align=8)

        total, best = (allocate(builder, VECTOR) for _ in range(2))
        with loop(builder, NUMBER(0), width, NUMBER(LANES), intp=NUMBER) as (j, _):
            product = vector(products, builder.add(places[0], j))
            for place in places[1:]:
                product = builder.fmul(product, vector(factors, builder.add(place, j)))
            for held in (total, best):
                builder.store(ir.Constant(VECTOR, [0.0] * LANES), held)
            with loop(builder, NUMBER(0), count, NUMBER(2), intp=NUMBER) as (i, _):
                added, highest = [], []
                for k in range(2):
                    tag = builder.add(i, NUMBER(k))
                    weight = vector(weights, builder.add(builder.mul(tag, width), j))
                    added.append(builder.fmul(spread(from_, tag), weight))
                    highest.append(builder.fmul(spread(from_, builder.add(tag, width)), weight))
                builder.store(builder.fadd(builder.load(total), builder.fadd(*added)), total)
                builder.store(larger(larger(*highest), builder.load(best)), best)
            store(builder.fmul(builder.load(total), product), to, j)
            store(builder.fmul(builder.load(best), product), to, builder.add(j, width))
        return context.get_dummy_value()

    signature = types.void(cells, *(types.int64,) * 3, transitions, own, table, rows, types.int64)
    return signature, generate


@compiled
def rescale(cells: Floats, row: int, low: int, high: int) -> int:
    """Bring cells[row, low:high] into range by powers of 2^STEP; returns how often they were divided by that."""
    times, scale = 0, 1.0
    while cells[row, low] * scale < SMALL:
        scale *= LARGE
        times -= 1
    while cells[row, low] * scale > LARGE:
        scale *= SMALL
        times += 1
    for j in range(low, high):
        cells[row, j] *= scale
    return times


def start_cells(width: int, kept: int) -> Floats:
    """Allocate scratch for `log_of_best`, float64 (kept + 1, 2P): the first token is reached from the last row.

    Of the rows of the tokens the latest `kept` stay, at least 2; `trace_back` needs those of all tokens.
    """
    cells = np.zeros((kept + 1, 2 * width))
    cells[kept, 0] = 1.0
    cells[kept, width] = 1.0
    return cells


@compiled
def log_of_best(
    factors: Factors, own: Floats, table: Floats, rows: NDArray[np.int64], length: int, cells: Floats
) -> float:
    """Return the log probability of the best path, at most 0, of T >= 1 tokens.

    The factors of token t are given by `rows[t]`, int64 (>= T, ROWS), as for `advance`; `cells` is what `start_cells`
    made. The row of token t is row t of the cells, modulo the number of rows that are kept.
    """
    width = own.shape[1]
    kept = len(cells) - 1
    divided = 0  # how often more the bests were divided by 2^STEP than the sums
    advance(cells, kept, 0, 1, factors.start, own, table, rows, 0)
    after = 0
    for t in range(length):
        if t > 0:
            before = after
            after = before + 1 if before + 1 < kept else 0
            advance(cells, before, after, factors.tags, factors.transitions, own, table, rows, t)
        # The first of each kind tells, and hardly ever says that there is anything to do.
        total, best = cells[after, 0], cells[after, width]
        if total < SMALL or total > LARGE or best < SMALL or best > LARGE:
            divided += rescale(cells, after, width, 2 * width) - rescale(cells, after, 0, width)
    total, best = 0.0, 0.0
    for j in range(factors.tags):
        total += cells[after, j]
        best = max(best, cells[after, width + j])
    return min(0.0, math.log(best / total) + divided * LOG_LARGE)


@compiled
def trace_back(factors: Factors, length: int, cells: Floats, path: NDArray[np.int32], first: int) -> None:
    """Write the best path of `log_of_best`, whose cells kept all T >= 1 tokens, to path[first:], int32 (>= T,).

    A row that was rescaled is a multiple of what it was, so that its largest stays where it is. Of equal products the
    smallest tag wins.
    """
    width = len(factors.transitions)
    for t in range(length - 1, -1, -1):
        highest, tag = -1.0, 0
        for i in range(factors.tags):
            product = cells[t, width + i]
            if t < length - 1:
                product *= factors.transitions[i, path[first + t + 1]]
            if product > highest:
                highest, tag = product, i
        path[first + t] = tag


class Best(NamedTuple):
    """The best path, int32 (T,), and its log probability, at most 0."""

    path: NDArray[np.int32]
    log_probability: float


def best_path(state: Floats, transitions: Floats, *, kept: int | None = None) -> Best:
    """Find the best path and its log probability: state scores (T, L), T >= 1, and transition scores (L, L).

    The largest differences within a row of states, and within all transitions, must add up to at most REACH. With
    fewer than T rows `kept` the path is all zeros.

    >>> best_path(np.array([[0.0, 0.0]]), np.zeros((2, 2))).log_probability == math.log(0.5)
    True
    """
    factors, length = pack_factors(transitions), len(state)
    table = aligned(length + 1, padded(factors.tags))
    fill_factors(np.ascontiguousarray(state), table)
    rows = np.full((length, ROWS), length)
    rows[:, 0] = np.arange(length)
    path = np.zeros(length, dtype=np.int32)
    kept = max(2, length if kept is None else kept)
    cells = start_cells(table.shape[1], kept)
    found = log_of_best(factors, table, table, rows, length, cells)
    if kept >= length:
        trace_back(factors, length, cells, path, 0)
    return Best(path, found)
