"""Run a job on Spark, or choose from a Spark DataFrame: scored by `mapInArrow`, then one shuffle of small rows.

In a job the executors read the files themselves, through pyarrow; `choose` and `batches_of` take what Spark reads. What
travels are bytes and plain types.

    chosen = choose(plans, spark.table("logs.requests").where("day >= '2026-11-01'"), columns=Columns(text="utterance"))
    chosen.write.parquet("s3://annotation/next")
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any

import pyarrow as pa

from canvass import __version__, errors
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import other_columns
from canvass.corpus.shards import ReadOptions, Shard
from canvass.errors import EngineError, InputError, OptionError, needing
from canvass.processors import processors
from canvass.selection.batch_file import OWN_COLUMNS, SQL_TYPES, Batch, Column, batch_columns, batches_as_rows
from canvass.selection.job import Job, Progress, score_rows, score_shard
from canvass.selection.multi_target import Plans
from canvass.selection.shard_result import ShardResult
from canvass.selection.wire import PackedPlans, join_bytes, merge_bytes, result_of_bytes, result_to_bytes

# `merger` is the task that merges the row; `file` the number of a file that was split, and -1 where all of it is there.
SCHEMA = "merger long, file long, result binary"
WHOLE = -1
ARROW_TYPES = {name: kind for kind, name in SQL_TYPES.items()} | {
    "tinyint": pa.int64(),
    "smallint": pa.int64(),
    "int": pa.int64(),
    "float": pa.float64(),
}
MERGERS = 32  # tasks that merge the results of a DataFrame's partitions; the last task gets that many
POLL = 0.2  # seconds


@dataclass(frozen=True)
class Spark:
    """A Spark cluster by its master, or a session of it; without either, one on this machine is started.

    Inside `spark-submit` the master is the one that was submitted to. `threads` is how many work on this machine.
    """

    master: str | None = None
    session: Any = None
    threads: int | None = None

    def run(self, job: Job, progress: Progress | None = None) -> ShardResult:
        """Score all shards on the cluster.

        Raises
        ------
        EngineError
            If Spark cannot be started, gives up, or an executor has another canvass.
        InputError, FileError
            If a file cannot be read.

        """
        shards = job.shards  # what cannot be read by a cluster is refused before one is started
        with translate_errors(self.master), self._session() as session:
            return _run(session, job, shards, progress)

    @contextlib.contextmanager
    def _session(self) -> Iterator[Any]:
        with needing("the Spark engine needs PySpark", "spark"):
            from pyspark.sql import SparkSession
        if self.session is not None:
            yield self.session
            return
        builder = SparkSession.builder.appName("canvass")
        submitted = "PYSPARK_GATEWAY_PORT" in os.environ
        master = self.master
        if master is None and not submitted:
            master = f"local[{self.threads or processors()}]"
        if master is not None:
            builder = builder.master(master)
        if master is not None and master.startswith("local"):
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            # Names of this machine may lead nowhere, and nobody looks at the page of a short job.
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
            builder = builder.config("spark.ui.enabled", "false").config("spark.log.level", "OFF")
        session = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
        try:
            yield session
        finally:
            session.stop()


def choose(plans: Plans, frame: Any, *, columns: Columns = Columns(), mergers: int = MERGERS) -> Any:  # noqa: B008
    """Make the DataFrame of the choices, in rank order: the columns of a batch file (docs/files.md).

    With `others` in `columns`, all other columns of `frame` follow: numbers, truths and strings as they are, anything
    else as JSON. Only what is written is read. `mergers` is how many tasks merge the results of its partitions; the
    choices do not depend on it, nor on the partitions. Nothing runs before an action, as with every DataFrame; it works
    on Spark Connect and Databricks, too.
    """
    if any(plan.scorer for plan in plans.plans):
        raise OptionError(
            "a scorer is asked by the client, and `choose` chooses on the cluster; take `batches_of`"
        )
    chosen_columns = batch_columns(
        several_targets=len(plans.plans) > 1,
        committee=any(plan.nlu.committee is not None for plan in plans.plans),
        intents=any(plan.nlu.intent_names or plan.strategy.columns for plan in plans.plans),
        slots=any(plan.nlu.tagger is not None for plan in plans.plans),
    )
    types = dict(frame.dtypes)
    chosen_columns += [
        Column(name, ARROW_TYPES.get(types[name], pa.string()), itemgetter(name))
        for name in other_columns(frame.columns, columns)
        if name not in OWN_COLUMNS
    ]
    packed = PackedPlans.of(plans)
    results = _score_frame(plans, packed, frame, columns, mergers).repartition(1)
    schema = ", ".join(f"`{column.name}` {SQL_TYPES[column.type]}" for column in chosen_columns)
    return results.mapInArrow(partial(_finish, packed, chosen_columns), schema)


def batches_of(
    plans: Plans,
    frame: Any,
    *,
    columns: Columns = Columns(),  # noqa: B008 - frozen
    mergers: int = MERGERS,
) -> tuple[Batch, ...]:
    """Run the same now, and give the batches with their counters and warnings; raises as `Spark.run`."""
    with translate_errors(None):
        rows = _score_frame(plans, PackedPlans.of(plans), frame, columns, mergers).collect()
    return plans.finish(result_of_bytes(merge_bytes(bytes(row["result"]) for row in rows)).partials)


def _score_frame(plans: Plans, packed: PackedPlans, frame: Any, columns: Columns, mergers: int) -> Any:
    columns = columns.with_model(plans.model_columns, frame.columns, "the DataFrame")
    names = [name for name in columns.of_a_pool() if name in frame.columns]
    names += other_columns(frame.columns, columns)
    if columns.text not in names:
        raise InputError(
            f"the DataFrame has no column {columns.text!r} (it has {', '.join(frame.columns[:12])}); name the text "
            "with Columns(text=...)"
        )
    selected = frame.select(*(f"`{name}`" for name in names))
    scored = selected.mapInArrow(partial(_score_partition, packed, columns), SCHEMA)
    return scored.repartition(mergers).mapInArrow(partial(_merge, None), SCHEMA)


def _score_partition(
    packed: PackedPlans, columns: Columns, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    from pyspark import TaskContext

    task = TaskContext.get()
    where = f"partition {task.partitionId()} of the DataFrame" if task is not None else "the DataFrame"
    yield _row(0, WHOLE, result_to_bytes(score_rows(packed.open(), batches, columns, where)))


def _finish(
    packed: PackedPlans, columns: list[Column], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    results = [result for _, result in _files_and_results(batches)]
    if results:
        plans = packed.open()
        yield batches_as_rows(columns, plans.finish(result_of_bytes(merge_bytes(results)).partials))


def _run(session: Any, job: Job, shards: Sequence[Shard], progress: Progress | None) -> ShardResult:
    """Score in one stage, merge in another with as many tasks as each merges results, and the last here."""
    context = session.sparkContext
    done = None if progress is None else _accumulator(context)
    plans = context.broadcast(job.packed_plans.data)
    tolerated = job.read_options.tolerated
    count = len(shards)
    mergers = math.isqrt(count - 1) + 1
    score = _ScoreShards(
        plans,
        job.packed_plans.digest,
        job.read_options.to_record(),
        [shard.to_record() for shard in shards],
        mergers,
        job.sample,
        done,
    )
    scored = session.range(0, count, 1, count).mapInArrow(score, SCHEMA)
    if mergers > 1:
        scored = scored.repartition(mergers, "merger").mapInArrow(partial(_merge, tolerated), SCHEMA)
    reported: dict[int, int] = {}

    def report() -> None:
        if progress is not None and done is not None:
            for number, rows in done.value.items() - reported.items():
                reported[number] = rows
                progress(rows, shards[number].size)

    try:
        rows = _collect(context, scored, report)
    finally:
        with contextlib.suppress(Exception):
            plans.destroy()
    return result_of_bytes(_merged(tolerated, ((row["file"], bytes(row["result"])) for row in rows)))


@dataclass(frozen=True)
class _ScoreShards:
    """What an executor does with rows that are the numbers of shards."""

    plans: Any
    digest: str
    options: dict[str, Any]
    shards: list[Any]
    mergers: int
    sample: int | None
    done: Any

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        options = ReadOptions.of_record(self.options)
        for number in (number for batch in batches for number in batch.column(0).to_pylist()):
            shard = Shard.of_record(self.shards[number])
            plans = PackedPlans(self.plans.value, self.digest).open()
            result = score_shard(plans, options, shard, self.sample)
            if self.done is not None:
                self.done.add({number: result.rows})
            file = WHOLE if shard.split_file is None else shard.split_file
            # The ranges of one file meet in one task.
            yield _row((number if file == WHOLE else file) % self.mergers, file, result_to_bytes(result))


def _merge(tolerated: int | None, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    results = list(_files_and_results(batches))
    if results:
        yield _row(0, WHOLE, _merged(tolerated, results))


def _merged(tolerated: int | None, results: Iterable[tuple[int, bytes]]) -> bytes:
    """Join the ranges of each file that was split, and merge all."""
    by_file: dict[int, list[bytes]] = {}
    for file, result in results:
        by_file.setdefault(file, []).append(result)
    whole = by_file.pop(WHOLE, [])
    return merge_bytes([*whole, *(join_bytes(tolerated, ranges) for ranges in by_file.values())])


def _files_and_results(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, bytes]]:
    for batch in batches:
        yield from zip(batch.column("file").to_pylist(), batch.column("result").to_pylist(), strict=True)


def _row(merger: int, file: int, result: bytes) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array([merger]), pa.array([file]), pa.array([result], pa.binary())],
        names=["merger", "file", "result"],
    )


def _collect(context: Any, frame: Any, report: Callable[[], None]) -> list[Any]:
    """Collect on a thread, so that this one can report progress, and hears Ctrl-C."""
    group = f"canvass-{uuid.uuid4().hex}"
    outcome: list[Any] = []  # the rows, or what was raised

    def collect() -> None:
        context.setJobGroup(group, "canvass select", interruptOnCancel=True)
        try:
            outcome.append(frame.collect())
        except BaseException as error:  # noqa: BLE001 - raised below, by the thread that waits
            outcome.append(error)

    from pyspark import InheritableThread

    thread = InheritableThread(target=collect, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(POLL)
            report()
    except BaseException:
        context.cancelJobGroup(group)
        thread.join(10)
        raise
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    rows: list[Any] = outcome[0]
    return rows


def _accumulator(context: Any) -> Any:
    """Make a place where tasks report {number of the shard: rows}; a dict, as a shard may be scored twice."""
    from pyspark import AccumulatorParam

    class Rows(AccumulatorParam[dict[int, int]]):
        def zero(self, value: dict[int, int]) -> dict[int, int]:
            del value
            return {}

        def addInPlace(self, value1: dict[int, int], value2: dict[int, int]) -> dict[int, int]:  # noqa: N802
            return value1 | value2

    return context.accumulator({}, Rows())


@contextlib.contextmanager
def translate_errors(master: str | None) -> Iterator[None]:
    """Put what goes wrong in Spark into a sentence."""
    try:
        yield
    except errors.CanvassError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in {"pyspark", "py4j"} and not isinstance(
            error, OSError
        ):
            raise
        raise _sentence(str(error), master) from error


def _sentence(said: str, master: str | None) -> errors.CanvassError:
    """Find canvass's own sentence in what Spark says of a task, or the one that fits."""
    ours = re.findall(r"^canvass\.errors\.(\w+): (.+)$", said, re.MULTILINE)
    if ours:
        kind, words = ours[-1]
        error: errors.CanvassError = getattr(errors, kind, EngineError)(words)
        return error
    if "JAVA_GATEWAY_EXITED" in said or "Java gateway process exited" in said:
        return EngineError(
            "Spark did not start; it needs Java 17 or later (java -version shows which there is)"
        )
    missing = re.findall(r"^ModuleNotFoundError: (.+)$", said, re.MULTILINE)
    if missing:
        return EngineError(
            f"an executor cannot load canvass ({missing[-1]}); install canvass {__version__} for the Python that "
            "executors run (spark.pyspark.python)"
        )
    lost = re.search(r"Task \d+ in stage [\d.]+ failed (\d+) times", said)
    if lost and re.search(r"ExecutorLostFailure|Python worker exited unexpectedly|Worker exited", said):
        return EngineError(
            f"a worker died {lost[1]} times while it scored the same shard; look at its log, give executors more "
            "memory (spark.executor.memoryOverhead), or fewer cores"
        )
    reason = next((line.strip() for line in said.splitlines() if line.strip()), "no reason given")
    where = f"--master {master}" if master else "Spark"
    return EngineError(f"{where}: the job was not done ({reason}); nothing was written")
