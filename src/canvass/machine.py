"""Machine instructions that numba has no words for: 64 bytes at a time, sums of rows, unaligned loads, counting bits.

They are given to LLVM as operations on vectors, which it turns into whatever the processor has (AVX-512, AVX2, SSE2
or NEON) without a change to any result. A caller sees to it that all bytes and rows it names are there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

CHUNK = 64  # bytes that are looked at together: one bit of a word for each


def instruction(typed: Callable[..., Any]) -> Any:
    """Make a typing function with its generator callable from kernels; type checkers see Any."""
    return intrinsic(typed)


tools: Any = cgutils  # numba has no types
struct_proxy: Any = cgutils.create_struct_proxy
BYTE, WORD, BYTES = ir.IntType(8), ir.IntType(64), ir.VectorType(ir.IntType(8), CHUNK)
PLACES_PER_COLUMN = 3
LANES = 8  # float64 of a vector
VECTOR = ir.VectorType(ir.DoubleType(), LANES)
allocate: Any = tools.alloca_once
loop: Any = tools.for_range_slice
# The three rounds that turn eight vectors of eight into their columns: how far apart the partners of a round stand, and
# what each takes of both.
TRANSPOSING = (
    (1, (0, 8, 2, 10, 4, 12, 6, 14), (1, 9, 3, 11, 5, 13, 7, 15)),
    (2, (0, 1, 8, 9, 4, 5, 12, 13), (2, 3, 10, 11, 6, 7, 14, 15)),
    (4, (0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15)),
)


def _data(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    """Point to the first item of an array."""
    return struct_proxy(array_type)(context, builder, array).data


def _load(builder: Any, place: Any, what: Any) -> Any:
    """Load a value of any type from any byte."""
    load = builder.load(builder.bitcast(place, what.as_pointer()))
    load.align = 1
    return load


def _chunk(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> tuple[Any, Any]:
    """Load the 64 bytes that hold data[at : at + 64] as far as it goes; returns them and how many stand before `at`."""
    items = struct_proxy(array_type)(context, builder, array)
    last = builder.sub(items.nitems, WORD(CHUNK))
    begin = builder.select(builder.icmp_signed("<", at, last), at, last)
    return _load(builder, builder.gep(items.data, [begin]), BYTES), builder.sub(at, begin)


def _in_all(builder: Any, value: Any) -> Any:
    """Repeat a byte 64 times."""
    undefined, number = ir.Constant(BYTES, ir.Undefined), ir.IntType(32)
    first = builder.insert_element(undefined, value, number(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(number, CHUNK), None))


def _are_between(builder: Any, chunk: Any, first: Any, last: Any) -> Any:
    """Compare each byte with two bounds, both within; bytes have no sign."""
    width = builder.sub(last, first)
    return builder.icmp_unsigned("<=", builder.sub(chunk, _in_all(builder, first)), _in_all(builder, width))


@instruction
def bytes_between(_context: Any, data: Any, _at: Any, _first: Any, _last: Any) -> Any:
    """Mark which of data[at : at + 64], uint8, lie between two bounds, both within: a bit of a uint64 for each byte.

    `data` has at least 64 bytes; bits of bytes beyond its end are zero.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        chunk, skipped = _chunk(context, builder, signature.args[0], arguments[0], arguments[1])
        first, last = (builder.trunc(bound, BYTE) for bound in arguments[2:])
        return builder.lshr(builder.bitcast(_are_between(builder, chunk, first, last), WORD), skipped)

    return types.uint64(data, types.int64, types.int64, types.int64), generate


@instruction
def copy_lowered(_context: Any, data: Any, _at: Any, out: Any) -> Any:
    """Copy data[at : at + 64], uint8, as far as it goes, to out[64:128]; out[:64] is overwritten, too.

    `data` has at least 64 bytes. ASCII letters are copied in lower case.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        chunk, skipped = _chunk(context, builder, signature.args[0], arguments[0], arguments[1])
        upper = _are_between(builder, chunk, BYTE(ord("A")), BYTE(ord("Z")))
        lowered = builder.or_(chunk, _in_all(builder, BYTE(ord("a") - ord("A"))))
        place = _data(context, builder, signature.args[2], arguments[2])
        place = builder.gep(place, [builder.sub(WORD(CHUNK), skipped)])
        builder.store(
            builder.select(upper, lowered, chunk), builder.bitcast(place, BYTES.as_pointer()), align=1
        )
        return context.get_dummy_value()

    return types.void(data, types.int64, out), generate


@instruction
def copy_bytes(_context: Any, data: Any, _at: Any, out: Any, _to: Any, _count: Any) -> Any:
    """Copy data[at : at + count], uint8, to out[to : to + count], another array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, target = (_data(context, builder, signature.args[i], arguments[i]) for i in (0, 2))
        source, target = builder.gep(source, [arguments[1]]), builder.gep(target, [arguments[3]])
        tools.raw_memcpy(builder, target, source, arguments[4], 1)
        return context.get_dummy_value()

    return types.void(data, types.int64, out, types.int64, types.int64), generate


def _sum_rows(weight: Any, lanes: int) -> Any:
    """Make the instruction that sums a stretch of `lanes` columns of weights of one type."""
    weights, totals = ir.VectorType(weight, lanes), ir.VectorType(ir.DoubleType(), lanes)
    single = isinstance(weight, ir.FloatType)

    @instruction
    def sum_rows(
        _context: Any, rows: Any, _column: Any, places: Any, _first: Any, _last: Any, sums: Any
    ) -> Any:
        """Sum rows[place, column : column + lanes] in float64, one row after the other, to the same columns of `sums`.

        `rows` (R, at least column + lanes) of weights, given as bytes, uint8 (R, bytes of a row); `places` int32
        (3, W), of which [:, first:last] are taken column by column; `sums` float64.
        """

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            table, which = (struct_proxy(signature.args[i])(context, builder, arguments[i]) for i in (0, 2))
            stride = tools.unpack_tuple(builder, table.shape, 2)[1]
            columns = tools.unpack_tuple(builder, which.shape, 2)[1]
            start = builder.gep(table.data, [builder.mul(arguments[1], WORD(4 if single else 8))])
            total = tools.alloca_once_value(builder, ir.Constant(totals, None))
            with tools.for_range_slice(builder, arguments[3], arguments[4], WORD(1)) as (column, _):
                for line in range(PLACES_PER_COLUMN):
                    at = builder.add(builder.mul(WORD(line), columns), column)
                    place = builder.sext(builder.load(builder.gep(which.data, [at])), WORD)
                    row = _load(builder, builder.gep(start, [builder.mul(place, stride)]), weights)
                    row = builder.fpext(row, totals) if single else row
                    builder.store(builder.fadd(builder.load(total), row), total)
            out = _data(context, builder, signature.args[5], arguments[5])
            place = builder.bitcast(builder.gep(out, [arguments[1]]), totals.as_pointer())
            builder.store(builder.load(total), place, align=8)
            return context.get_dummy_value()

        return types.void(rows, types.int64, places, types.int64, types.int64, sums), generate

    return sum_rows


# Of four columns, or of as many as fill a line of the cache; weights float32, or float64.
sum_4_singles, sum_line_of_singles = _sum_rows(ir.FloatType(), 4), _sum_rows(ir.FloatType(), 16)
sum_4_doubles, sum_line_of_doubles = _sum_rows(ir.DoubleType(), 4), _sum_rows(ir.DoubleType(), 8)


@instruction
def load_word(_context: Any, data: Any, _at: Any) -> Any:
    """Load data[at : at + 8], uint8, as one little-endian uint64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _load(
            builder,
            builder.gep(_data(context, builder, signature.args[0], arguments[0]), [arguments[1]]),
            WORD,
        )

    return types.uint64(data, types.int64), generate


def _of_word(generate: Callable[[Any, Any], Any]) -> Any:
    """Make the instruction that counts bits of a uint64, as int64, from what a builder makes of the word."""

    @instruction
    def count(_context: Any, _word: Any) -> Any:
        return types.int64(types.uint64), lambda _, builder, __, arguments: generate(builder, arguments[0])

    return count


# Below the lowest one, and above the highest; 64 for zero.
trailing_zeros = _of_word(lambda builder, word: builder.cttz(word, ir.Constant(ir.IntType(1), 0)))
leading_zeros = _of_word(lambda builder, word: builder.ctlz(word, ir.Constant(ir.IntType(1), 0)))
count_ones = _of_word(lambda builder, word: builder.ctpop(word))


def load_vector(builder: Any, base: Any, at: Any) -> Any:
    """Load LANES numbers from place `at` of an array on."""
    load = builder.load(builder.bitcast(builder.gep(base, [at]), VECTOR.as_pointer()))
    load.align = 8
    return load


def store_vector(builder: Any, vector: Any, base: Any, at: Any) -> None:
    """Store LANES numbers from place `at` of an array on."""
    builder.store(vector, builder.bitcast(builder.gep(base, [at]), VECTOR.as_pointer()), align=8)


def spread_number(builder: Any, base: Any, at: Any) -> Any:
    """Load one number LANES times."""
    undefined = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, builder.load(builder.gep(base, [at])), ir.IntType(32)(0))
    return builder.shuffle_vector(
        first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    )


def multiply_add(builder: Any, left: Any, right: Any, added: Any) -> Any:
    """Compute left * right + added of LANES numbers, rounded once."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
    function = tools.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f64")
    return builder.call(function, [left, right, added])


def transpose(builder: Any, vectors: list[Any]) -> list[Any]:
    """Turn LANES vectors into their columns."""
    for distance, *takes in TRANSPOSING:
        lower, upper = (ir.Constant(ir.VectorType(ir.IntType(32), LANES), take) for take in takes)
        following = list(vectors)
        for k in range(LANES):
            if not k & distance:
                pair = vectors[k], vectors[k + distance]
                following[k] = builder.shuffle_vector(*pair, lower)
                following[k + distance] = builder.shuffle_vector(*pair, upper)
        vectors = following
    return vectors
