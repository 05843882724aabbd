"""The tagger's fast way: from the bytes of a key to its best tags and their probability.

A token's factors are looked up with its form (`word_cache`) and with the two pairs it makes with its neighbours; they
go through the lattice of `scaled_lattice`. The twin sums weights and takes `lattice`; that is also the way of a model
whose weights are too far apart for products, and of keys of more than LONGEST tokens. Which way a key goes depends on
the model and the key alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled
from canvass.corpus.normalise import string_buffers
from canvass.features.attributes import ATTRIBUTES
from canvass.features.clusters import PLACES
from canvass.features.extraction import hash_tokens
from canvass.features.scan import HALF, mix
from canvass.features.words import GENERAL, hash_surfaces
from canvass.machine import LANES
from canvass.models.crf.attribute_table import AttributeTable, row_of
from canvass.models.crf.cluster_rows import ClusterRows
from canvass.models.crf.scaled_lattice import (
    REACH,
    ROWS,
    Factors,
    Scratch,
    fill_factors,
    find_log_probabilities,
    make_scratch,
    pack_factors,
    trace_back,
)
from canvass.models.crf.transitions import spread
from canvass.models.crf.word_cache import (
    AS_NEXT,
    AS_SECOND,
    BEFORE,
    CLUSTER,
    HERE,
    LOW,
    WORD,
    Forms,
    Table,
    drop_forms,
    find_forms,
    keep_forms,
)
from canvass.models.vectors import Floats, aligned, padded

if TYPE_CHECKING:
    import pyarrow as pa

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


def pack_products(
    attributes: AttributeTable, state: Floats, clusters: ClusterRows | None, scores: Floats
) -> Products | None:
    """Turn weights, float64 (A, L) by attribute and (L, L) from tag to tag, into factors; None if too far apart."""
    rows_of_token = len(ATTRIBUTES)
    if clusters is not None:
        tags = state.shape[1]
        state = np.concatenate([state, np.zeros((1, tags)), clusters.weights.reshape(-1, tags)])
        rows_of_token += len(PLACES)
    factors = aligned(len(state) + 1, padded(len(scores)))
    reach = rows_of_token * fill_factors(state, factors) + spread(scores)
    return Products(Table(attributes, clusters, factors), pack_factors(scores)) if reach <= REACH else None


def surfaces_of(column: pa.Array) -> Surfaces:
    """Hash the surface tokens of a column of keys: of plain ASCII keys first, then those of all others."""
    import pyarrow as pa

    offsets, data = string_buffers(column)
    surfaces = Surfaces(
        np.empty(len(column), dtype=np.int64),
        np.empty(len(column), dtype=np.int32),
        np.empty(int(offsets[-1] - offsets[0]), dtype=np.uint64),
    )
    count = hash_surfaces(offsets, data, *surfaces)
    others = np.flatnonzero(surfaces.lengths == GENERAL)
    if len(others):
        tokens = hash_tokens(column.take(pa.array(others)))
        surfaces.hashes[count : count + len(tokens.surfaces)] = tokens.surfaces
        surfaces.firsts[others] = count + tokens.starts[:-1]
        surfaces.lengths[others] = np.diff(tokens.starts)
    return surfaces


def find_best(
    column: pa.Array,
    products: Products,
    forms: Forms,
    log_probability: Floats,
    tags: NDArray[np.int32] | None,
) -> NDArray[np.int32]:
    """Find the probability of the best tags of every key of a column, and the tags themselves if they are wanted.

    * `column`: N keys.
    * `products`, `forms`: of one tagger. The forms must have room for LONGEST; those that are missing are added.
    * `log_probability`: float64 (N,), is overwritten: log P(best tags | key), at most 0; 0 for keys of more than
      LONGEST tokens, which are left to sums of weights.
    * `tags`: int32, with room for a token a byte, is overwritten: the tags of all keys, one after another; those of
      keys that are too long are left out, but not their places.

    Returns T of each key, int32 (N,).
    """
    import pyarrow as pa

    surfaces = surfaces_of(column)
    lengths = np.where(surfaces.lengths <= LONGEST, surfaces.lengths, 0).astype(np.int32)
    numbers = np.empty(len(surfaces.hashes), dtype=np.int32)
    missing = np.empty(len(column), dtype=np.int64)
    ends = np.cumsum(lengths, dtype=np.int64)
    places = np.cumsum(surfaces.lengths, dtype=np.int64) - surfaces.lengths
    rows = np.empty((LONGEST, LANES, ROWS), dtype=np.int64)
    keys, lane_lengths = np.empty((2, LANES), dtype=np.int64)
    scratch = make_scratch(products.factors, 2 if tags is None else LONGEST)
    log_probability[:] = 0.0
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
        # Keys of like length share vectors.
        order = np.argsort(-lengths[window].astype(np.int16), kind="stable")
        order = order[: np.count_nonzero(lengths[window])]
        best_probabilities(
            order, surfaces.firsts[window], lengths[window], numbers, forms.records, forms.own,
            *products.table.attributes, products.table.factors, products.factors, rows, keys, lane_lengths,
            np.empty(LANES), scratch, log_probability[window], places[window], tags,
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
    lane: int,
    rows: NDArray[np.int64],
) -> None:
    """Write to `rows[t, lane]`, int64 (>= T, LANES, ROWS), the form of token t, and the rows its neighbours give it.

    `numbers[first:first + T]` are those of the forms; `slots` and `hashes` are of the attributes.
    """
    beyond = len(records) - 1
    end = first + length
    for t in range(first, end):
        here = numbers[t]
        before = numbers[t - 1] if t > first else beyond
        after = numbers[t + 1] if t + 1 < end else beyond
        row = t - first
        rows[row, lane, 0] = here
        rows[row, lane, 1] = records[numbers[t - 2] if t > first + 1 else beyond, AS_SECOND] & LOW
        rows[row, lane, 2] = records[before, AS_NEXT] & LOW
        rows[row, lane, 3] = records[after, AS_NEXT] >> HALF
        rows[row, lane, 4] = records[numbers[t + 2] if t + 2 < end else beyond, AS_SECOND] >> HALF
        rows[row, lane, 5] = row_of(slots, hashes, mix(records[before, BEFORE] ^ records[here, WORD]))
        rows[row, lane, 6] = row_of(slots, hashes, mix(records[here, HERE] ^ records[after, WORD]))
        rows[row, lane, 7] = records[before, CLUSTER] & LOW
        rows[row, lane, 8] = records[after, CLUSTER] >> HALF


@compiled
def best_probabilities(
    order: NDArray[np.int64],
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
    keys: NDArray[np.int64],
    lane_lengths: NDArray[np.int64],
    found: Floats,
    scratch: Scratch,
    log_probability: Floats,
    places: NDArray[np.int64],
    tags: NDArray[np.int32] | None,
) -> None:
    """Do the work of `find_best` on keys whose forms are kept, those of `order`, int64: the longest first, none empty.

    `rows`, `keys`, `lane_lengths`, `found` and `scratch` are scratch.
    """
    for begin in range(0, len(order), LANES):
        longest = lengths[order[begin]]
        for lane in range(LANES):
            # Where there are too few keys the last one fills the lanes.
            key = order[min(begin + lane, len(order) - 1)]
            length = lengths[key]
            keys[lane], lane_lengths[lane] = key, length
            token_rows(records, slots, hashes, numbers, firsts[key], length, lane, rows)
            for t in range(length, longest):
                for k in range(ROWS):
                    rows[t, lane, k] = rows[length - 1, lane, k]
        find_log_probabilities(factors, own, table, rows, lane_lengths, scratch, found)
        for lane in range(LANES):
            key = keys[lane]
            log_probability[key] = found[lane]
            if tags is not None:
                trace_back(factors, scratch.cells, lane, lengths[key], tags, places[key])
