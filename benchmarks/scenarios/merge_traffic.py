"""What merging costs on a large cluster: real parts of a pool, and a simulation of who sends how much to whom.

    python -m benchmarks.scenarios.merge_traffic                     # 1,000 workers, a billion requests

Parts are made from the pool of ten millions as pieces would be, their sizes and the processor time of a merge measured.
Then the traffic of a cluster is counted: bytes that the busiest worker receives, bytes in all, and the time from the
last piece to the batch, for several widths of the tree.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from dataclasses import dataclass

from benchmarks.data.workloads import workload
from canvass import Pool, Target
from canvass.selection.job import Job, score_shard
from canvass.selection.multi_target import Plans
from canvass.selection.wire import merge_bytes, result_to_bytes

ROWS_OF_PIECE = 1_000_000
PIECES_MADE = 10


@dataclass(frozen=True)
class Measured:
    """Bytes of the part of a piece, of what merging many gives, and the processor seconds to merge two."""

    piece: int
    merged: int
    seconds: float


def measured(size: int, targets: int) -> Measured:
    """Score the pool in pieces, and merge what was found."""
    work = workload("10m")
    names = sorted(
        {one.intent for one in work.utterances() if one.slots is not None and one.intent is not None}
    )
    wanted = [work.target, *(Target("intent", name) for name in names if name != work.target.name)][:targets]
    plans = Plans.train(work.utterances(), wanted, size=size)
    pool = Pool.open([str(work.pool)])
    job = Job(plans, pool, (pool.total_bytes or 0) // PIECES_MADE)
    parts = [result_to_bytes(score_shard(plans, job.read_options, shard)) for shard in job.shards]
    seconds = []
    total = parts[0]
    for part in parts[1:]:
        start = time.process_time()
        total = merge_bytes([total, part])
        seconds.append(time.process_time() - start)
    return Measured(round(statistics.mean(map(len, parts))), len(total), statistics.median(seconds))


def simulate(
    cost: Measured, *, workers: int, pieces: int, width: int, bytes_a_second: float
) -> dict[str, float]:
    """Count what travels in a tree of a width, each merge on a worker other than those of its parts.

    The worst case: all pieces are done at the same moment, and each level waits for the one below.
    """
    received = [0.0] * workers
    level, part, after, turn = pieces, cost.piece, 0.0, 0
    while level > 1:
        groups = math.ceil(level / width)
        busy: dict[int, float] = {}
        for number in range(groups):
            some = min(width, level - number * width)
            worker, turn = turn % workers, turn + 1
            received[worker] += some * part
            seconds = some * part / bytes_a_second + (some - 1) * cost.seconds
            busy[worker] = busy.get(worker, 0.0) + seconds
        after += max(busy.values())
        level, part = groups, cost.merged
    return {"sent": sum(received), "busiest": max(received), "after": after}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=10**9)
    parser.add_argument("--gigabits", type=float, default=1.0, help="of network for each worker")
    options = parser.parse_args()
    pieces = math.ceil(options.rows / ROWS_OF_PIECE)
    print(f"{options.workers:,} workers, {options.rows:,} requests, {pieces:,} pieces")
    print("size x targets | part | merge of two | width | in all | busiest worker | from last piece to batch")
    for size, targets in ((500, 1), (500, 20), (5000, 1)):
        cost = measured(size, targets)
        for width in (4, 16, 64, pieces):
            found = simulate(
                cost,
                workers=options.workers,
                pieces=pieces,
                width=width,
                bytes_a_second=options.gigabits * 1e9 / 8,
            )
            print(
                f"{size} x {targets} | {cost.piece / 1e3:.0f} kB | {cost.seconds * 1e3:.1f} ms | {width} | "
                f"{found['sent'] / 1e6:.0f} MB | {found['busiest'] / 1e6:.1f} MB | {found['after']:.2f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
