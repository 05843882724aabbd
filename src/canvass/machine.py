"""Machine instructions that numba has no words for: an unaligned load of eight bytes, and counting bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable


def instruction(typed: Callable[..., Any]) -> Any:
    """Make a typing function with its generator callable from kernels; type checkers see Any."""
    return intrinsic(typed)


struct_proxy: Any = cgutils.create_struct_proxy
BYTE, WORD = ir.IntType(8), ir.IntType(64)


@instruction
def load_word(_context: Any, data: Any, _at: Any) -> Any:
    """Load data[at : at + 8], uint8, as one little-endian uint64; the caller sees to it that they are there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = struct_proxy(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(builder.bitcast(array.data, BYTE.as_pointer()), [arguments[1]])
        load = builder.load(builder.bitcast(place, WORD.as_pointer()))
        load.align = 1
        return load

    return types.uint64(data, types.int64), generate


@instruction
def store_word(_context: Any, data: Any, _at: Any, _word: Any) -> Any:
    """Store a uint64 as data[at : at + 8], uint8, little-endian; the caller sees to it that there is room."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = struct_proxy(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(builder.bitcast(array.data, BYTE.as_pointer()), [arguments[1]])
        builder.store(arguments[2], builder.bitcast(place, WORD.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(data, types.int64, types.uint64), generate


@instruction
def trailing_zeros(_context: Any, _word: Any) -> Any:
    """Count the zero bits below the lowest one of a uint64, as int64; 64 for zero."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@instruction
def count_ones(_context: Any, _word: Any) -> Any:
    """Count the one bits of a uint64, as int64."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate
