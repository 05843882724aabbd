"""What no selection on this machine can be faster than: memory, reading the column, hashing the bytes.

    python -m benchmarks.scenarios.floors 10m

Each floor is the least of several runs on one thread, and is also given in nanoseconds a request, to be compared with
the phases (`phases.py`).
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from benchmarks.data.workloads import BLOCK, Workload, workload
from canvass.features.extraction import hash_column

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 5
BANDWIDTH_BYTES = 1 << 28  # far beyond every cache


def least(work: Callable[[], object]) -> float:
    """Time some runs; returns the seconds of the quickest."""
    found = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def read(work: Workload, columns: list[str]) -> None:
    """Decode columns of the pool on this thread, block by block."""
    for _ in pq.ParquetFile(work.pool).iter_batches(BLOCK, columns=columns, use_threads=False):
        pass


def main() -> None:
    """Print the floors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("size", nargs="?", default="1m")
    work = workload(parser.parse_args().size)
    work.make()
    memory = np.ones(BANDWIDTH_BYTES // 8)
    bandwidth = BANDWIDTH_BYTES / least(memory.sum)
    blocks = work.blocks()
    text_bytes = sum(block.nbytes for block in blocks)

    def hash_all() -> None:
        for block in blocks:
            hash_column(block)

    hash_all()
    floors = {
        f"texts through memory, at {bandwidth / 1e9:.1f} GB/s": text_bytes / bandwidth,
        "every byte hashed once": least(hash_all),
        "text read from Parquet": least(lambda: read(work, ["text"])),
        "text and id read from Parquet": least(lambda: read(work, ["text", "id"])),
    }
    print(f"{work.name}: {work.rows:,} requests, {text_bytes / work.rows:.1f} bytes each with their offsets")
    for name, seconds in floors.items():
        print(f"{name:45} {seconds:7.3f} s {seconds / work.rows * 1e9:7.1f} ns a request")


if __name__ == "__main__":
    main()
