"""The forward-backward algorithm in scaled sums, compiled: log Z and marginals, eight sequences at a time.

`plain_crf.solve` is the specification.

* Layout. Sequences are sorted by length and put together in groups of LANES; a group has a cell for each place in its
  longest sequence. The numbers of a cell are a row of LANES for each tag, so that a step is a few operations on
  vectors, one for each tag and one for each pair in `transitions`, and an element is computed by the same operations in
  the same order on every processor, and in any company.
* Range. As in CRFsuite (Rabiner 1989, V.A), each token's scores are taken relative to the largest, and each alpha is
  divided by its sum c_t. log Z is the sum of the logs of all that was divided out, and alpha_t beta_t are marginals as
  they are, if beta is divided by the same c_t. Lanes without a token are divided by infinity.
* Memory. Marginals take the place of alpha, and of beta only two cells are kept.

The steps are vector instructions: loops over lanes give the same bytes in 1.7 to 1.9 times the processor seconds of
training (hwu64, 105 tags, 15 iterations: 3.3 to 3.8 against 2.0), since their sums do not stay in registers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np
from llvmlite import ir
from numba import types

from canvass.compiled import compiled, inlined
from canvass.machine import (
    LANES,
    VECTOR,
    WORD,
    allocate,
    instruction,
    load_vector,
    loop,
    multiply_add,
    spread_number,
    store_vector,
    struct_proxy,
)
from canvass.models.crf.transitions import Transitions
from canvass.models.vectors import Floats, Integers, aligned, data_of, exponentiate_rows, turn_to_lanes

MEMORY = 1 << 20  # bytes of cells that are gone through together, unless a group has more


class Layout(NamedTuple):
    """Where the tokens of sequences stand, made by `arrange`: G groups and C cells.

    * `groups`: int64 (G + 1,): the cells of group g are groups[g]:groups[g + 1].
    * `tokens`: int64 (C, LANES): a token for each lane of a cell, -1 where its sequence has none.
    * `active`: float64 (C + 1, LANES): 1 where there is a token, else 0; the last row is 0.
    * `sequences`: int64 (G, LANES): the sequence of each lane of a group, -1 for none.
    """

    groups: Integers
    tokens: Integers
    active: Floats
    sequences: Integers

    def blocks(self, tags: int) -> Iterator[tuple[slice, Integers]]:
        """Yield which groups are gone through together, and the cells with which they begin and end."""
        cells = max(1, MEMORY // (2 * tags * LANES * 8))
        first = 0
        while first < len(self.groups) - 1:
            last = int(np.searchsorted(self.groups, self.groups[first] + cells, side="right")) - 1
            last = max(first + 1, last)
            yield slice(first, last), self.groups[first : last + 1]
            first = last


def arrange(starts: Integers) -> Layout:
    """Put N sequences, whose tokens are starts[n]:starts[n + 1], int64 (N + 1,), in lanes; empty ones have none."""
    lengths = np.diff(starts)
    longest_first = np.argsort(-lengths, kind="stable")
    longest_first = longest_first[lengths[longest_first] > 0]
    sequences = np.full((-(-len(longest_first) // LANES), LANES), -1)
    sequences.ravel()[: len(longest_first)] = longest_first
    firsts = np.where(sequences < 0, 0, starts[:-1][sequences])
    lengths = np.where(sequences < 0, 0, lengths[sequences])
    groups = np.concatenate([[0], np.cumsum(lengths[:, 0])])
    group = np.repeat(np.arange(len(sequences)), lengths[:, 0])
    places = (np.arange(groups[-1]) - groups[group])[:, np.newaxis]
    there = places < lengths[group]
    active = np.zeros((len(group) + 1, LANES))
    active[:-1] = there
    return Layout(groups, np.where(there, firsts[group] + places, -1), active, sequences)


class Steps(NamedTuple):
    """Transitions by the tags to which they lead, or from which they come.

    The pairs of tag j are starts[j]:starts[j + 1], int64 (L + 1,): `others`, int64 (R,), the tags at their other ends,
    and `excess`, float64 (R,), of `Transitions`, whose `base` is float64 (L,). `order`, int64 (R,), are their numbers.
    """

    starts: Integers
    others: Integers
    excess: Floats
    base: Floats
    order: Integers

    @classmethod
    def of(cls, transitions: Transitions, *, forward: bool) -> Self:
        """List transitions by their targets (forward) or by their sources."""
        sources, targets, excess, base = transitions
        own, others = (targets, sources) if forward else (sources, targets)
        order = np.argsort(own, kind="stable")
        starts = np.searchsorted(own[order], np.arange(len(base) + 1))
        return cls(starts, others[order].astype(np.int64), excess[order], base, order)


class Cells(NamedTuple):
    """Memory for the cells of a block, each with L rows: all float64 (any, LANES).

    * `factors`: exp(score - largest score of the token).
    * `alpha`: what `go_forward` writes, and then the marginals of `go_backward`.
    * `heights`, `sums`: one row for each cell: the largest score of the token, and c_t.
    * `beta`, `carried`: scratch: the rows of two cells, and one row.
    """

    factors: Floats
    alpha: Floats
    heights: Floats
    sums: Floats
    beta: Floats
    carried: Floats

    @classmethod
    def of(cls, layout: Layout, tags: int) -> Self:
        """Allocate what the largest block takes; LANES rows more, since whole tiles are written."""
        most = max((int(groups[-1] - groups[0]) for _, groups in layout.blocks(tags)), default=0)
        rows = (most * tags + LANES, most * tags + LANES, most, most, 2 * tags, 1)
        return cls(*(aligned(count, LANES) for count in rows))


@instruction
def step_forward(
    _context: Any,
    factors: Any,
    alpha: Any,
    _before: Any,
    _here: Any,
    starts: Any,
    others: Any,
    excess: Any,
    base: Any,
    active: Any,
    _token: Any,
    sums: Any,
    _cell: Any,
) -> Any:
    """Write alpha of the cell whose rows begin with `_here`, from that which begins with `_before`, and its sum.

    alpha_t[j] = factors_t[j] (base[j] + sum_i alpha_{t-1}[i] excess[i, j]) / c_t; c_t is written to row `_cell` of
    `sums`. Lanes whose row `_token` of `active` is 0 get 0. There is no check of bounds; others as in `Steps`.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        factor, cells, firsts, sources, more, bases, ones, out = data_of(
            context, builder, signature, arguments, 0, 1, 4, 5, 6, 7, 8, 10
        )
        tags = builder.extract_value(struct_proxy(signature.args[7])(context, builder, arguments[7]).shape, 0)
        before, here = (builder.gep(cells, [builder.mul(arguments[k], WORD(LANES))]) for k in (2, 3))
        factor = builder.gep(factor, [builder.mul(arguments[3], WORD(LANES))])
        total, reached = allocate(builder, VECTOR), allocate(builder, VECTOR)
        builder.store(ir.Constant(VECTOR, [0.0] * LANES), total)
        with loop(builder, WORD(0), tags, WORD(1), intp=WORD) as (j, _):
            row = builder.mul(j, WORD(LANES))
            builder.store(spread_number(builder, bases, j), reached)
            first = builder.load(builder.gep(firsts, [j]))
            last = builder.load(builder.gep(firsts, [builder.add(j, WORD(1))]))
            with loop(builder, first, last, WORD(1), intp=WORD) as (k, _):
                source = builder.mul(builder.load(builder.gep(sources, [k])), WORD(LANES))
                vector, weight = load_vector(builder, before, source), spread_number(builder, more, k)
                builder.store(multiply_add(builder, vector, weight, builder.load(reached)), reached)
            product = builder.fmul(builder.load(reached), load_vector(builder, factor, row))
            store_vector(builder, product, here, row)
            builder.store(builder.fadd(builder.load(total), product), total)
        whole = builder.load(total)
        store_vector(builder, whole, out, builder.mul(arguments[11], WORD(LANES)))
        none = ir.Constant(VECTOR, [0.0] * LANES)
        inverse = builder.fdiv(load_vector(builder, ones, builder.mul(arguments[9], WORD(LANES))), whole)
        inverse = builder.select(builder.fcmp_ordered(">", whole, none), inverse, none)
        with loop(builder, WORD(0), tags, WORD(1), intp=WORD) as (j, _):
            row = builder.mul(j, WORD(LANES))
            store_vector(builder, builder.fmul(load_vector(builder, here, row), inverse), here, row)
        return context.get_dummy_value()

    signature = types.void(
        factors, alpha, types.int64, types.int64, starts, others, excess, base, active, types.int64, sums, types.int64
    )  # fmt: skip
    return signature, generate


@instruction
def step_backward(
    _context: Any,
    factors: Any,
    alpha: Any,
    _here: Any,
    starts: Any,
    others: Any,
    excess: Any,
    base: Any,
    active: Any,
    _token: Any,
    _following: Any,
    sums: Any,
    _cell: Any,
    beta: Any,
    _from: Any,
    _to: Any,
    carried: Any,
    crossings: Any,
) -> Any:
    """Replace alpha of the cell whose rows begin with `_here` by its marginals.

    With u_t[j] = factors_t[j] beta_t[j] / c_t, beta_{t-1}[i] = sum_j base[j] u_t[j] + sum_j excess[i, j] u_t[j], or 1
    for the last token. The rows of `beta` from `_from` on hold u of the following cell, and those from `_to` on get
    that of this one; likewise `carried`[0], the sum with base. alpha[i] u[j] of each listed pair is added to its row of
    `crossings`. `_token` and `_following` are the rows of `active` of this and the following cell; c_t is row `_cell`
    of `sums`. There is no check of bounds; others as in `Steps`.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        factor, cells, firsts, targets, more, bases, ones, whole, after, carry, counts = data_of(
            context, builder, signature, arguments, 0, 1, 3, 4, 5, 6, 7, 10, 12, 15, 16
        )
        tags = builder.extract_value(struct_proxy(signature.args[6])(context, builder, arguments[6]).shape, 0)
        here, factor = (
            builder.gep(start, [builder.mul(arguments[2], WORD(LANES))]) for start in (cells, factor)
        )
        old, new = (builder.gep(after, [builder.mul(arguments[k], WORD(LANES))]) for k in (13, 14))
        none, one = (ir.Constant(VECTOR, [number] * LANES) for number in (0.0, 1.0))
        active_here, active_next = (
            load_vector(builder, ones, builder.mul(arguments[k], WORD(LANES))) for k in (8, 9)
        )
        divisor = load_vector(builder, whole, builder.mul(arguments[11], WORD(LANES)))
        inverse = builder.fdiv(active_here, divisor)
        inverse = builder.select(builder.fcmp_ordered(">", divisor, none), inverse, none)
        start = builder.fadd(load_vector(builder, carry, WORD(0)), builder.fsub(one, active_next))
        total, reached = allocate(builder, VECTOR), allocate(builder, VECTOR)
        builder.store(none, total)
        with loop(builder, WORD(0), tags, WORD(1), intp=WORD) as (i, _):
            row = builder.mul(i, WORD(LANES))
            of_alpha = load_vector(builder, here, row)
            builder.store(start, reached)
            first = builder.load(builder.gep(firsts, [i]))
            last = builder.load(builder.gep(firsts, [builder.add(i, WORD(1))]))
            with loop(builder, first, last, WORD(1), intp=WORD) as (k, _):
                target = builder.mul(builder.load(builder.gep(targets, [k])), WORD(LANES))
                vector, place = load_vector(builder, old, target), builder.mul(k, WORD(LANES))
                weight = spread_number(builder, more, k)
                builder.store(multiply_add(builder, vector, weight, builder.load(reached)), reached)
                count = load_vector(builder, counts, place)
                store_vector(builder, multiply_add(builder, of_alpha, vector, count), counts, place)
            of_beta = builder.load(reached)
            store_vector(builder, builder.fmul(of_alpha, of_beta), here, row)
            product = builder.fmul(builder.fmul(load_vector(builder, factor, row), inverse), of_beta)
            store_vector(builder, product, new, row)
            based = multiply_add(builder, product, spread_number(builder, bases, i), builder.load(total))
            builder.store(based, total)
        store_vector(builder, builder.load(total), carry, WORD(0))
        return context.get_dummy_value()

    integer = types.int64
    signature = types.void(
        factors, alpha, integer, starts, others, excess, base, active, integer, integer, sums, integer, beta, integer,
        integer, carried, crossings,
    )  # fmt: skip
    return signature, generate


@inlined
def take_scores(rows: Floats, cell: int, tags: int, cells: Cells) -> None:
    """Write the factors of a cell, counted from the first of its block, whose scores are `rows`, float64 (LANES, P)."""
    first = cell * tags
    turn_to_lanes(rows, cells.factors, first)
    exponentiate_rows(cells.factors, first, first + tags, cells.heights, cell)


@compiled
def go_forward(
    groups: Integers,
    active: Floats,
    none: Integers,
    ones: Floats,
    starts: Integers,
    others: Integers,
    excess: Floats,
    base: Floats,
    cells: Cells,
    log_z: Floats,
) -> None:
    """Write alpha, and log Z of each sequence to `log_z`, float64 (any, LANES), a row for each group of a block.

    `starts`, `others`, `excess` and `base` are of `Steps` by targets; `none`, int64 (L + 1,), are zeros; `ones` (L,).
    """
    tags = len(base)
    for group in range(len(groups) - 1):
        for token in range(groups[group], groups[group + 1]):
            cell = token - groups[0]
            if token == groups[group]:
                step_forward(
                    cells.factors, cells.alpha, 0, cell * tags, none, others, excess, ones, active, token, cells.sums,
                    cell,
                )  # fmt: skip
            else:
                step_forward(
                    cells.factors, cells.alpha, (cell - 1) * tags, cell * tags, starts, others, excess, base, active,
                    token, cells.sums, cell,
                )  # fmt: skip
            for lane in range(LANES):
                if active[token, lane] > 0.0:
                    log_z[group, lane] += cells.heights[cell, lane] + math.log(cells.sums[cell, lane])


@compiled
def go_backward(
    groups: Integers,
    active: Floats,
    starts: Integers,
    others: Integers,
    excess: Floats,
    base: Floats,
    cells: Cells,
    crossings: Floats,
) -> None:
    """Replace alpha by the marginals, and add the expected transitions to `crossings`, float64 (R, LANES).

    Of the latter their own factor is left out. `starts`, `others`, `excess` and `base` are of `Steps` by sources.
    """
    tags = len(base)
    for group in range(len(groups) - 1):
        last = groups[group + 1] - 1
        cells.beta[:] = 0.0
        cells.carried[:] = 0.0
        for token in range(last, groups[group] - 1, -1):
            cell = token - groups[0]
            old = tags * (cell % 2)
            step_backward(
                cells.factors, cells.alpha, cell * tags, starts, others, excess, base, active, token,
                len(active) - 1 if token == last else token + 1, cells.sums, cell, cells.beta, old, tags - old,
                cells.carried, crossings,
            )  # fmt: skip
