"""What client and workers send each other, as bytes: plans to the workers, results from them. Nothing is pickled.

Plans are npz and JSON with sparse weights, a digest and canvass's version; results are Arrow streams, one of the best
requests and, where keys are sampled, one of these behind it.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canvass import __version__
from canvass.archive import packed, unpacked
from canvass.errors import EngineError, ModelFileError, OptionError
from canvass.features.key_sample import KeySample
from canvass.models.nlu import NLU
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.multi_target import Plans
from canvass.selection.partial import SCHEMA, Counters, Partial
from canvass.selection.plan import Plan
from canvass.selection.seed_phrases import SeedPhrases, SeedPlan
from canvass.selection.shard_result import Faults, ShardResult, join_results, merge_results
from canvass.selection.sketch import REGISTERS
from canvass.strategies import strategy_named

KIND = "plans"
PLANS_VERSION = 1
NAME = "the plan that was sent to this worker"
_LOCK = threading.Lock()

RESULT_VERSION = 3
ROW = pa.struct(list(SCHEMA))
# A row for each plan.
RESULT_SCHEMA = pa.schema(
    [
        ("capacity", pa.int64()),
        ("counters", pa.list_(pa.int64())),
        ("distinct", pa.binary()),
        ("distinct_passed", pa.binary()),
        ("passed", pa.list_(ROW)),
        ("backfill", pa.list_(ROW)),
    ]
)


SAMPLE_SCHEMA = pa.schema([("key", pa.string())])


@dataclass(frozen=True)
class PackedPlans:
    """Plans as bytes, and the SHA-256 that tells whether they have arrived as they were sent."""

    data: bytes
    digest: str

    @classmethod
    def of(cls, plans: Plans) -> PackedPlans:
        """Pack plans; same plans, same bytes."""
        data = plans_to_bytes(plans)
        return cls(data, hashlib.sha256(data).hexdigest())

    def open(self) -> Plans:
        """Unpack them, once a process: the next call with the same digest returns the same object.

        Raises EngineError if the bytes are not those of the digest, or were made by another canvass.
        """
        with _LOCK:  # the threads of a worker start together; one of them unpacks
            return _open(self)


@functools.lru_cache(maxsize=2)
def _open(plans: PackedPlans) -> Plans:
    digest = hashlib.sha256(plans.data).hexdigest()
    if digest != plans.digest:
        raise EngineError(
            f"{NAME} is not what the client sent (its digest is {digest[:12]}..., expected "
            f"{plans.digest[:12]}...); run again, and look at the network or the memory of the worker"
        )
    return plans_of_bytes(plans.data)


def plans_to_bytes(plans: Plans) -> bytes:
    """Pack plans of one labelled set; models that several plans share are packed once."""
    assert not plans.samples, "samples need the frequencies of the pool, which stay where they were counted"
    models = list({id(plan.nlu): plan.nlu for plan in plans.plans}.values())
    place = {id(model): number for number, model in enumerate(models)}
    headers = []
    arrays: dict[str, NDArray[Any]] = {}
    for number, model in enumerate(models):
        header, arrays_of_model = model.to_parts()
        headers.append(header)
        arrays |= {f"{number}_{name}": array for name, array in arrays_of_model.items()}
    keys = [key.encode() for key in sorted(plans.plans[0].excluded.keys)]
    arrays["excluded_ends"] = np.cumsum([len(key) for key in keys], dtype=np.int64)
    arrays["excluded_keys"] = np.frombuffer(b"".join(keys), dtype=np.uint8)
    records = [
        {
            "model": place[id(plan.nlu)],
            "strategy": plan.strategy.name,
            "size": plan.size,
            "seed": plan.seed,
            "max_tokens": plan.max_tokens,
            "variety": plan.variety,
            "shortlist": plan.shortlist,
            "seeds": [plan.seeds.phrases, plan.seeds.alike] if isinstance(plan, SeedPlan) else None,
        }
        for plan in plans.plans
    ]
    header = {"canvass": __version__, "models": headers, "plans": records}
    return packed(KIND, PLANS_VERSION, header, arrays)


def plans_of_bytes(data: bytes) -> Plans:
    """Unpack plans, checking versions, shapes and types.

    Raises EngineError if another canvass made them; ModelFileError if they are damaged.
    """
    header, arrays = unpacked(io.BytesIO(data), NAME, KIND, PLANS_VERSION)
    made_by = header.get("canvass")
    if made_by != __version__:
        raise EngineError(version_sentence(str(made_by), {f"has {__version__}"}))
    try:
        models = [
            NLU.of_parts(
                model,
                {
                    name.partition("_")[2]: array
                    for name, array in arrays.items()
                    if name.partition("_")[0] == str(number)
                },
                NAME,
            )
            for number, model in enumerate(header["models"])
        ]
        excluded = ExcludedKeys(_keys(arrays["excluded_ends"], arrays["excluded_keys"]))
        return Plans(tuple(_plan(record, models, excluded) for record in header["plans"]))
    except EngineError:
        raise
    except (
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        AssertionError,
        OptionError,
    ) as error:
        raise ModelFileError(f"{NAME} is damaged: {error}") from error


def _plan(record: dict[str, Any], models: list[NLU], excluded: ExcludedKeys) -> Plan:
    numbers = [record[name] for name in ("model", "size", "seed", "max_tokens")]
    if not all(type(number) is int for number in numbers) or not 0 <= numbers[0] < len(models):
        raise ValueError("a number of a plan makes no sense")
    options = dict(zip(("size", "seed", "max_tokens"), numbers[1:], strict=True))
    options["variety"] = record["variety"] is True
    model = models[numbers[0]]
    if record["seeds"] is not None:
        phrases, alike = record["seeds"]
        seeds = SeedPhrases(tuple(phrases), tuple((word, of_phrase) for word, of_phrase in alike))
        return SeedPlan.of_phrases(seeds, model.target, model.positives, excluded, **options)
    strategy_named(record["strategy"])
    shortlist = record["shortlist"]
    if type(shortlist) is not int or shortlist < 0:
        raise ValueError("the shortlist makes no sense")
    return Plan.of(model, excluded, strategy=record["strategy"], shortlist=shortlist, **options)


def _keys(ends: NDArray[np.int64], data: NDArray[np.uint8]) -> list[str]:
    if ends.dtype != np.int64 or data.dtype != np.uint8 or ends.ndim != 1 or data.ndim != 1:
        raise ValueError("the excluded keys have a wrong type")
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    if np.any(starts > ends) or (int(ends[-1]) if len(ends) else 0) != len(data):
        raise ValueError("the excluded keys do not fit together")
    joined = data.tobytes()
    return [joined[start:end].decode() for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def version_sentence(client: str, workers: set[str]) -> str:
    """Say that client and workers do not run the same canvass."""
    return (
        f"the client runs canvass {client}, but a worker {' and '.join(sorted(workers))}; install the same version "
        "on the client and on every worker, since another one may choose others"
    )


def result_to_bytes(result: ShardResult) -> bytes:
    """Write a result as a compressed Arrow stream of one batch, with a row for each plan; then the sample, if any."""
    faults = {
        name: None if value is None else asdict(value)
        for name, value in (
            ("bad_lines", result.bad_lines),
            ("bad_files", result.bad_files),
            ("unreadable", result.unreadable),
        )
    }
    schema = RESULT_SCHEMA.with_metadata({"version": str(RESULT_VERSION), "faults": json.dumps(faults)})
    partials = result.partials
    columns: list[Any] = [
        pa.array([partial.capacity for partial in partials], pa.int64()),
        pa.array([list(asdict(partial.counters).values()) for partial in partials], pa.list_(pa.int64())),
        pa.array([partial.distinct.tobytes() for partial in partials], pa.binary()),
        pa.array([partial.distinct_passed.tobytes() for partial in partials], pa.binary()),
        _lists_of_rows([partial.passed for partial in partials]),
        _lists_of_rows([partial.backfill for partial in partials]),
    ]
    sink = pa.BufferOutputStream()
    _write(sink, columns, schema)
    if result.sample is not None:
        keys, bound = result.sample.to_parts()
        limits = json.dumps({"limit": result.sample.limit, "bound": bound})
        _write(sink, [keys], SAMPLE_SCHEMA.with_metadata({"limits": limits}))
    return bytes(sink.getvalue().to_pybytes())


def _write(sink: Any, columns: list[Any], schema: pa.Schema) -> None:
    with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        stream.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def result_of_bytes(data: bytes) -> ShardResult:
    """Read what `result_to_bytes` wrote; raises EngineError where it is something else."""
    try:
        reader = pa.BufferReader(data)
        with pa.ipc.open_stream(reader) as stream:
            batch = stream.read_next_batch()
            # Up to the end of the stream: a sample may stand behind it.
            if stream.read_all().num_rows:
                raise ValueError("more than one batch")  # noqa: TRY301 - as below
            metadata = stream.schema.metadata
            faults = json.loads(metadata[b"faults"])
            if metadata[b"version"] != str(RESULT_VERSION).encode() or stream.schema != RESULT_SCHEMA:
                raise ValueError("another version of the format")  # noqa: TRY301 - one sentence for all of these
        batch.validate(full=True)
        return ShardResult(
            tuple(_partial(batch, row) for row in range(batch.num_rows)),
            _faults(faults["bad_lines"]),
            _faults(faults["bad_files"]),
            faults["unreadable"] and _faults(faults["unreadable"]),
            _sample(reader) if reader.tell() < reader.size() else None,
        )
    except (pa.ArrowException, ValueError, KeyError, TypeError, StopIteration, OSError) as error:
        raise EngineError(
            f"a worker sent something else than the best of its shard ({error}); install the same canvass on the "
            "client and on every worker"
        ) from error


def _sample(reader: pa.BufferReader) -> KeySample:
    with pa.ipc.open_stream(reader) as stream:
        keys = stream.read_next_batch()
        limits = json.loads(stream.schema.metadata[b"limits"])
        if stream.schema != SAMPLE_SCHEMA:
            raise ValueError("another version of the sample")
    keys.validate(full=True)
    sample = KeySample(int(limits["limit"]), float(limits["bound"]))
    sample.add(keys.column("key"))
    return sample


def merge_bytes(results: Iterable[bytes]) -> bytes:
    """Merge results of different files, from bytes to bytes."""
    return result_to_bytes(functools.reduce(merge_results, map(result_of_bytes, results)))


def join_bytes(tolerated: int | None, results: Iterable[bytes]) -> bytes:
    """Join results of ranges of one file, from bytes to bytes."""
    join = functools.partial(join_results, tolerated=tolerated)
    return result_to_bytes(functools.reduce(join, map(result_of_bytes, results)))


def _faults(record: dict[str, Any]) -> Faults:
    return Faults(int(record["count"]), str(record["first"]), (record["place"][0], record["place"][1]))


def _lists_of_rows(tables: list[pa.Table]) -> pa.Array:
    """Put tables into one column, each as the list of its rows."""
    ends = np.cumsum([0, *(table.num_rows for table in tables)], dtype=np.int32)
    rows = pa.concat_tables(tables).combine_chunks()
    columns = [column.chunk(0) if column.num_chunks else pa.array([], column.type) for column in rows.columns]
    return pa.ListArray.from_arrays(pa.array(ends), pa.StructArray.from_arrays(columns, fields=list(SCHEMA)))


def _partial(batch: pa.RecordBatch, row: int) -> Partial:
    return Partial(
        batch["capacity"][row].as_py(),
        pa.Table.from_arrays(batch["passed"][row].values.flatten(), schema=SCHEMA),
        pa.Table.from_arrays(batch["backfill"][row].values.flatten(), schema=SCHEMA),
        Counters(*batch["counters"][row].as_py()),
        _sketch(batch["distinct"][row].as_py()),
        _sketch(batch["distinct_passed"][row].as_py()),
    )


def _sketch(data: bytes) -> NDArray[np.uint8]:
    sketch = np.frombuffer(data, dtype=np.uint8)
    if len(sketch) != REGISTERS:
        raise ValueError(f"a sketch of {len(sketch)} registers")
    return sketch
