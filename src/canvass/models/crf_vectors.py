"""Sums and products of rows of float64, eight columns at a time in registers: what training a CRF spends its time on.

Written in the vector instructions of LLVM. Every element is computed by the same operations in the same order on
every processor, wide vectors or not. There is no check of any bound. All arrays are contiguous, and are addressed by
the number of an item from the first; a row has `width` columns, a multiple of LANES.
"""

# ruff: noqa: PLR0917 - kernels hand over plain arrays
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from canvass.machine import instruction, struct_proxy

if TYPE_CHECKING:
    from collections.abc import Callable

LANES = 8
BLOCK = 4  # vectors that are computed together at most; two sums of each fit the registers of most processors

NUMBER, INDEX, VECTOR = ir.IntType(64), ir.IntType(32), ir.VectorType(ir.DoubleType(), LANES)
FLOATS, NUMBERS = ir.DoubleType().as_pointer(), INDEX.as_pointer()
# numba ships no types for these.
allocate: Any = cgutils.alloca_once_value
loop: Any = cgutils.for_range_slice


def _vector(builder: Any, base: Any, at: Any) -> Any:
    load = builder.load(builder.bitcast(builder.gep(base, [at]), VECTOR.as_pointer()))
    load.align = 8
    return load


def _store(builder: Any, vector: Any, base: Any, at: Any) -> None:
    builder.store(vector, builder.bitcast(builder.gep(base, [at]), VECTOR.as_pointer()), align=8)


def _spread(builder: Any, base: Any, at: Any) -> Any:
    undefined = ir.Constant(VECTOR, ir.Undefined)
    one = builder.insert_element(undefined, builder.load(builder.gep(base, [at])), INDEX(0))
    return builder.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(INDEX, LANES), None))


def _place(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    """Point to item `at` of an array."""
    return builder.gep(struct_proxy(array_type)(context, builder, array).data, [at])


def _call(builder: Any, name: str, arguments: list[Any], width: int, body: Callable[..., None]) -> None:
    """Call a function of this module; written at first: body(builder, arguments, first column, number of vectors).

    Calls hand over pointers: kernels hand over seven words for each array. The columns are gone through BLOCK vectors
    at a time, and then those that are left together; `width` is the position of their number.
    """
    name = f"canvass_crf_{name}"
    function = builder.module.globals.get(name)
    if function is None:
        kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
        function = ir.Function(builder.module, kind, name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        inner = ir.IRBuilder(function.append_basic_block("entry"))
        columns = function.args[width]
        block = NUMBER(BLOCK * LANES)
        whole = inner.mul(inner.udiv(columns, block), block)
        with loop(inner, NUMBER(0), whole, block, intp=NUMBER) as (column, _):
            body(inner, function.args, column, BLOCK)
        end = function.append_basic_block("end")
        choice = inner.switch(inner.sub(columns, whole), end)
        for vectors in range(1, BLOCK):
            case = function.append_basic_block()
            choice.add_case(NUMBER(vectors * LANES), case)
            inner.position_at_end(case)
            body(inner, function.args, whole, vectors)
            inner.branch(end)
        inner.position_at_end(end)
        inner.ret_void()
    builder.call(function, arguments)


def _combine(builder: Any, arguments: Any, column: Any, vectors: int) -> None:
    weights, stride, count, rows, width, factors, out, others, products = arguments
    lanes = [builder.add(column, NUMBER(v * LANES)) for v in range(vectors)]
    zero = ir.Constant(VECTOR, [0.0] * LANES)
    sums = [[allocate(builder, zero) for _ in range(vectors)] for _ in range(2)]

    def add(k: Any, held: Any) -> None:
        weight = _spread(builder, weights, builder.mul(k, stride))
        row = builder.gep(rows, [builder.mul(k, width)])
        for lane, total in zip(lanes, held, strict=True):
            term = builder.fmul(weight, _vector(builder, row, lane))
            builder.store(builder.fadd(builder.load(total), term), total)

    even = builder.and_(count, NUMBER(-2))
    with loop(builder, NUMBER(0), even, NUMBER(2), intp=NUMBER) as (k, _):
        add(k, sums[0])
        add(builder.add(k, NUMBER(1)), sums[1])
    with loop(builder, even, count, NUMBER(1), intp=NUMBER) as (k, _):
        add(k, sums[0])
    for lane, one, other in zip(lanes, *sums, strict=True):
        total = builder.fadd(builder.load(one), builder.load(other))
        _store(builder, builder.fmul(total, _vector(builder, factors, lane)), out, lane)
        _store(builder, builder.fmul(total, _vector(builder, others, lane)), products, lane)


def _gather(builder: Any, arguments: Any, column: Any, vectors: int) -> None:
    places, low, high, table, row, _ = arguments
    lanes = [builder.add(column, NUMBER(v * LANES)) for v in range(vectors)]
    held = [allocate(builder, ir.Constant(VECTOR, [1.0] * LANES)) for _ in lanes]
    with loop(builder, low, high, NUMBER(1), intp=NUMBER) as (k, _):
        cells = builder.gep(table, [builder.sext(builder.load(builder.gep(places, [k])), NUMBER)])
        for lane, product in zip(lanes, held, strict=True):
            builder.store(builder.fmul(builder.load(product), _vector(builder, cells, lane)), product)
    for lane, product in zip(lanes, held, strict=True):
        _store(builder, builder.load(product), row, lane)


def _scatter(builder: Any, arguments: Any, column: Any, vectors: int) -> None:
    places, low, high, table, row, _ = arguments
    lanes = [builder.add(column, NUMBER(v * LANES)) for v in range(vectors)]
    added = [_vector(builder, row, lane) for lane in lanes]
    with loop(builder, low, high, NUMBER(1), intp=NUMBER) as (k, _):
        cells = builder.gep(table, [builder.sext(builder.load(builder.gep(places, [k])), NUMBER)])
        for lane, one in zip(lanes, added, strict=True):
            _store(builder, builder.fadd(_vector(builder, cells, lane), one), cells, lane)


@instruction
def combine(
    _context: Any,
    weights: Any, _first: Any, _stride: Any, _count: Any,
    rows: Any, _row: Any, _width: Any,
    factors: Any, _factor: Any, out: Any, _to: Any,
    others: Any, _other: Any, products: Any, _product: Any,
) -> Any:  # fmt: skip
    """Write out = factors * s and products = others * s; s sums weights[first + k * stride] * rows[k], k < count.

    Even and odd k are summed apart, each from the first to the last. `row`, `factor`, `to`, `other` and `product` are
    where these rows begin. What is written may not overlap with what is read, but be the row of factors or others.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = {
            k: _place(context, builder, signature.args[k], arguments[k], arguments[k + 1])
            for k in (0, 4, 7, 9, 11, 13)
        }
        handed = [place[0], *arguments[2:4], place[4], arguments[6], *(place[k] for k in (7, 9, 11, 13))]
        _call(builder, "combine", handed, 4, _combine)
        return context.get_dummy_value()

    number = types.int64
    return types.void(
        weights, number, number, number, rows, number, number,
        factors, number, out, number, others, number, products, number,
    ), generate  # fmt: skip


def _listed(name: str, body: Callable[..., None]) -> Callable[..., Any]:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        places = _place(context, builder, signature.args[0], arguments[0], NUMBER(0))
        table = _place(context, builder, signature.args[3], arguments[3], NUMBER(0))
        row = _place(context, builder, signature.args[4], arguments[4], arguments[5])
        _call(builder, name, [places, *arguments[1:3], table, row, arguments[6]], 5, body)
        return context.get_dummy_value()

    return generate


@instruction
def gather(
    _context: Any, places: Any, _low: Any, _high: Any, table: Any, row: Any, _at: Any, _width: Any
) -> Any:
    """Write the product of the rows of `table` that begin at places[low:high], int32, to the row at `at`."""
    number = types.int64
    kinds = types.void(places, number, number, table, row, number, number)
    return kinds, _listed("gather", _gather)


@instruction
def scatter(
    _context: Any, places: Any, _low: Any, _high: Any, table: Any, row: Any, _at: Any, _width: Any
) -> Any:
    """Add the row at `at` to the rows of `table` that begin at places[low:high], int32."""
    number = types.int64
    kinds = types.void(places, number, number, table, row, number, number)
    return kinds, _listed("scatter", _scatter)
