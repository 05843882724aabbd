"""The tagger's fast way: from the bytes of a key to its best tags and their probability.

A token's factors are looked up with its form (`word_forms`) and with the two pairs it makes with its neighbours; they
go through the lattice of `products`. The twin is `tagger_kernels`, which is also the way of a model whose weights are
too far apart for products, and of keys of more than LONGEST tokens. Which way a key goes depends on the model and the
key alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.compiled import compiled
from canvass.features.attributes import ATTRIBUTES, OWN, own_attributes, token_attributes
from canvass.features.scan import longest, mix, scan
from canvass.features.surface_tokens import hash_surface, surface_tokens
from canvass.features.words import GENERAL
from canvass.models.crf.attribute_table import EMPTY, row_of
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
from canvass.models.crf.tagging import Weights, log_probability_of
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
    find_form,
    keep_form,
)
from canvass.models.vectors import aligned

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 1024


class Scanned(NamedTuple):
    """What `scan` and `token_attributes` write for one key, with room for a token a byte."""

    lowered: NDArray[np.uint8]
    places: NDArray[np.int64]
    words: NDArray[np.bool_]
    hashes: NDArray[np.uint64]
    drawn: NDArray[np.uint8]


class Products(NamedTuple):
    """A tagger's weights as factors, packed by `pack_products`; `wide` says that they are too far apart for it."""

    table: Table
    factors: Factors
    wide: bool


def pack_products(weights: Weights) -> Products:
    """Turn weights into factors."""
    scores = weights.transitions.scores
    factors = aligned(len(weights.state) + 1, padded(len(scores)))
    reach = len(ATTRIBUTES) * fill_factors(weights.state, factors) + float(np.ptp(scores))
    return Products(Table(weights.table, factors), pack_factors(scores), reach > REACH)


@compiled
def token_rows(
    table: Table,
    records: NDArray[np.uint64],
    numbers: NDArray[np.int64],
    length: int,
    rows: NDArray[np.int64],
) -> None:
    """Write to `rows[t]`, int64 (>= T, ROWS): the form of token t, and the rows of factors its neighbours give it.

    `numbers` are those of the forms, as `find_forms` writes them.
    """
    for t in range(length):
        before, here, after = numbers[t + 1], numbers[t + 2], numbers[t + 3]
        rows[t, 0] = here
        rows[t, 1] = records[numbers[t], AS_BEFORE_2]
        rows[t, 2] = records[before, AS_BEFORE]
        rows[t, 3] = records[after, AS_AFTER]
        rows[t, 4] = records[numbers[t + 4], AS_AFTER_2]
        rows[t, 5] = row_of(table.attributes, mix(records[before, BEFORE] ^ records[here, WORD]))
        rows[t, 6] = row_of(table.attributes, mix(records[here, HERE] ^ records[after, WORD]))


@compiled
def find_forms(forms: Forms, written: NDArray[np.uint64], length: int, numbers: NDArray[np.int64]) -> int:
    """Write the numbers of a key's forms to `numbers`, int64 (>= T + 4,), between those of what is beyond its ends.

    Returns how many are missing; their numbers are EMPTY.
    """
    missing = 0
    for t in range(length):
        numbers[t + 2] = find_form(forms, written[t])
        missing += numbers[t + 2] == EMPTY
    beyond = len(forms.records) - 1
    for k in range(2):
        numbers[k] = beyond
        numbers[length + 2 + k] = beyond
    return missing


@compiled
def keep_forms(
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    scanned: Scanned,
    length: int,
    table: Table,
    forms: Forms,
    written: NDArray[np.uint64],
    numbers: NDArray[np.int64],
) -> None:
    """Keep the forms of a key that are missing, and find the numbers of all as `find_forms` does."""
    beyond = len(forms.records) - 1
    if forms.kept[0] + find_forms(forms, written, length, numbers) > beyond:
        drop_forms(forms)
    own = np.empty(OWN, dtype=np.uint64)
    for t in range(length):
        if find_form(forms, written[t]) == EMPTY:
            word = scanned.hashes[t]
            own_attributes(data, description, scanned.lowered, scanned.places[t], word, scanned.drawn, own)
            keep_form(forms, table, written[t], word, own)
    find_forms(forms, written, length, numbers)


@compiled
def best_probabilities(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    weights: Weights,
    products: Products,
    forms: Forms,
    log_probability: NDArray[np.float64],
    lengths: NDArray[np.int32],
    paths: NDArray[np.int32],
) -> None:
    """Compute the probability of the best tags of every key of a column, and the tags themselves if they are wanted.

    Writes `log_probability` float64 (N,): log P(best tags | key), at most 0; `lengths` int32 (N,): T; and the tags of
    all keys one after another to `paths`, int32, which must have room for a token a byte, or none if they are not
    wanted. `forms` must have room for LONGEST; those that are missing are added.
    """
    table, factors = products.table, products.factors
    capacity = longest(offsets) + 1
    scanned = Scanned(
        np.empty(capacity * 3 // 2 + 8, dtype=np.uint8),
        np.empty((capacity, 4), dtype=np.int64),
        np.empty(capacity, dtype=np.bool_),
        np.empty(capacity, dtype=np.uint64),
        np.empty(capacity + 8, dtype=np.uint8),
    )
    written = np.empty(capacity, dtype=np.uint64)
    numbers = np.empty(LONGEST + 4, dtype=np.int64)
    rows = np.empty((LONGEST, ROWS), dtype=np.int64)
    wanted = len(paths) > 0
    cells = start_cells(table.factors.shape[1], LONGEST if wanted else 2)
    unwanted = np.empty(0 if wanted else capacity, dtype=np.int32)
    first = 0
    for key in range(len(offsets) - 1):
        low, high = offsets[key], offsets[key + 1]
        length = surface_tokens(data, low, high, scanned.places, written)
        is_ascii = length != GENERAL
        if not is_ascii:
            length = _scan(data, low, high, description, lower, scanned)
            hash_surface(data, length, scanned.places, written)
        lengths[key] = length
        if length == 0:
            log_probability[key] = 0.0
            continue
        path = paths[first : first + length] if wanted else unwanted
        first += length
        general = products.wide or length > LONGEST
        if general or find_forms(forms, written, length, numbers) > 0:
            if is_ascii:
                _scan(data, low, high, description, lower, scanned)
            if general:
                log_probability[key] = _of_sums(data, description, scanned, length, weights, path)
                continue
            keep_forms(data, description, scanned, length, table, forms, written, numbers)
        token_rows(table, forms.records, numbers, length, rows)
        log_probability[key] = log_of_best(factors, forms.own, table.factors, rows, length, cells)
        if wanted:
            trace_back(factors, length, cells, path)


@compiled
def _scan(
    data: NDArray[np.uint8],
    low: int,
    high: int,
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    scanned: Scanned,
) -> int:
    """Scan a key of any kind; returns T."""
    lowered, places, words, hashes, _ = scanned
    return scan(data, low, high, len(hashes), description, lower, lowered, places, words, hashes)


@compiled
def _of_sums(
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    scanned: Scanned,
    length: int,
    weights: Weights,
    path: NDArray[np.int32],
) -> float:
    """Compute the best tags of one key and their log probability by sums of weights."""
    lowered, places, _, hashes, drawn = scanned
    attributes = np.empty((length, len(ATTRIBUTES)), dtype=np.uint64)
    token_attributes(data, description, length, lowered, places, hashes, drawn, attributes)
    return log_probability_of(weights, attributes, length, path)
