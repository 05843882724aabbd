"""What was found in a part of a pool's files, with what could not be read; as bytes, it travels between workers.

Parts are merged in any order and shape of tree. A file that cannot be read is left out as a whole, so the parts of one
file are joined before they are merged with others.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from canvass.errors import EngineError
from canvass.selection.partial import SCHEMA, Counters, Partial
from canvass.selection.several import merge_each
from canvass.selection.sketch import REGISTERS

ROW = pa.struct(list(SCHEMA))
PLANS = pa.schema(
    [
        ("size", pa.int64()),
        ("counters", pa.list_(pa.int64())),
        ("distinct", pa.binary()),
        ("distinct_passed", pa.binary()),
        ("passed", pa.list_(ROW)),
        ("fill", pa.list_(ROW)),
    ]
)
VERSION = 1
ANYWHERE = (1 << 62, 0)


@dataclass(frozen=True)
class Faults:
    """How many lines or files were left out, and the sentence of the first; `place` is (file, start of the part)."""

    count: int = 0
    first: str = ""
    place: tuple[int, int] = ANYWHERE

    def __add__(self, other: Faults) -> Faults:
        first = min(self, other, key=lambda one: one.place)
        return Faults(self.count + other.count, first.first, first.place)


@dataclass(frozen=True)
class Part:
    """The partials of each plan; `unreadable` is set in a part of a file that cannot be read."""

    partials: tuple[Partial, ...]
    bad_lines: Faults = Faults()
    bad_files: Faults = Faults()
    unreadable: Faults | None = None

    def to_bytes(self) -> bytes:
        """Write an Arrow stream of one batch, compressed: a row for each plan."""
        facts = json.dumps(
            {name: None if one is None else asdict(one) for name, one in self._faults().items()}
        )
        schema = PLANS.with_metadata({"version": str(VERSION), "faults": facts})
        columns: list[Any] = [
            pa.array([one.size for one in self.partials], pa.int64()),
            pa.array([list(asdict(one.counters).values()) for one in self.partials], pa.list_(pa.int64())),
            *(
                pa.array([getattr(one, name).tobytes() for one in self.partials], pa.binary())
                for name in ("distinct", "distinct_passed")
            ),
            *(_lists([getattr(one, name) for one in self.partials]) for name in ("passed", "fill")),
        ]
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
            stream.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
        return bytes(sink.getvalue().to_pybytes())

    def _faults(self) -> dict[str, Faults | None]:
        return {"bad_lines": self.bad_lines, "bad_files": self.bad_files, "unreadable": self.unreadable}

    @classmethod
    def of_bytes(cls, data: bytes) -> Part:
        """Read what `to_bytes` wrote; raises EngineError where it is something else."""
        try:
            with pa.ipc.open_stream(data) as stream:
                batch = stream.read_next_batch()
                facts = json.loads(stream.schema.metadata[b"faults"])
                _check(stream.schema)
            batch.validate(full=True)
            partials = tuple(_partial(batch, row) for row in range(batch.num_rows))
            unreadable = facts["unreadable"] and _fault(facts["unreadable"])
            return cls(partials, _fault(facts["bad_lines"]), _fault(facts["bad_files"]), unreadable)
        except (pa.ArrowException, ValueError, KeyError, TypeError, StopIteration, OSError) as error:
            raise EngineError(
                f"a worker sent something else than the best of its part ({error}); install the same canvass on the "
                "client and on every worker"
            ) from error


def _check(schema: pa.Schema) -> None:
    if schema.metadata[b"version"] != str(VERSION).encode() or schema != PLANS:
        raise ValueError("another version of the format")


def _fault(record: dict[str, Any]) -> Faults:
    return Faults(int(record["count"]), str(record["first"]), (record["place"][0], record["place"][1]))


def _lists(tables: list[pa.Table]) -> pa.Array:
    """Put tables into one column, each as the list of its rows."""
    ends = np.cumsum([0, *(table.num_rows for table in tables)], dtype=np.int32)
    rows = pa.concat_tables(tables).combine_chunks()
    columns = [column.chunk(0) if column.num_chunks else pa.array([], column.type) for column in rows.columns]
    return pa.ListArray.from_arrays(pa.array(ends), pa.StructArray.from_arrays(columns, fields=list(SCHEMA)))


def _partial(batch: pa.RecordBatch, row: int) -> Partial:
    sketches = []
    for name in ("distinct", "distinct_passed"):
        sketch = np.frombuffer(batch[name][row].as_py(), dtype=np.uint8)
        if len(sketch) != REGISTERS:
            raise ValueError(f"a sketch of {len(sketch)} registers")
        sketches.append(sketch)
    tables = [
        pa.Table.from_arrays(batch[name][row].values.flatten(), schema=SCHEMA) for name in ("passed", "fill")
    ]
    counters = Counters(*batch["counters"][row].as_py())
    return Partial(batch["size"][row].as_py(), tables[0], tables[1], counters, sketches[0], sketches[1])


def merge(one: Part, other: Part) -> Part:
    """Merge what was found in different files."""
    one, other = settled(one), settled(other)
    return Part(
        merge_each(one.partials, other.partials),
        one.bad_lines + other.bad_lines,
        one.bad_files + other.bad_files,
    )


def join(one: Part, other: Part, *, tolerated: int | None) -> Part:
    """Join parts of one file: if any cannot be read, none counts.

    Neither can a file with more bad lines than are `tolerated`; None leaves that to whoever finishes.
    """
    wrong = [part.unreadable for part in (one, other) if part.unreadable is not None]
    both = merge(replace(one, unreadable=None), replace(other, unreadable=None))
    if not wrong and tolerated is not None and both.bad_lines.count > tolerated:
        wrong = [both.bad_lines]
    if not wrong:
        return both
    empty = tuple(Partial.empty(partial.size) for partial in both.partials)
    return Part(empty, unreadable=min(wrong, key=lambda fault: fault.place))


def settled(part: Part) -> Part:
    """Turn a file that cannot be read into a part with nothing in it, which says so."""
    if part.unreadable is None:
        return part
    empty = tuple(Partial.empty(one.size) for one in part.partials)
    return Part(empty, bad_files=replace(part.unreadable, count=1))
