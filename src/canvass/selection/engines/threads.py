"""Run a job on the threads of this process: the kernels release the GIL while they score a block."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from canvass.corpus.formats.format import Block
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.shards import FileRange, ReadOptions
from canvass.errors import FileError, InputError, OptionError
from canvass.features.key_sample import KeySample
from canvass.processors import processors, thread_pool
from canvass.selection.job import Job, Progress
from canvass.selection.multi_target import merge_partials
from canvass.selection.shard_result import Faults, ShardResult, merge_results

if TYPE_CHECKING:
    from concurrent.futures import Future


def check_threads(threads: int | None) -> None:
    """Refuse a number of threads that makes no sense."""
    if threads is not None and threads < 1:
        raise OptionError(f"--threads {threads} makes no sense; it must be at least 1")


@dataclass(frozen=True)
class Threads:
    """Threads of this process, `threads` of them, all processors by default; the pool may also be in memory."""

    threads: int | None = None

    def run(self, job: Job, progress: Progress | None = None) -> ShardResult:
        """Score the pool block by block, while this thread reads on.

        `progress` is called after each block, in the order of the pool. Raises OptionError if the number of threads
        makes no sense; InputError or FileError if a file cannot be read, and such files are not to be left out.
        """
        check_threads(self.threads)
        count = self.threads or processors()
        result = ShardResult(job.plans.empty())

        def end_block(source: _Source, future: Future[Block]) -> None:
            block = future.result()
            source.consumed += block.consumed
            if progress is not None:
                progress(len(block.batch), block.consumed)

        def end_source(source: _Source) -> None:
            nonlocal result
            result = merge_results(result, source.result())
            if progress is not None and source.size > source.consumed:  # a file that was left out
                progress(0, source.size - source.consumed)

        pending: deque[Callable[[], None]] = deque()  # what is to be done once threads are ready, in order
        with thread_pool(count) as executor:
            for source in _sources(job):
                for block in source.blocks():
                    pending.append(partial(end_block, source, executor.submit(source.score, block)))
                    # A few blocks ahead keep the threads busy; more would only fill the memory.
                    while len(pending) > 2 * count:
                        pending.popleft()()
                pending.append(partial(end_source, source))
            while pending:
                pending.popleft()()
        return result


def _sources(job: Job) -> Iterator[_Source]:
    """Take the pool as one, or file by file where files may be left out."""
    options = job.pool.read_options
    if options is None or not options.skip_bad_files:
        yield _Source(job)
    else:
        for file in job.pool.ranges:
            yield _File(job, file, options)


class _Source:
    """Blocks that count together or not at all, and the partials of those that have been scored."""

    def __init__(self, job: Job) -> None:
        self._plans = job.plans
        self._pool = job.pool
        self._sample = None if job.sample is None else KeySample(job.sample)
        self._partials = job.plans.empty()
        self._lock = threading.Lock()
        self.consumed = 0
        self.size = 0

    def blocks(self) -> Iterator[Block]:
        """Read the pool."""
        return self._pool.blocks()

    def score(self, block: Block) -> Block:
        """Add the best of a block; called by several threads."""
        partials = self._plans.score_block(block.batch, self._partials)
        if self._sample is not None:
            self._sample.add(block.batch.column("text"))
        with self._lock:
            self._partials = merge_partials(self._partials, partials)
        return block

    def result(self) -> ShardResult:
        """Give what was found, once all blocks have been scored."""
        return ShardResult(self._partials, _faults(self._pool.bad), sample=self._sample)


class _File(_Source):
    """A file that is left out if it cannot be read."""

    def __init__(self, job: Job, file: FileRange, options: ReadOptions) -> None:
        super().__init__(job)
        self._file = file
        self._options = options
        self._bad = BadLines(options.skip_bad)
        self._error: str | None = None
        self.size = file.size or 0

    def blocks(self) -> Iterator[Block]:
        """Read the file as far as it can be read."""
        try:
            yield from self._options.blocks(self._file, self._bad)
        except (InputError, FileError) as error:
            self._error = str(error)

    def result(self) -> ShardResult:
        """Give what was found, or why the file could not be read."""
        if self._error is not None:
            place = (self._file.number, 0)
            return ShardResult(self._plans.empty(), unreadable=Faults(1, self._error, place))
        return ShardResult(self._partials, _faults(self._bad, self._file.number), sample=self._sample)


def _faults(bad: BadLines, number: int = 0) -> Faults:
    return Faults(bad.count, bad.first, (number, 0)) if bad.count else Faults()
