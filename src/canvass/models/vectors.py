"""Vector operations that models share: on arrays, and on rows of LANES numbers in vector registers."""

from __future__ import annotations

import math
from typing import Any

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
    multiply_add,
    store_vector,
    struct_proxy,
    transpose,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CACHE_LINE = 64  # bytes
SMALLEST = -707.0
ROUNDING = 1.5 * 2.0**52
LOG2_E = 1.4426950408889634
LOG_2, LOG_2_REST = (
    6.93147180369123816490e-01,
    1.90821492927058770002e-10,
)  # the former has 21 zeros at its end
ONE = 1023 << 52  # the bits of 1.0
SERIES = tuple(1.0 / math.factorial(k) for k in range(14))


@compiled
def dot(left: Floats, right: Floats) -> float:
    """Return the inner product of two float64 (n,).

    Four interleaved sums, because the additions of a single one wait for each other. Their order is the same on every
    processor, which that of BLAS is not.
    """
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = len(left) // 4
    for k in range(whole):
        i = 4 * k
        a += left[i] * right[i]
        b += left[i + 1] * right[i + 1]
        c += left[i + 2] * right[i + 2]
        d += left[i + 3] * right[i + 3]
    for i in range(4 * whole, len(left)):
        a += left[i] * right[i]
    return (a + c) + (b + d)


def aligned(rows: int, columns: int) -> Floats:
    """Allocate float64 (rows, columns) from the start of a cache line, without initialising it."""
    memory = np.empty(rows * columns * 8 + CACHE_LINE, dtype=np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + rows * columns * 8].view(np.float64).reshape(rows, columns)


def padded(count: int) -> int:
    """Round up to a multiple of LANES."""
    return -(-count // LANES) * LANES


def data_of(context: Any, builder: Any, signature: Any, arguments: Any, *places: int) -> list[Any]:
    """Point to the first items of the arrays at these places of the arguments."""
    return [struct_proxy(signature.args[k])(context, builder, arguments[k]).data for k in places]


def _turn(*, to_lanes: bool) -> Any:
    """Make the instruction that copies from token by token to lane by lane, or back."""

    @instruction
    def turn(_context: Any, rows: Any, cells: Any, _at: Any) -> Any:
        """Copy rows[lane, j], float64 (LANES, P), to cells[at + j, lane], float64 (any, LANES), or back, for all j < P.

        P is a multiple of LANES; there is no check of bounds.
        """

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            table, tile = data_of(context, builder, signature, arguments, 0, 1)
            shape = struct_proxy(signature.args[0])(context, builder, arguments[0]).shape
            width = builder.extract_value(shape, 1)
            tile = builder.gep(tile, [builder.mul(arguments[2], WORD(LANES))])
            with loop(builder, WORD(0), width, WORD(LANES), intp=WORD) as (j, _):
                at_rows = [builder.add(builder.mul(width, WORD(lane)), j) for lane in range(LANES)]
                at_tile = [builder.mul(builder.add(j, WORD(tag)), WORD(LANES)) for tag in range(LANES)]
                source, target = ((table, at_rows), (tile, at_tile))[:: 1 if to_lanes else -1]
                vectors = [load_vector(builder, source[0], at) for at in source[1]]
                for vector, at in zip(transpose(builder, vectors), target[1], strict=True):
                    store_vector(builder, vector, target[0], at)
            return context.get_dummy_value()

        return types.void(rows, cells, types.int64), generate

    return turn


turn_to_lanes, turn_to_rows = _turn(to_lanes=True), _turn(to_lanes=False)


def exponential(builder: Any, vector: Any) -> Any:
    """Compute exp of LANES numbers, about 1e-307 where it is less; bits depend neither on the place nor the processor.

    exp(x) = 2^k exp(r) with the whole k nearest to x / log 2; |r| <= log(2) / 2, for which the series up to r^13 is
    right to the last bit but one. Adding ROUNDING leaves k in the lowest bits of a float64, from where it is shifted to
    those of the exponent.
    """

    def all_lanes(number: float) -> Any:
        return ir.Constant(VECTOR, [number] * LANES)

    lowest, words = all_lanes(SMALLEST), ir.VectorType(WORD, LANES)
    value = builder.select(builder.fcmp_ordered(">", vector, lowest), vector, lowest)
    shifted = multiply_add(builder, value, all_lanes(LOG2_E), all_lanes(ROUNDING))
    k = builder.fsub(shifted, all_lanes(ROUNDING))
    r = multiply_add(builder, k, all_lanes(-LOG_2), value)
    r = multiply_add(builder, k, all_lanes(-LOG_2_REST), r)
    power = all_lanes(SERIES[-1])
    for coefficient in SERIES[-2::-1]:
        power = multiply_add(builder, r, power, all_lanes(coefficient))
    bits = builder.shl(builder.bitcast(shifted, words), ir.Constant(words, [52] * LANES))
    bits = builder.add(bits, ir.Constant(words, [ONE] * LANES))
    return builder.fmul(power, builder.bitcast(bits, VECTOR))


@instruction
def exponentiate(_context: Any, values: Any) -> Any:
    """Replace values, float64 (n,), contiguous, by exp of them."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = struct_proxy(signature.args[0])(context, builder, arguments[0])
        whole = builder.and_(array.nitems, WORD(-LANES))
        with loop(builder, WORD(0), whole, WORD(LANES), intp=WORD) as (i, _):
            store_vector(builder, exponential(builder, load_vector(builder, array.data, i)), array.data, i)
        rest = allocate(builder, VECTOR)
        builder.store(ir.Constant(VECTOR, [0.0] * LANES), rest)
        numbers = builder.bitcast(rest, array.data.type)
        with loop(builder, whole, array.nitems, WORD(1), intp=WORD) as (i, _):
            lane = builder.gep(numbers, [builder.sub(i, whole)])
            builder.store(builder.load(builder.gep(array.data, [i])), lane)
        builder.store(exponential(builder, builder.load(rest)), rest)
        with loop(builder, whole, array.nitems, WORD(1), intp=WORD) as (i, _):
            lane = builder.gep(numbers, [builder.sub(i, whole)])
            builder.store(builder.load(lane), builder.gep(array.data, [i]))
        return context.get_dummy_value()

    return types.void(values), generate


@instruction
def exponentiate_rows(_context: Any, cells: Any, _first: Any, _last: Any, heights: Any, _cell: Any) -> Any:
    """Replace the rows first:last of `cells`, float64 (any, LANES), by exp(row - largest row).

    The largest is written to row `_cell` of `heights`.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data, out = data_of(context, builder, signature, arguments, 0, 3)
        top = allocate(builder, VECTOR)
        builder.store(load_vector(builder, data, builder.mul(arguments[1], WORD(LANES))), top)
        with loop(builder, arguments[1], arguments[2], WORD(1), intp=WORD) as (row, _):
            vector, held = load_vector(builder, data, builder.mul(row, WORD(LANES))), builder.load(top)
            builder.store(builder.select(builder.fcmp_ordered(">", vector, held), vector, held), top)
        whole = builder.load(top)
        with loop(builder, arguments[1], arguments[2], WORD(1), intp=WORD) as (row, _):
            at = builder.mul(row, WORD(LANES))
            relative = builder.fsub(load_vector(builder, data, at), whole)
            store_vector(builder, exponential(builder, relative), data, at)
        store_vector(builder, whole, out, builder.mul(arguments[4], WORD(LANES)))
        return context.get_dummy_value()

    return types.void(cells, types.int64, types.int64, heights, types.int64), generate


@instruction
def add_row(_context: Any, source: Any, _from: Any, target: Any, _to: Any) -> Any:
    """Add row `_from` of `source` to row `_to` of `target`, float64 (any, P); P is a multiple of LANES."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        own, total = data_of(context, builder, signature, arguments, 0, 2)
        shape = struct_proxy(signature.args[0])(context, builder, arguments[0]).shape
        width = builder.extract_value(shape, 1)
        own = builder.gep(own, [builder.mul(arguments[1], width)])
        total = builder.gep(total, [builder.mul(arguments[3], width)])
        with loop(builder, WORD(0), width, WORD(LANES), intp=WORD) as (j, _):
            vector = builder.fadd(load_vector(builder, total, j), load_vector(builder, own, j))
            store_vector(builder, vector, total, j)
        return context.get_dummy_value()

    return types.void(source, types.int64, target, types.int64), generate
