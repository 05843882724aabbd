"""Clusters for tests: Dask in this process, Dask in processes of its own, Spark on this machine; and pools for them."""

import contextlib
import json
import os
import random
import shutil
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canvass.corpus.pool import Pool
from canvass.selection.batch_file import write_batch
from canvass.selection.engines.threads import Threads
from canvass.selection.job import Job
from canvass.selection.multi_target import Plans
from canvass.selection.plan import Plan
from pools import ROWS, opinion_records

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("count", pa.int64()),
        ("text", pa.string()),
        ("intent", pa.string()),
        *((name, pa.float64()) for name in ("score", "intent_probability", "slots_probability")),
    ]
)
JAVA = shutil.which("java") is not None or bool(os.environ.get("JAVA_HOME"))
needs_spark = [
    pytest.mark.slow,
    pytest.mark.skipif(not JAVA, reason="Spark needs Java 17 or later, and there is none"),
    # PySpark leaves sockets to its gateway, and its own warnings about pandas, to the interpreter's end.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
needs_dask = [
    # Sockets of a cluster may close after its end.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@contextlib.contextmanager
def dask_client(workers, *, threads=1, processes=False):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=processes,
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@contextlib.contextmanager
def spark_session(master="local[2,4]", **settings):
    sql = pytest.importorskip("pyspark.sql")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = sql.SparkSession.builder.master(master).appName("tests").config("spark.log.level", "OFF")
    builder = builder.config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
    for name, value in settings.items():
        builder = builder.config(name.replace("__", "."), value)
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()


def write_shards(folder, rows, dice):
    """Write rows to files of several formats, sizes and depths, in any order."""
    rows = [row for row in dice.sample(rows, len(rows)) if len(row.text) < 50_000]
    count = dice.choice([1, 3, 17])
    shards = [[] for _ in range(count)]
    for row in rows:
        shards[int(count * dice.random() ** 2)].append(row)  # a large one, and many small ones
    paths = []
    for number, shard in enumerate(shards):
        where = folder / dice.choice(["a", "b/day=1"])
        where.mkdir(parents=True, exist_ok=True)
        if dice.random() < 0.5:
            path = where / f"{number}.jsonl"
            lines = [
                json.dumps(one, ensure_ascii=dice.random() < 0.5) + "\n" for one in opinion_records(shard)
            ]
            path.write_text("".join(lines), encoding="utf-8", newline="")
        else:
            path = where / f"{number}.parquet"
            table = pa.Table.from_pylist(opinion_records(shard), schema=SCHEMA)
            pq.write_table(table, path, row_group_size=dice.choice([7, 60, 10_000]))
        paths.append(str(path))
    return paths


def small_rows():
    """The rows of the shared pool, without the one that is longer than a piece of a test."""
    return [row for row in ROWS if len(row.text) < 50_000]


def plans_of(models, dice, name):
    """One plan, or two that share models and labelled set, with different sizes."""
    found = [Plan.of(models, {"play river"}, strategy=name, size=dice.choice([1, 12, 70]), seed=3)]
    if dice.random() < 0.4:
        found.append(Plan.of(models, found[0].excluded, strategy="random-positive", size=5))
    return Plans(tuple(found))


def bytes_of(batches, path):
    write_batch(str(path), *batches)
    return path.read_bytes()


def run(engine, plans, files, *, step=None, **options):
    """Run an engine with shards of a given size; returns the batches, and the pool with what it counted."""
    pool = Pool.open(files, model_columns=plans.model_columns, **options)
    seen = []
    job = Job(plans, pool, step)
    batches = job.finish(engine.run(job, lambda rows, size: seen.append((rows, size))))
    # The rows of a file that was left out in the end have been scored, too.
    assert pool.bad_files.count or sum(rows for rows, _ in seen) == batches[0].counters.rows
    # Threads read whole files; row groups of Parquet do not add up to their file.
    whole = isinstance(engine, Threads)
    assert sum(size for _, size in seen) == (
        pool.total_bytes if whole else sum(shard.size for shard in job.shards)
    )
    return batches, pool


def shuffled(paths, seed):
    return random.Random(seed).sample(paths, len(paths))
