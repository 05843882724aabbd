"""What a million requests cost on each engine: seconds, processor seconds of all its processes, and memory.

    python -m benchmarks.scenarios.engine_costs             # three rounds of the pools of one and of ten millions

Processor seconds say what to pay for, and hardly change when others use the machine. Both are the difference
between the two pools, so that what a job costs whatever its size is apart. Memory is the largest resident set of
any process of the engine, but the client's, after the run.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import psutil  # comes with Dask

from benchmarks.data.workloads import workload
from benchmarks.scenarios.engines import on_a_spark_frame, on_dask, on_spark, on_threads

ENGINES = {"local": on_threads, "dask": on_dask, "spark": on_spark, "spark frame": on_a_spark_frame}


def processor_seconds() -> float:
    """Sum what this process and all its living descendants have used."""
    total = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            used = process.cpu_times()
        except psutil.Error:
            continue
        total += float(used.user + used.system)
    return total


def largest_worker() -> float:
    """Find the largest resident set of the Python processes among the descendants, in MB."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "java" not in process.name():
                found.append(process.memory_info().rss / 1e6)
        except psutil.Error:
            continue
    return float(max(found, default=psutil.Process().memory_info().rss / 1e6))


def main() -> None:
    """Print a line for each engine."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", action="append", choices=ENGINES)
    options = parser.parse_args()
    works = {size: workload(size) for size in ("1m", "10m")}
    runs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    memory: dict[str, float] = {}
    plays: dict[tuple[str, str], Any] = {}
    for name in options.engine or ENGINES:
        for size, work in works.items():
            plays[name, size] = ENGINES[name](work)
            plays[name, size]()
    for _ in range(options.rounds):
        for (name, size), play in plays.items():
            start, used = time.perf_counter(), processor_seconds()
            play()
            both = (time.perf_counter() - start, processor_seconds() - used)
            runs.setdefault((name, size), []).append(both)
            memory[name] = largest_worker()
    rows = (works["10m"].rows - works["1m"].rows) / 1e6
    for name in options.engine or ENGINES:
        small, large = runs[name, "1m"], runs[name, "10m"]
        middle = [[statistics.median(one[k] for one in some) for k in (0, 1)] for some in (small, large)]
        seconds, processor = ((middle[1][k] - middle[0][k]) / rows for k in (0, 1))
        print(
            f"{name}: 1 M {middle[0][0]:.2f} s, 10 M {middle[1][0]:.2f} s; a million more {seconds:.3f} s, "
            f"{processor:.3f} processor s; largest process {memory[name]:.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
