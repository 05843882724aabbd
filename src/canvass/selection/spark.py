"""Run a job on Spark: a row for each piece, scored by `mapInArrow`; one shuffle of small rows, and the rest here.

The executors read the files themselves, through pyarrow; `spark_frames` is for data that Spark reads. What travels are
bytes and plain types.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import sys
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from canvass import __version__, errors
from canvass.corpus.pieces import Piece, Reading
from canvass.errors import EngineError, ExtraMissingError
from canvass.processors import processors
from canvass.selection.jobs import join_all, merge_all, score
from canvass.selection.parts import Part
from canvass.selection.shipping import Shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from canvass.selection.jobs import Job

SCHEMA = "batch long, file long, part binary"  # file: the number of one that was split; -1: settled
SETTLED = -1
POLL = 0.2  # seconds


@dataclass(frozen=True)
class Spark:
    """A Spark cluster by its master, or a session of it; without either, one on this machine is started.

    Inside `spark-submit` the master is the one that was submitted to. `threads` is how many work on this machine.
    """

    master: str | None = None
    session: Any = None
    threads: int | None = None

    def run(self, job: Job, progress: Callable[[int, int], None] | None = None) -> Part:
        """Score all pieces on the cluster.

        Raises
        ------
        EngineError
            If Spark cannot be started, gives up, or an executor has another canvass.
        InputError, FileError
            If a file cannot be read.

        """
        with sentences(self.master), self._session() as session:
            return _run(session, job, progress)

    @contextlib.contextmanager
    def _session(self) -> Iterator[Any]:
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            raise ExtraMissingError("the Spark engine needs PySpark", "spark") from None
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


def _run(session: Any, job: Job, progress: Callable[[int, int], None] | None) -> Part:
    """Score in one stage, merge in another with as many tasks as each merges parts, and the last here."""
    context = session.sparkContext
    done = None if progress is None else _accumulator(context)
    shipped = context.broadcast(job.plans.data)
    pieces = [piece.to_record() for piece in job.pieces]
    reading = job.reading.to_record()
    count = len(pieces)
    batches = math.isqrt(count - 1) + 1
    score_rows = _Score(shipped, job.plans.digest, reading, pieces, batches, done)
    scored = session.range(0, count, 1, count).mapInArrow(score_rows, SCHEMA)
    if batches > 1:
        scored = scored.repartition(batches, "batch").mapInArrow(partial(_merge, reading), SCHEMA)
    told: dict[int, int] = {}

    def tell() -> None:
        if progress is not None and done is not None:
            for number, rows in done.value.items() - told.items():
                told[number] = rows
                progress(rows, job.pieces[number].size)

    try:
        rows = _collected(context, scored, tell)
    finally:
        with contextlib.suppress(Exception):
            shipped.destroy()
    return Part.of_bytes(_merged(reading, [(row["file"], bytes(row["part"])) for row in rows]))


@dataclass(frozen=True)
class _Score:
    """What an executor does with rows that are the numbers of pieces."""

    shipped: Any
    digest: str
    reading: dict[str, Any]
    pieces: list[Any]
    batches: int
    done: Any

    def __call__(self, rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        reading = Reading.of_record(self.reading)
        for number in (number for batch in rows for number in batch.column(0).to_pylist()):
            piece = Piece.of_record(self.pieces[number])
            part = score(Shipped(self.shipped.value, self.digest), reading, piece)
            if self.done is not None:
                self.done.add({number: part.partials[0].counters.rows})
            file = SETTLED if piece.split_file is None else piece.split_file
            # The parts of one file meet in one task.
            yield _row((number if file == SETTLED else file) % self.batches, file, part.to_bytes())


def _merge(reading: dict[str, Any], rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    found = [
        (file, part)
        for batch in rows
        for file, part in zip(batch.column("file").to_pylist(), batch.column("part").to_pylist(), strict=True)
    ]
    if found:
        yield _row(0, SETTLED, _merged(reading, found))


def _merged(reading: dict[str, Any], found: Sequence[tuple[int, bytes]]) -> bytes:
    """Join the parts of each file that was split, and merge all."""
    files: dict[int, list[bytes]] = {}
    for file, part in found:
        files.setdefault(file, []).append(part)
    whole = files.pop(SETTLED, [])
    return merge_all([*whole, *(join_all(Reading.of_record(reading), parts) for parts in files.values())])


def _row(batch: int, file: int, part: bytes) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array([batch]), pa.array([file]), pa.array([part], pa.binary())], names=["batch", "file", "part"]
    )


def _collected(context: Any, frame: Any, tell: Callable[[], None]) -> list[Any]:
    """Collect on a thread, so that this one can tell of progress, and hears Ctrl-C."""
    group = f"canvass-{uuid.uuid4().hex}"
    found: list[Any] = []

    def collect() -> None:
        context.setJobGroup(group, "canvass select", interruptOnCancel=True)
        try:
            found.append(frame.collect())
        except BaseException as error:  # noqa: BLE001 - raised below, by the thread that waits
            found.append(error)

    from pyspark import InheritableThread

    thread = InheritableThread(target=collect, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(POLL)
            tell()
    except BaseException:
        context.cancelJobGroup(group)
        thread.join(10)
        raise
    if isinstance(found[0], BaseException):
        raise found[0]
    rows: list[Any] = found[0]
    return rows


def _accumulator(context: Any) -> Any:
    """Make a place to which tasks tell the rows of each piece: {piece: rows}, as one may be scored twice."""
    from pyspark import AccumulatorParam

    class Rows(AccumulatorParam[dict[int, int]]):
        def zero(self, value: dict[int, int]) -> dict[int, int]:
            del value
            return {}

        def addInPlace(self, one: dict[int, int], other: dict[int, int]) -> dict[int, int]:  # noqa: N802
            return one | other

    return context.accumulator({}, Rows())


@contextlib.contextmanager
def sentences(master: str | None) -> Iterator[None]:
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
    """Find our own sentence in what Spark says of a task, or the one that fits."""
    ours = re.findall(r"^canvass\.errors\.(\w+): (.+)$", said, re.MULTILINE)
    if ours:
        kind, words = ours[-1]
        found: errors.CanvassError = getattr(errors, kind, EngineError)(words)
        return found
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
            f"a worker died {lost[1]} times while it scored the same piece; look at its log, give executors more "
            "memory (spark.executor.memoryOverhead), or fewer cores"
        )
    reason = next((line.strip() for line in said.splitlines() if line.strip()), "no reason given")
    where = f"--master {master}" if master else "Spark"
    return EngineError(f"{where}: the job was not done ({reason}); nothing was written")
