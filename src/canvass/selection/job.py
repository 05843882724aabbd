"""A job: plans and the pool they choose from, what a worker does with a shard of it, and how it is finished.

An engine runs `score_shard` for each shard wherever it likes, joins the results of ranges of one file, and merges the
rest in any order and shape of tree. It decides nothing about what is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Protocol

import pyarrow as pa

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import batch_of_columns, other_columns, used_columns
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.pool import ROWS, Pool
from canvass.corpus.shards import FileRange, ReadOptions, Shard, cut
from canvass.errors import FileError, InputError, OptionError
from canvass.features.key_sample import KeySample
from canvass.selection.batch_file import Batch
from canvass.selection.multi_target import Plans, merge_partials
from canvass.selection.shard_result import Faults, ShardResult, merge_results, settled
from canvass.selection.wire import PackedPlans

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """Plans, and the pool they choose from; `step` is about how many stored bytes a shard has.

    `sample` is how many bytes of keys are sampled on the way, for word features; None samples none.
    """

    plans: Plans
    pool: Pool
    step: int | None = None
    sample: int | None = None

    @cached_property
    def packed_plans(self) -> PackedPlans:
        """The plans as bytes, for workers."""
        return PackedPlans.of(self.plans)

    @property
    def read_options(self) -> ReadOptions:
        """How workers read the files; raises OptionError if the pool is in memory."""
        if self.pool.read_options is None:
            raise OptionError(
                "a pool in memory cannot be read by a cluster; write it to files that all workers see, or take the "
                "local engine"
            )
        return self.pool.read_options

    @cached_property
    def shards(self) -> tuple[Shard, ...]:
        """The pool, cut for workers; raises OptionError if it is in memory, or comes from standard input."""
        return tuple(cut(self.pool.ranges, self.read_options, self.step))

    def finish(self, result: ShardResult) -> tuple[Batch, ...]:
        """Make the batches, and tell the pool what could not be read.

        Raises InputError if there were more bad lines than are tolerated, or no row at all.
        """
        result, pool = settled(result), self.pool
        tolerated = 0 if pool.read_options is None else pool.read_options.skip_bad
        bad_lines, bad_files = result.bad_lines, result.bad_files
        pool.bad = BadLines(tolerated, bad_lines.count, bad_lines.first)
        pool.bad_files = BadLines(bad_files.count, bad_files.count, bad_files.first)
        if bad_lines.count > tolerated:
            raise InputError(
                f"the pool has {bad_lines.count} bad lines, but --skip-bad tolerates {tolerated}; the first was "
                f"{bad_lines.first}"
            )
        if not result.rows:
            pool.refuse_empty()
        return self.plans.finish(result.partials)


class Engine(Protocol):
    """Whatever can run a job."""

    def run(self, job: Job, progress: Progress | None = None) -> ShardResult:
        """Score the whole pool, and merge the results.

        `progress` is called in the client's process with the rows and the stored bytes of what has been scored.
        """


def score_shard(plans: Plans, options: ReadOptions, shard: Shard, sample: int | None = None) -> ShardResult:
    """Find the best of a shard. A range of a file that cannot be read is not settled: other ranges must know.

    `sample` is that of the job.
    """
    results = [score_range(plans, options, file_range, sample) for file_range in shard.ranges]
    return results[0] if shard.split_file is not None else reduce(merge_results, map(settled, results))


def score_range(
    plans: Plans, options: ReadOptions, file_range: FileRange, sample: int | None = None
) -> ShardResult:
    """Find the best of some or all of a file, block by block.

    Raises InputError or FileError if it cannot be read, and such files are not to be left out.
    """
    place = (file_range.number, file_range.range[0] if file_range.range else 0)
    bad = BadLines(options.skip_bad)
    best = plans.empty()
    keys = None if sample is None else KeySample(sample)
    try:
        for block in options.blocks(file_range, bad):
            best = merge_partials(best, plans.score_block(block.batch, best))
            if keys is not None:
                keys.add(block.batch.column("text"))
    except (InputError, FileError) as error:
        if not options.skip_bad_files:
            raise
        return ShardResult(plans.empty(), unreadable=Faults(1, str(error), place))
    return ShardResult(best, Faults(bad.count, bad.first, place) if bad.count else Faults(), sample=keys)


def score_rows(plans: Plans, batches: Iterable[pa.RecordBatch], columns: Columns, where: str) -> ShardResult:
    """Find the best of rows that the engine has read, with the columns of a pool, whatever their types in Arrow.

    Raises InputError if a column is missing or of a wrong type, or a value is bad; the message names `where` and the
    row.
    """
    best = plans.empty()
    first_row = 1
    for batch in _blocks(batches):
        names = [*used_columns(batch.schema, where, columns), *other_columns(batch.schema.names, columns)]
        checked = batch_of_columns(batch.select(names), first_row, where, columns, BadLines())
        best = merge_partials(best, plans.score_block(checked, best))
        first_row += batch.num_rows
    return ShardResult(best)


def _blocks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join small batches, and cut large ones: what is done once a block costs as much as some hundred rows."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            piece = batch.slice(start, ROWS)
            if rows + piece.num_rows > ROWS:
                yield pa.concat_batches(waiting)
                waiting, rows = [], 0
            waiting.append(piece)
            rows += piece.num_rows
    if waiting:
        yield pa.concat_batches(waiting)
