"""Workloads by versioned name: a pool that looks like traffic, and the labelled set that goes with it.

Other rows under the same name would make results incomparable: whoever changes `traffic` or `make_pool` gives the
sources a new version. What a scenario holds in memory is read before the clock starts.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.data.make_pool import POOLS, SIZES, write_labelled, write_pool
from benchmarks.data.traffic import CORPORA, source
from canvass import Committee, Tagger, Target, read_labelled

if TYPE_CHECKING:
    from pathlib import Path

    from canvass import Utterance

BLOCK = 65_536
QUICK = {"20k": "20k", "1m": "100k", "10m": "1m"}


@dataclass(frozen=True)
class Workload:
    """A pool of a size; `made_of` is the versioned name of the source."""

    made_of: str
    target: Target
    size: str

    @property
    def name(self) -> str:
        """The versioned name of the pool."""
        return f"{self.made_of}_{self.size}"

    @property
    def rows(self) -> int:
        """How many rows the pool has."""
        return SIZES[self.size]

    @property
    def pool(self) -> Path:
        """The Parquet file."""
        return POOLS / f"{self.name}.parquet"

    @property
    def labelled(self) -> Path:
        """The labelled set, JSONL."""
        return POOLS / f"{self.made_of}_labelled.jsonl"

    def make(self) -> None:
        """Write the files that are not there."""
        if not (self.pool.exists() and self.labelled.exists()):
            POOLS.mkdir(exist_ok=True)
            made_of = source()
            write_labelled(self.labelled, made_of.labelled)
            write_pool(self.pool, made_of, self.rows)

    def blocks(self) -> list[Any]:
        """Give the texts as Arrow arrays of at most `BLOCK` rows, each with memory of its own."""
        import pyarrow.parquet as pq

        file = pq.ParquetFile(self.pool)
        return [batch.column(0) for batch in file.iter_batches(BLOCK, columns=["text"])]

    def strings(self) -> list[str]:
        """Give the texts as Python strings."""
        return [text for block in self.blocks() for text in block.to_pylist()]

    def utterances(self) -> tuple[Utterance, ...]:
        """Give the labelled set."""
        return read_labelled([str(self.labelled)]).utterances

    def annotated(self) -> list[Utterance]:
        """Give the annotated utterances of the target."""
        return [one for one in self.utterances() if self.target.matches(one) and one.slots is not None]


def workload(size: str, *, quick: bool = False) -> Workload:
    """Find the workload of a size: of the corpora where they are, of the embedded one where not."""
    size = QUICK[size] if quick else size
    if CORPORA.is_dir():
        return Workload("traffic_v1", Target("intent", "PlayMusic"), size)
    return Workload("traffic_demo_v2", Target("domain", "media"), size)


@functools.cache
def committee(work: Workload) -> Committee:
    """Train canvass's committee on the labelled set."""
    utterances = work.utterances()
    return Committee().fit([one.text for one in utterances], [work.target.matches(one) for one in utterances])


@functools.cache
def tagger(work: Workload) -> Tagger:
    """Train canvass's tagger on the target's annotated utterances."""
    annotated = work.annotated()
    return Tagger().fit([one.text for one in annotated], [one.slots or () for one in annotated])
