"""Time each engine on one, two and five copies of the pool of ten millions: does it grow as the pool does.

    python -m benchmarks.scenarios.engine_growth

needs 1.8 GB for the copies, and prints medians of three runs.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data.workloads import workload
from benchmarks.scenarios.engines import CORES, dask_engine, plans_of, spark_engine
from canvass import Pool, select_each
from canvass.selection.engines.threads import Threads

if TYPE_CHECKING:
    from canvass.selection.job import Engine

COPIES = (1, 2, 5)
RUNS = 3


def seconds(plans: Any, pool: Pool, engine: Engine) -> float:
    """Time one choice."""
    start = time.perf_counter()
    select_each(plans, pool, engine=engine)
    return time.perf_counter() - start


def main() -> None:
    """Print a line for each engine."""
    work = workload("10m")
    plans = plans_of(work)
    with tempfile.TemporaryDirectory() as folder:
        pools = {}
        for count in COPIES:
            place = Path(folder, str(count))
            place.mkdir()
            for number in range(count):
                shutil.copy(work.pool, place / f"{number}.parquet")
            pools[count] = Pool.open([str(place)])
        engines: dict[str, Engine] = {
            "threads": Threads(CORES),
            "dask": dask_engine(),
            "spark": spark_engine(),
        }
        for name, engine in engines.items():
            seconds(plans, pools[1], engine)
            found = {
                count: statistics.median(seconds(plans, pool, engine) for _ in range(RUNS))
                for count, pool in pools.items()
            }
            print(name, *(f"{10 * count} M {one:.2f} s" for count, one in found.items()), flush=True)


if __name__ == "__main__":
    main()
