"""Traffic by day: how much a group has grown from the older half of a pool to the newer.

The day of a request is that of a column of the pool or of its path, or else the one that the name of its file has, as
in `date=2026-11-01/part-0.parquet`. Sums are whole numbers, so that order, threads and blocks change nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from canvass.corpus.formats.columns import OTHERS
from canvass.corpus.formats.format import Block
from canvass.corpus.where import partition_of
from canvass.errors import InputError, shown

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
DAY_LENGTH = len("2026-11-01")

ByDay = dict[str, "NDArray[np.int64]"]
"""Sums of counts, int64 (G,), of each day."""


class Halves(NamedTuple):
    """Sums of counts, int64 (G,) each, before the day `since` and from it on."""

    since: str
    older: NDArray[np.int64]
    newer: NDArray[np.int64]


def day_of_file(file: str) -> str | None:
    """Find the last date in the name of a file.

    >>> day_of_file("logs/date=2026-11-01/part-0.parquet"), day_of_file("pool.jsonl")
    ('2026-11-01', None)
    """
    days = DAY.findall(file)
    return days[-1] if days else None


def has_days(files: Sequence[str]) -> bool:
    """Tell whether the name of every file has a date."""
    return bool(files) and all(map(day_of_file, files))


def days_of(block: Block, column: str | None) -> pa.Array:
    """Give the day of each row, string (N,), null where `column` has no value; None takes the name of the file.

    Raises InputError if a value does not begin with a day.
    """
    partition = partition_of(block.file)
    if column is None or column in partition:
        day = day_of_file(block.file) if column is None else day_of_file(partition[column] or "")
        return pa.repeat(pa.scalar(day, pa.string()), len(block.batch))
    others = block.batch.column(OTHERS) if OTHERS in block.batch.schema.names else None
    if others is not None and not pa.types.is_struct(others.type):  # whole records as JSON
        values = [json.loads(record).get(column) for record in others.to_pylist()]
        others = pa.StructArray.from_arrays(
            [pa.array([None if value is None else str(value) for value in values], pa.string())], [column]
        )
    if others is None or others.type.get_field_index(column) < 0:
        return pa.nulls(len(block.batch), pa.string())
    texts = pc.cast(others.field(column), pa.string())
    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    days = pc.utf8_slice_codeunits(texts, 0, DAY_LENGTH)
    wrong = pc.filter(texts, pc.invert(pc.match_substring_regex(days, f"^{DAY.pattern}$")))
    if len(wrong):
        raise InputError(
            f"{block.file or 'POOL'}: column {column!r}, which --date names, has {shown(wrong[0].as_py())}; expected a "
            "date or time such as 2026-11-01 or 2026-11-01T09:30:00"
        )
    return days


def sums_by_day(days: pa.Array, numbers: NDArray[np.int32], counts: NDArray[np.int64], size: int) -> ByDay:
    """Add up the counts, int64 (N,), of rows with a day: of each day and number, int32 (N,) below `size`."""
    encoded = days.dictionary_encode()
    places = pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy()
    sums = np.zeros((len(encoded.dictionary) + 1, size), dtype=np.int64)
    np.add.at(sums, (places, numbers), counts)
    return dict(zip(encoded.dictionary.to_pylist(), sums[:-1], strict=True))


def joined(left: ByDay, right: ByDay) -> ByDay:
    """Add up the sums of other rows."""
    return left | {day: sums + left.get(day, 0) for day, sums in right.items()}


def halves(by_day: Mapping[str, NDArray[np.int64]]) -> Halves | None:
    """Cut days in two, of traffic as nearly equal as days allow; None where there are fewer than two."""
    if len(by_day) < 2:  # noqa: PLR2004 - nothing is newer than the rest
        return None
    days = sorted(by_day)
    sums = np.stack([by_day[day] for day in days])
    before = sums.sum(axis=1).cumsum()
    cut = int(np.abs(2 * before[:-1] - before[-1]).argmin()) + 1
    return Halves(days[cut], sums[:cut].sum(axis=0), sums[cut:].sum(axis=0))
