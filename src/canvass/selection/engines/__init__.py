"""Choose a batch with any engine: threads of this process, a Dask cluster, or Spark. All give the same batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canvass.errors import OptionError
from canvass.selection.engines.threads import Threads, check_threads
from canvass.selection.job import Job
from canvass.selection.multi_target import Plans

if TYPE_CHECKING:
    from collections.abc import Callable

    from canvass.corpus.pool import Pool
    from canvass.features.key_sample import KeySample
    from canvass.selection.batch_file import Batch
    from canvass.selection.job import Engine
    from canvass.selection.plan import Plan

NAMES = ("local", "dask", "spark")


def engine_named(
    name: str, *, scheduler: str | None = None, master: str | None = None, threads: int | None = None
) -> Engine:
    """Make an engine of a name, with the address of its cluster or the number of threads on this machine.

    Raises OptionError if there is none of that name, or an address belongs to another engine.
    """
    if name not in NAMES:
        raise OptionError(f"--engine {name!r} is not an engine; choose one of {', '.join(NAMES)}")
    for option, value, owner in (("--scheduler", scheduler, "dask"), ("--master", master, "spark")):
        if value is not None and name != owner:
            raise OptionError(f"{option} belongs to --engine {owner}, not to --engine {name}")
    check_threads(threads)
    if threads is not None and (scheduler or master):
        raise OptionError("--threads is for this machine; a cluster has its own number of threads")
    if name == "dask":
        from canvass.selection.engines.dask import Dask

        return Dask(scheduler, threads=threads)
    if name == "spark":
        from canvass.selection.engines.spark import Spark

        return Spark(master, threads=threads)
    return Threads(threads)


def select(
    plan: Plan,
    pool: Pool,
    *,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Batch:
    """Choose a batch from a pool.

    Parameters
    ----------
    plan
        What to choose and how.
    pool
        Read once, block by block; memory does not grow with it.
    engine
        "local", "dask" or "spark", each on this machine, or an engine with an address:
        `canvass.selection.engines.dask.Dask("tcp://host:8786")`, `canvass.selection.engines.spark.Spark("yarn")`.
    threads
        How many score blocks on this machine; all processors by default. The batch does not depend on it.
    progress
        Called with the rows and the bytes of what has been scored since the last call.

    """
    return select_each(Plans((plan,)), pool, engine=engine, threads=threads, progress=progress)[0]


def select_each(
    plans: Plans,
    pool: Pool,
    *,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    sample: KeySample | None = None,
) -> tuple[Batch, ...]:
    """Choose a batch for each of several targets in one pass over a pool.

    The parameters are those of `select`. The keys of the pool are added to `sample`, if there is one.
    """
    runner = engine_named(engine, threads=threads) if isinstance(engine, str) else engine
    job = Job(plans, pool, sample=None if sample is None else sample.limit)
    result = runner.run(job, progress)
    if sample is not None and result.sample is not None:
        sample.merge(result.sample)
    return job.finish(result)
