"""Engines on one machine: the same job on threads, on a Dask cluster and on Spark, each started before the clock."""

from __future__ import annotations

import atexit
import functools
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.data.workloads import Workload
    from canvass.selection.job import Engine
    from canvass.selection.multi_target import Plans

SELECTED = 500
CORES = 2


@functools.cache
def plans_of(work: Workload) -> Plans:
    """Train what all engines choose with."""
    from canvass.selection.multi_target import Plans

    return Plans.train(work.utterances(), [work.target], size=SELECTED)


def on_threads(work: Workload) -> Callable[[], object]:
    """Choose from the file of the pool on two threads of this process."""
    from canvass import Pool, select_each

    plans, pool = plans_of(work), Pool.open([str(work.pool)])
    return lambda: select_each(plans, pool, threads=CORES)


def on_dask(work: Workload) -> Callable[[], object]:
    """Do so on a Dask cluster of two processes."""
    return _on(dask_engine(), work)


def on_spark(work: Workload) -> Callable[[], object]:
    """Do so on Spark, local[2]."""
    return _on(spark_engine(), work)


def on_a_spark_frame(work: Workload) -> Callable[[], object]:
    """Do so from a DataFrame that Spark itself reads."""
    from canvass.selection.engines.spark import batches_of

    engine: Any = spark_engine()
    plans = plans_of(work)
    return lambda: batches_of(plans, engine.session.read.parquet(str(work.pool)), mergers=CORES)


def _on(engine: Engine, work: Workload) -> Callable[[], object]:
    from canvass import Pool, select_each

    plans, pool = plans_of(work), Pool.open([str(work.pool)])
    expected = select_each(plans, pool, threads=CORES)

    def play() -> object:
        found = select_each(plans, pool, engine=engine)
        if found != expected:
            raise RuntimeError("another batch than the local engine's")
        return found

    return play


@functools.cache
def dask_engine() -> Engine:
    """Start a Dask cluster of two processes, once."""
    import distributed

    from canvass.selection.engines.dask import Dask

    library: Any = distributed
    cluster = library.LocalCluster(n_workers=CORES, threads_per_worker=1, dashboard_address="127.0.0.1:0")
    client = library.Client(cluster, set_as_default=False)
    atexit.register(cluster.close)
    atexit.register(client.close)
    return Dask(client=client)


@functools.cache
def spark_engine() -> Engine:
    """Start Spark on two threads, once."""
    from pyspark.sql import SparkSession

    from canvass.selection.engines.spark import Spark

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder: Any = SparkSession.builder
    session = (
        builder.master(f"local[{CORES}]")
        .config("spark.ui.enabled", "false")
        .config("spark.log.level", "OFF")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    atexit.register(session.stop)
    return Spark(session=session)
