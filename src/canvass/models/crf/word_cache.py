"""What a tagger knows of the words it has met, so that a word costs one look-up.

Ten of a token's twelve attributes look at one word alone: six at the token's own, four at a neighbour's. For every
word form, that is a word as it was written, the product of the six rows of factors is kept, and the numbers of the
four rows that the form contributes to its neighbours. All are functions of the form and the weights, so that what
happens to be kept changes no result. A thread has forms of its own for the time of a call; where they are full, all
are dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.compiled import compiled
from canvass.features.attributes import BEFORE_HERE, BEYOND, HERE_AFTER, NAMES, OWN, pair_state
from canvass.features.scan import mix
from canvass.models.crf.attribute_table import EMPTY, AttributeTable, row_of
from canvass.models.vectors import aligned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from canvass.models.vectors import Floats

CAPACITY = 1 << 15
# What a record holds: the hashes of the form and of its lower-cased word, the hashes of both pairs begun with the
# word, and the numbers of four rows of factors: what the word says as word-2, word-1, word+1 and word+2.
FORM, WORD, BEFORE, HERE, AS_BEFORE_2, AS_BEFORE, AS_AFTER, AS_AFTER_2 = range(8)
RECORD = 8


class Table(NamedTuple):
    """The attributes seen in training and their factors, float64 (A + 1, P).

    The last row is all ones: that of any attribute never seen.
    """

    attributes: AttributeTable
    factors: Floats


class Forms(NamedTuple):
    """The word forms that are kept, C at most; one thread at a time may use them.

    `slots` int32 (power of two,): the number of the form whose hash fell there, or EMPTY. `records` uint64
    (C + 1, RECORD), one cache line each; the last one stands for what is beyond the ends of a key. `own` float64
    (C, P): products of the factors of the OWN attributes. `kept` int64 (1,): how many forms there are.
    """

    slots: NDArray[np.int32]
    records: NDArray[np.uint64]
    own: Floats
    kept: NDArray[np.int64]


def no_forms(table: Table, capacity: int = CAPACITY) -> Forms:
    """Make room for C forms; what is not used takes no memory."""
    forms = Forms(
        np.full(1 << (2 * capacity).bit_length(), EMPTY, dtype=np.int32),
        aligned(capacity + 1, RECORD).view(np.uint64),
        aligned(capacity, table.factors.shape[1]),
        np.zeros(1, dtype=np.int64),
    )
    write_record(table, BEYOND, BEYOND, forms.records[capacity])
    return forms


@compiled
def write_record(table: Table, form: np.uint64, word: np.uint64, record: NDArray[np.uint64]) -> None:
    """Write the record, uint64 (RECORD,), of a form with a lower-cased word."""
    record[FORM] = form
    record[WORD] = word
    record[BEFORE] = pair_state(word, BEFORE_HERE)
    record[HERE] = pair_state(word, HERE_AFTER)
    for k in range(4):
        record[AS_BEFORE_2 + k] = row_of(table.attributes, mix(NAMES[OWN + k] ^ word))


@compiled
def find_form(forms: Forms, form: np.uint64) -> int:
    """Find the number of a form, or EMPTY."""
    last = np.uint64(len(forms.slots) - 1)
    at = form & last
    while True:
        number = forms.slots[at]
        if number == EMPTY or forms.records[number, FORM] == form:
            return int(number)
        at = (at + np.uint64(1)) & last


@compiled
def drop_forms(forms: Forms) -> None:
    """Forget all forms."""
    forms.slots[:] = EMPTY
    forms.kept[0] = 0


@compiled
def keep_form(
    forms: Forms, table: Table, form: np.uint64, word: np.uint64, attributes: NDArray[np.uint64]
) -> int:
    """Keep a form that is not yet kept, with its OWN `attributes`; returns its number. There must be room."""
    number = int(forms.kept[0])
    forms.kept[0] += 1
    last = np.uint64(len(forms.slots) - 1)
    at = form & last
    while forms.slots[at] != EMPTY:
        at = (at + np.uint64(1)) & last
    forms.slots[at] = number
    write_record(table, form, word, forms.records[number])
    own = forms.own[number]
    own[:] = 1.0
    for a in range(OWN):
        factors = table.factors[row_of(table.attributes, attributes[a])]
        for j in range(len(own)):
            own[j] *= factors[j]
    return number
