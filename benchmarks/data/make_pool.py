"""Write pools that look like traffic, and the labelled set that goes with them, to benchmarks/pools/.

    python -m benchmarks.data.make_pool 1m 10m

About 30 % of the rows repeat an earlier one, with frequencies after Zipf; 3 % belong to the target. The same seed
gives the same rows. Where ../shared/data is absent, the embedded corpus is used, and the name says so.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.data.traffic import Population, Source, source
from canvass.features.extraction import hash_column
from canvass.files import whole_file
from canvass.seeding import generator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from canvass import Utterance

POOLS = Path(__file__).parents[1] / "pools"
SIZES = {"20k": 20_000, "100k": 100_000, "1m": 1_000_000, "10m": 10_000_000}
ROW_GROUP = 1 << 18
TARGET_SHARE = 0.03
REPEATED_SHARE = 0.28  # two exchanges that give the same text make up for the rest


@dataclass(frozen=True)
class Facts:
    """What a pool holds: written beside it."""

    name: str
    seed: int
    target: str
    rows: int
    target_rows: int
    distinct: int
    text_bytes: int


def numbers(rows: int, population: int, seed: int, purpose: str) -> NDArray[np.int64]:
    """Give each row the number of its request: all requests once, the rest Zipf-distributed over them.

    The number is the rank: floor(D^u) has P(k) = log(1 + 1 / k) / log(D), which is Zipf's law with exponent 1.
    """
    draws = generator(seed, f"pool/{purpose}").random(rows - population)
    repeats = np.floor((population + 1.0) ** draws).astype(np.int64) - 1
    return np.concatenate([np.arange(population), repeats.clip(max=population - 1)])


def texts(made_of: Source, rows: int, seed: int) -> Iterator[tuple[Any, int]]:
    """Yield blocks of texts (an Arrow array) with the number of target rows in each."""
    import pyarrow as pa

    ours = [one for one in made_of.utterances if made_of.target.matches(one)]
    others = [one for one in made_of.utterances if not made_of.target.matches(one)]
    of_target = round(rows * TARGET_SHARE)
    parts = []
    for purpose, some, count in (("target", ours, of_target), ("others", others, rows - of_target)):
        population = Population(some, round(count * (1 - REPEATED_SHARE)), seed=seed, purpose=purpose)
        parts.append((population, numbers(count, population.size, seed, purpose)))
    (target, target_ids), (rest, rest_ids) = parts
    order = np.concatenate([-1 - target_ids, rest_ids]).astype(np.int32)  # negative: of the target
    generator(seed, "pool/order").shuffle(order)
    for start in range(0, rows, ROW_GROUP):
        ids = order[start : start + ROW_GROUP].astype(np.int64)
        mine = ids < 0
        both = pa.concat_arrays([target.texts(-1 - ids[mine]), rest.texts(ids[~mine])])
        places = np.empty(len(ids), dtype=np.int64)
        places[mine], places[~mine] = np.arange(mine.sum()), np.arange(mine.sum(), len(ids))
        yield both.take(pa.array(places)), int(mine.sum())


def write_pool(path: Path, made_of: Source, rows: int, seed: int = 0) -> Facts:
    """Write a pool (columns id and text) row group by row group, and its facts beside it."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    hashes = np.empty(rows, dtype=np.uint64)
    written = of_target = text_bytes = 0
    with whole_file(path) as stream, pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for block, mine in texts(made_of, rows, seed):
            names = pc.binary_join_element_wise(
                "r", pa.array(np.arange(written, written + len(block)) + 10**8).cast(pa.string()), ""
            )
            writer.write_table(pa.table([names, block], schema=schema), row_group_size=ROW_GROUP)
            hashes[written : written + len(block)] = hash_column(block)
            written, of_target = written + len(block), of_target + mine
            text_bytes += pc.sum(pc.binary_length(block)).as_py()
    facts = Facts(path.stem, seed, str(made_of.target), rows, of_target, len(np.unique(hashes)), text_bytes)
    with whole_file(path.with_suffix(".json")) as stream:
        stream.write(json.dumps(asdict(facts)).encode() + b"\n")
    return facts


def write_labelled(path: Path, utterances: list[Utterance]) -> None:
    """Write a labelled set as JSONL."""
    with whole_file(path) as stream:
        for one in utterances:
            slots = one.slots and [{"start": a.start, "end": a.end, "label": a.label} for a in one.slots]
            record: dict[str, object] = {
                "id": one.id,
                "text": one.text,
                "domain": one.domain,
                "intent": one.intent,
            }
            if slots is not None:
                record["slots"] = list(slots)
            stream.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")


def main() -> None:
    """Write the pools that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", default=["1m", "10m"], choices=SIZES, metavar="SIZE")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    POOLS.mkdir(exist_ok=True)
    made_of = source(seed=options.seed)
    write_labelled(POOLS / f"{made_of.name}_labelled.jsonl", made_of.labelled)
    for size in options.sizes:
        start = time.perf_counter()
        facts = write_pool(POOLS / f"{made_of.name}_{size}.parquet", made_of, SIZES[size], options.seed)
        print(f"{facts} in {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
