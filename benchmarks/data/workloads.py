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
from benchmarks.many_intents import join
from canvass import Committee, Tagger, Target, read_labelled

if TYPE_CHECKING:
    from pathlib import Path

    from canvass import Utterance

BLOCK = 65_536
LARGEST = 10**9
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


@dataclass(frozen=True)
class Bot(Workload):
    """All intents of corpora joined: so many annotated utterances; the pool is the rest of their training parts."""

    corpora: tuple[str, ...] = ()
    annotated_utterances: int = 0
    labels: int = 0

    @property
    def pool(self) -> Path:
        """The JSON Lines of the pool; canvass reads their texts alone."""
        return POOLS / f"{self.name}.jsonl"

    def make(self) -> None:
        """Write the files that are not there."""
        if self.pool.exists() and self.labelled.exists():
            return
        POOLS.mkdir(exist_ok=True)
        everything = POOLS / f"{self.name}.joined"
        paths = [str(CORPORA / corpus / "train.jsonl.gz") for corpus in self.corpora]
        join(paths, [LARGEST, LARGEST, self.labels], everything)
        lines = everything.read_text().splitlines(keepends=True)
        everything.unlink()
        self.labelled.write_text("".join(lines[: self.annotated_utterances]))
        self.pool.write_text("".join(lines[self.annotated_utterances :]))


BOTS = {
    "clinc150": Bot("clinc150_v1", Target("all"), "bot", ("clinc150",), 12_000),
    "80-labels": Bot("hwu64-snips_v1", Target("all"), "bot", ("hwu64", "snips"), 2_000, 80),
}


def workload(size: str, *, quick: bool = False) -> Workload:
    """Find the workload of a size, of the corpora where they are, of the embedded one where not; or a bot by name."""
    if size in BOTS:
        return BOTS[size]
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
