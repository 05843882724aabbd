"""The tagger's fast way: from the bytes of a key to its best tags and their probability.

A token's factors are looked up with its form (`word_cache`) and with the two pairs it makes with its neighbours; they
go through the lattice of `scaled_lattice`. The twin sums weights and takes `lattice`; that is also the way of a model
whose weights are too far apart for products, and of keys of more than LONGEST tokens. Which way a key goes depends on
the model and the key alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.compiled import compiled
from canvass.corpus.normalise import string_buffers
from canvass.features.attributes import ATTRIBUTES
from canvass.features.columns import hash_tokens
from canvass.features.scan import mix
from canvass.features.surface_tokens import hash_surfaces
from canvass.features.words import GENERAL
from canvass.models.crf.attribute_table import AttributeTable, row_of
from canvass.models.crf.scaled_lattice import (
    REACH,
    ROWS,
    Factors,
    fill_factors,
    log_of_best,
    pack_factors,
    padded,
    start_cells,
    trace_back,
)
from canvass.models.crf.transitions import spread
from canvass.models.crf.word_cache import (
    AS_AFTER,
    AS_AFTER_2,
    AS_BEFORE,
    AS_BEFORE_2,
    BEFORE,
    HERE,
    WORD,
    Forms,
    Table,
    drop_forms,
    find_forms,
    keep_forms,
)
from canvass.models.vectors import aligned

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LONGEST = 1024  # tokens of a key whose lattice has room


class Products(NamedTuple):
    """A tagger's weights as factors, packed by `pack_products`."""

    table: Table
    factors: Factors


class Surfaces(NamedTuple):
    """The tokens of N keys as they are written.

    `firsts` int64 (N,) and `lengths` int32 (N,): the first token of each key, and T; `hashes` uint64 (at least all
    tokens,).
    """

    firsts: NDArray[np.int64]
    lengths: NDArray[np.int32]
    hashes: NDArray[np.uint64]


def pack_products(attributes: AttributeTable, state: Floats, scores: Floats) -> Products | None:
    """Turn weights, float64 (A, L) by attribute and (L, L) from tag to tag, into factors; None if too far apart."""
    factors = aligned(len(state) + 1, padded(len(scores)))
    reach = len(ATTRIBUTES) * fill_factors(state, factors) + spread(scores)
    return Products(Table(attributes, factors), pack_factors(scores)) if reach <= REACH else None


def surfaces_of(column: pa.Array) -> Surfaces:
    """Hash the surface tokens of a column of keys: of plain ASCII keys first, then those of all others."""
    import pyarrow as pa

    offsets, data = string_buffers(column)
    found = Surfaces(
        np.empty(len(column), dtype=np.int64),
        np.empty(len(column), dtype=np.int32),
        np.empty(int(offsets[-1] - offsets[0]), dtype=np.uint64),
    )
    count = hash_surfaces(offsets, data, *found)
    others = np.flatnonzero(found.lengths == GENERAL)
    if len(others):
        tokens = hash_tokens(column.take(pa.array(others)))
        found.hashes[count : count + len(tokens.surfaces)] = tokens.surfaces
        found.firsts[others] = count + tokens.starts[:-1]
        found.lengths[others] = np.diff(tokens.starts)
    return found


def find_best(
    column: pa.Array,
    products: Products,
    forms: Forms,
    log_probability: Floats,
    tags: NDArray[np.int32] | None,
) -> NDArray[np.int32]:
    """Find the probability of the best tags of every key of a column, and the tags themselves if they are wanted.

    Parameters
    ----------
    column
        N keys.
    products, forms
        Of one tagger. The forms must have room for LONGEST; those that are missing are added.
    log_probability
        float64 (N,), is overwritten: log P(best tags | key), at most 0; 0 for keys of more than LONGEST tokens, which
        are left to sums of weights.
    tags
        int32, with room for a token a byte, is overwritten: the tags of all keys, one after another; those of keys
        that are too long are left out, but not their places.

    Returns
    -------
    T of each key, int32 (N,).

    """
    import pyarrow as pa

    surfaces = surfaces_of(column)
    lengths = np.where(surfaces.lengths <= LONGEST, surfaces.lengths, 0).astype(np.int32)
    numbers = np.empty(len(surfaces.hashes), dtype=np.int32)
    missing = np.empty(len(column), dtype=np.int64)
    ends = np.cumsum(lengths, dtype=np.int64)
    places = np.cumsum(surfaces.lengths, dtype=np.int64) - surfaces.lengths
    scratch = (
        np.empty((LONGEST, ROWS), dtype=np.int64),
        start_cells(products.table.factors.shape[1], 2 if tags is None else LONGEST),
    )
    first = 0
    while first < len(column):
        # As many keys as the forms have room for, whatever they are.
        before = int(ends[first - 1]) if first else 0
        window = slice(first, int(np.searchsorted(ends, before + len(forms.own), side="right")))
        arguments = (
            forms.slots, forms.records, surfaces.firsts[window], lengths[window], surfaces.hashes, numbers, missing,
        )  # fmt: skip
        count = find_forms(*arguments)
        if count and int(forms.kept[0]) + int(lengths[window][missing[:count]].sum()) > len(forms.own):
            drop_forms(forms)
            count = find_forms(*arguments)
        if count:
            keep_forms(forms, products.table, hash_tokens(column.take(pa.array(first + missing[:count]))))
            find_forms(*arguments)
        best_probabilities(
            surfaces.firsts[window], lengths[window], numbers, forms.records, forms.own,
            *products.table.attributes, products.table.factors, products.factors, *scratch,
            log_probability[window], places[window], tags,
        )  # fmt: skip
        first = window.stop
    return surfaces.lengths


@compiled
def token_rows(
    records: NDArray[np.uint64],
    slots: NDArray[np.int32],
    hashes: NDArray[np.uint64],
    numbers: NDArray[np.int32],
    first: int,
    length: int,
    rows: NDArray[np.int64],
) -> None:
    """Write to `rows[t]`, int64 (>= T, ROWS): the form of token t, and the rows of factors its neighbours give it.

    `numbers[first:first + T]` are those of the forms; `slots` and `hashes` are of the attributes.
    """
    beyond = len(records) - 1
    end = first + length
    for t in range(first, end):
        here = numbers[t]
        before = numbers[t - 1] if t > first else beyond
        after = numbers[t + 1] if t + 1 < end else beyond
        row = t - first
        rows[row, 0] = here
        rows[row, 1] = records[numbers[t - 2] if t > first + 1 else beyond, AS_BEFORE_2]
        rows[row, 2] = records[before, AS_BEFORE]
        rows[row, 3] = records[after, AS_AFTER]
        rows[row, 4] = records[numbers[t + 2] if t + 2 < end else beyond, AS_AFTER_2]
        rows[row, 5] = row_of(slots, hashes, mix(records[before, BEFORE] ^ records[here, WORD]))
        rows[row, 6] = row_of(slots, hashes, mix(records[here, HERE] ^ records[after, WORD]))


@compiled
def best_probabilities(
    firsts: NDArray[np.int64],
    lengths: NDArray[np.int32],
    numbers: NDArray[np.int32],
    records: NDArray[np.uint64],
    own: Floats,
    slots: NDArray[np.int32],
    hashes: NDArray[np.uint64],
    table: Floats,
    factors: Factors,
    rows: NDArray[np.int64],
    cells: Floats,
    log_probability: Floats,
    places: NDArray[np.int64],
    tags: NDArray[np.int32] | None,
) -> None:
    """Do the work of `find_best` on keys whose forms are kept; `rows` and `cells` are scratch."""
    for key in range(len(lengths)):
        length = lengths[key]
        log_probability[key] = 0.0
        if length > 0:
            token_rows(records, slots, hashes, numbers, firsts[key], length, rows)
            log_probability[key] = log_of_best(factors, own, table, rows, length, cells)
            if tags is not None:
                trace_back(factors, length, cells, tags, places[key])
