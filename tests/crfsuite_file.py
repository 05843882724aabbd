"""Read the weights out of a model file of CRFsuite, in full precision.

`pycrfsuite.Tagger.info()` prints them with six digits, which is slower to read and less exact. The layout has been
the same since CRFsuite 0.12 (2011; `crf1d_model.c`, `cqdb.c`): a header of twelve words, a block of features
(type, source, destination, weight), and two string tables whose records follow one another.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER = struct.Struct("<4sI4sIIIIIIIII")
FEATURES_HEADER = struct.Struct("<4sII")
RECORD = struct.Struct("<II")
TABLE_HEADER_SIZE = 24 + 256 * 8  # the table's own header, and the places of its 256 hash tables
BACKWARD_OFFSET_AT = 20
STATE, TRANSITION = 0, 1
FEATURE = np.dtype([("type", "<u4"), ("source", "<u4"), ("destination", "<u4"), ("weight", "<f8")])


class CrfWeights(NamedTuple):
    """Weights of a linear-chain CRF: `state` float64 (A, L) by attribute, `transitions` float64 (L, L) from, to."""

    labels: list[str]
    attributes: list[str]
    state: NDArray[np.float64]
    transitions: NDArray[np.float64]


def read_weights(content: bytes) -> CrfWeights:
    """Read the weights from the bytes of a model file that CRFsuite wrote a moment ago."""
    magic, _, kind, _, _, label_count, attribute_count, features_at, labels_at, attributes_at, _, _ = (
        HEADER.unpack_from(content)
    )
    assert (magic, kind) == (b"lCRF", b"FOMC"), "not a first-order model of CRFsuite"
    chunk, _, count = FEATURES_HEADER.unpack_from(content, features_at)
    assert chunk == b"FEAT", "no block of features where the header says"
    features = np.frombuffer(content, FEATURE, count, features_at + FEATURES_HEADER.size)
    state = np.zeros((attribute_count, label_count))
    transitions = np.zeros((label_count, label_count))
    for weights, kind_of_feature in ((state, STATE), (transitions, TRANSITION)):
        chosen = features[features["type"] == kind_of_feature]
        weights[chosen["source"], chosen["destination"]] = chosen["weight"]
    return CrfWeights(
        _strings(content, labels_at, label_count),
        _strings(content, attributes_at, attribute_count),
        state,
        transitions,
    )


def _strings(content: bytes, at: int, count: int) -> list[str]:
    """Read the strings of a table, ordered by their numbers."""
    found = [""] * count
    place = at + TABLE_HEADER_SIZE
    for _ in range(count):
        number, size = RECORD.unpack_from(content, place)
        place += RECORD.size
        found[number] = content[place : place + size - 1].decode()  # the last byte is a zero
        place += size
    return found
