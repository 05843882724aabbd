"""Run a job on a Dask cluster, or choose from a Dask collection: a task for each shard or partition, a tree of merges.

The plans are a task's result that workers share. What travels are bytes and plain types; nothing that a worker sends is
unpickled into objects of canvass.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name
from typing import Any, Self

import pyarrow as pa

from canvass import __version__
from canvass.corpus.formats.column_names import Columns, missing_column
from canvass.corpus.formats.columns import other_columns
from canvass.corpus.shards import ReadOptions, Shard
from canvass.errors import CanvassError, EngineError, InputError, needing
from canvass.processors import processors
from canvass.selection.batch_file import Batch
from canvass.selection.job import Job, Progress, score_rows, score_shard
from canvass.selection.multi_target import Plans
from canvass.selection.shard_result import ShardResult
from canvass.selection.wire import (
    PackedPlans,
    join_bytes,
    merge_bytes,
    result_of_bytes,
    result_to_bytes,
    version_sentence,
)

FAN_IN = 16  # results that one task merges
WAIT = 60  # seconds for the first worker
POLL = 0.1  # seconds


@dataclass(frozen=True)
class Dask:
    """A cluster by the address of its scheduler, or a client of it; without either, one in this process is started.

    `threads` is how many work on a cluster of this process, all processors by default; `timeout` the seconds to wait
    for a scheduler.
    """

    scheduler: str | None = None
    client: Any = None
    threads: int | None = None
    timeout: float = 20

    def run(self, job: Job, progress: Progress | None = None) -> ShardResult:
        """Score all shards on the cluster.

        Raises
        ------
        EngineError
            If the cluster cannot be reached, gives up, or runs another canvass.
        InputError, FileError
            If a file cannot be read.

        """
        shards = job.shards
        with self._connected() as client, translate_errors(self.scheduler or "the scheduler"):
            check_versions(client)
            with _Tasks(client) as tasks:
                plans = tasks.send(job.packed_plans)
                leaves = tasks.map(
                    _score_shard,
                    [shard.to_record() for shard in shards],
                    plans=plans,
                    digest=job.packed_plans.digest,
                    options=job.read_options.to_record(),
                    sample=job.sample,
                    topic=tasks.name,
                )
                split_files: dict[int, list[Any]] = {}
                results = []
                for shard, leaf in zip(shards, leaves, strict=True):
                    if shard.split_file is None:
                        results.append(leaf)
                    else:
                        split_files.setdefault(shard.split_file, []).append(leaf)
                join = partial(join_bytes, job.read_options.tolerated)
                results += [tasks.reduce(join, ranges) for ranges in split_files.values()]
                with _reported(client, tasks.name, shards, progress) as report_rest:
                    result = tasks.result(tasks.reduce(merge_bytes, results))
                    report_rest(result.rows)
                    return result

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        with needing("the Dask engine needs Dask's distributed scheduler", "dask"):
            import distributed
        library: Any = distributed  # not all of it has types
        if self.client is not None:
            yield self.client
            return
        if self.scheduler is None:
            # In this process: kernels do not hold the interpreter's lock, so that more processes would gain nothing.
            with (
                library.LocalCluster(
                    n_workers=1,
                    threads_per_worker=self.threads or processors(),
                    processes=False,
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                ) as cluster,
                library.Client(cluster, set_as_default=False) as client,
            ):
                yield client
            return
        try:
            client = library.Client(self.scheduler, timeout=self.timeout, set_as_default=False)
        except (OSError, ValueError) as error:
            raise EngineError(
                f"--scheduler {self.scheduler}: no Dask scheduler answers there ({_first_line(error)}); check the "
                "address, and that it runs"
            ) from error
        with client:
            yield client


def batches_of(
    plans: Plans,
    collection: Any,
    client: Any,
    *,
    columns: Columns = Columns(),  # noqa: B008 - frozen
) -> tuple[Batch, ...]:
    """Choose a batch for each plan from all rows of a collection, on the cluster of a client.

    The collection is what has partitions (`to_delayed`), or a list of delayed objects; a partition is a pandas or
    Arrow table, or an iterable of dicts or texts. With `others` in `columns`, a batch keeps their other columns. For
    files, `canvass.select(plan, pool, engine=Dask(...))` is faster.

    Raises
    ------
    EngineError
        As `Dask.run`.
    InputError
        If a column is missing or of a wrong type, or a value is bad.

    """
    if plans.model_columns and not columns.model:
        if not hasattr(collection, "columns"):
            raise InputError(
                "the strategy ranks by columns of a model, and this collection does not say which it has; say it, as "
                "in Columns(model=('score',))"
            )
        columns = columns.with_model(plans.model_columns, list(collection.columns), "the collection")
    delayed = collection.to_delayed() if hasattr(collection, "to_delayed") else list(collection)
    packed = PackedPlans.of(plans)
    with translate_errors("the scheduler"):
        check_versions(client)
        with _Tasks(client) as tasks:
            leaves = tasks.map(
                _score_partition,
                client.compute(list(delayed)),
                plans=tasks.send(packed),
                digest=packed.digest,
                columns=columns,
            )
            result = tasks.result(tasks.reduce(merge_bytes, leaves))
    return plans.finish(result.partials)


class _Tasks:
    """The tasks of one job on a cluster: cancelled when the block is left by an exception, Ctrl-C among them."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._futures: list[Any] = []
        self.name = f"canvass-{uuid.uuid4().hex}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            # What has not begun is not begun, and what runs is forgotten.
            with contextlib.suppress(Exception):
                self._client.cancel(self._futures, force=True)

    def send(self, plans: PackedPlans) -> Any:
        """Hold plans in the cluster: a task's result, so that it is made again where the worker that held it dies."""
        future = self._client.submit(bytes, plans.data, key=f"{self.name}-plan")
        self._futures.append(future)
        return future

    def map(self, function: Callable[..., bytes], items: Sequence[Any], **options: Any) -> list[Any]:
        """Call a function with each item and its number, wherever a worker is free."""
        # Keys of one group to Dask, which hands its tasks out one by one; single tasks would all be sent to the worker
        # that holds the plans.
        keys = [(f"{self.name}-score", number) for number in range(len(items))]
        futures: list[Any] = self._client.map(function, items, range(len(items)), key=keys, **options)
        self._futures += futures
        return futures

    def reduce(self, function: Callable[[list[bytes]], bytes], futures: Sequence[Any]) -> Any:
        """Reduce results in a tree of tasks; returns the future of its root."""
        while len(futures) > 1:
            futures = [
                self._client.submit(
                    function, list(futures[start : start + FAN_IN]), key=f"{self.name}-{uuid.uuid4().hex}"
                )
                for start in range(0, len(futures), FAN_IN)
            ]
            self._futures += futures
        return futures[0]

    def result(self, future: Any) -> ShardResult:
        """Wait in short naps: Ctrl-C may go to another thread, and this one hears it when it wakes."""
        while not future.done():
            time.sleep(POLL)
        return result_of_bytes(future.result())


def check_versions(client: Any) -> None:
    """Refuse workers with another canvass, before anything is sent that they could misread."""
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError as error:
        raise EngineError(
            f"the scheduler answers, but no worker came within {WAIT} seconds; start some, or look at their logs"
        ) from error
    # A function of the standard library, which every worker has, whatever else it lacks.
    answers = client.run(resolve_name, "canvass:__version__", on_error="return").values()
    versions = {f"has {answer}" if isinstance(answer, str) else "has none" for answer in answers}
    if versions != {f"has {__version__}"}:
        raise EngineError(version_sentence(__version__, versions - {f"has {__version__}"}))


def _score_shard(
    record: list[Any],
    number: int,
    *,
    plans: bytes,
    digest: str,
    options: dict[str, Any],
    sample: int | None,
    topic: str,
) -> bytes:
    from distributed import get_worker

    opened = PackedPlans(plans, digest).open()
    result = score_shard(opened, ReadOptions.of_record(options), Shard.of_record(record), sample)
    get_worker().log_event(topic, {"shard": number, "rows": result.rows})
    return result_to_bytes(result)


def _score_partition(partition: Any, number: int, *, plans: bytes, digest: str, columns: Columns) -> bytes:
    where = f"partition {number} of the collection"
    opened = PackedPlans(plans, digest).open()
    return result_to_bytes(score_rows(opened, _batches(partition, columns, where), columns, where))


def _batches(partition: Any, columns: Columns, where: str) -> Iterable[pa.RecordBatch]:
    """Make Arrow batches of a partition, with the columns of a pool."""
    if isinstance(partition, pa.Table | pa.RecordBatch):
        table = partition
    elif hasattr(partition, "columns"):
        names = _read_names(partition.columns, columns)
        if columns.text not in names:
            raise missing_column(where, columns.text, list(partition.columns), "Columns(text=...)")
        table = pa.Table.from_pandas(partition[names], preserve_index=False)
    else:
        records = [{columns.text: row} if isinstance(row, str) else row for row in partition]
        known = list(dict.fromkeys(name for record in records for name in record))
        if records and columns.text not in known:
            raise missing_column(where, columns.text, known, "Columns(text=...)")
        names = _read_names(known, columns)
        try:
            table = pa.table({name: [record.get(name) for record in records] for name in names})
        except pa.ArrowException as error:
            raise InputError(
                f"{where}: {error}; expected texts, or records with one kind of value a column"
            ) from error
    if table.num_rows == 0:
        return []
    return table.to_batches() if isinstance(table, pa.Table) else [table]


def _read_names(names: Sequence[Any], columns: Columns) -> list[str]:
    """Name the columns that are read: those of a pool, and those that the batch keeps."""
    words = [name for name in names if isinstance(name, str)]
    return [*(name for name in columns.of_a_pool() if name in words), *other_columns(words, columns)]


@contextlib.contextmanager
def _reported(
    client: Any, topic: str, shards: Sequence[Shard], progress: Progress | None
) -> Iterator[Callable[[int], None]]:
    """Report each shard once, though it may be scored again after its worker has died.

    Events may come after the result: whoever has that calls what is yielded with the rows of all shards.
    """
    if progress is None:
        yield lambda _rows: None
        return
    rows_of: dict[int, int] = {}
    lock = threading.Lock()
    done = False

    def report(event: tuple[float, dict[str, int]]) -> None:
        shard, rows = event[1]["shard"], event[1]["rows"]
        with lock:
            if shard not in rows_of and not done:
                rows_of[shard] = rows
                progress(rows, shards[shard].size)

    def report_rest(rows: int) -> None:
        nonlocal done
        with lock:
            done = True
            rest = [shard for number, shard in enumerate(shards) if number not in rows_of]
            if rest:
                progress(max(rows - sum(rows_of.values()), 0), sum(shard.size for shard in rest))

    client.subscribe_topic(topic, report)
    try:
        yield report_rest
    finally:
        with contextlib.suppress(Exception):
            client.unsubscribe_topic(topic)


@contextlib.contextmanager
def translate_errors(address: str) -> Iterator[None]:
    """Put what goes wrong in a cluster into a sentence."""
    from distributed import CancelledError, KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        yield
    except CanvassError:
        raise
    except KilledWorker as error:
        raise EngineError(
            f"a worker died again and again while it scored the same shard (the last was {error.last_worker.address}); "
            "look at its log, give workers more memory, or fewer threads"
        ) from error
    except (CancelledError, CommClosedError, TimeoutError, OSError) as error:
        raise EngineError(
            f"{address} went away before the job was done ({_first_line(error)}); nothing was written, run it again "
            "when it is back"
        ) from error
    except ImportError as error:
        raise EngineError(
            f"a worker cannot load canvass ({_first_line(error)}); install canvass {__version__} on every worker"
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", maxsplit=1)[0] or type(error).__name__
