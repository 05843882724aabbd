"""The engine of threads: threads, block sizes, formats and shards change nothing."""

import csv
import json
import random
import threading
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canvass.corpus.formats.column_names import MODEL_COLUMNS
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.pool import Pool
from canvass.errors import InputError, OptionError
from canvass.processors import processors
from canvass.selection.batch_file import write_batch
from canvass.selection.engines import select
from canvass.selection.multi_target import Plans
from canvass.selection.plan import Plan
from canvass.strategies import STRATEGIES
from canvass.types import Utterance
from examples import MUSIC
from parameters import slow_unless
from pools import ROWS, Twin, opinion_records, pool_of, shown, trained


@pytest.fixture(scope="module")
def twin():
    return Twin(trained(MUSIC))


def plan_of(twin, name="majority-joint", size=12):
    return Plan.of(twin.nlu, twin.excluded, strategy=name, size=size)


def write_jsonl(path, rows):
    dice = random.Random(1)
    lines = [json.dumps(one, ensure_ascii=dice.random() < 0.5) + "\n" for one in opinion_records(rows)]
    path.write_text("".join(lines), encoding="utf-8", newline="")


def write_csv(path, rows):
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["count", "text", *MODEL_COLUMNS, "id"])
        writer.writeheader()
        writer.writerows(opinion_records(rows))


def write_parquet(path, rows):
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("count", pa.int32()),
            ("text", pa.large_string()),
            ("intent", pa.string()),
            ("score", pa.float64()),
            ("intent_probability", pa.float64()),
            ("slots_probability", pa.float64()),
        ]
    )
    pq.write_table(pa.Table.from_pylist(opinion_records(rows), schema=schema), path, row_group_size=97)


WRITERS = {"jsonl": write_jsonl, "csv": write_csv, "parquet": write_parquet}


@pytest.mark.parametrize(("rows", "threads"), [(1, 3), (70, 3), (70, 1), (1000, 1)])
@pytest.mark.parametrize("name", slow_unless(["random", "majority-joint", "external-joint"], STRATEGIES))
def test_threads_and_block_sizes_change_nothing(twin, name, rows, threads):
    order = random.Random(rows).sample(ROWS, len(ROWS))
    order = order[:40] if rows == 1 else order
    batch = select(plan_of(twin, name), pool_of(order, name, rows=rows), threads=threads)
    assert (shown(batch), batch.counters) == twin.choose(order, name, 12)[:2]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    slow_unless(["majority-joint"], ["majority-joint", "external-joint", "qbc-as", "random", "external"]),
)
def test_one_file_or_sixteen_shards_of_any_format_give_the_same_bytes(twin, name, tmp_path):
    plan = plan_of(twin, name, 60)
    outputs = {}
    for extension, write in WRITERS.items():
        dice = random.Random(extension)
        whole = tmp_path / f"whole.{extension}"
        write(whole, ROWS)
        folder = tmp_path / extension
        folder.mkdir()
        shards = [[] for _ in range(16)]
        for row in dice.sample(ROWS, len(ROWS)):
            dice.choice(shards).append(row)
        paths = [folder / f"{number}.{extension}" for number in range(16)]
        for path, rows in zip(paths, shards, strict=True):
            write(path, rows)
        wanted = {"model_columns": STRATEGIES[name].columns}
        pools = {
            "whole": Pool.open([str(whole)], **wanted),
            "whole in small blocks": Pool.open([str(whole)], rows=50, **wanted),
            "folder": Pool.open([str(folder)], **wanted),
            "shards": Pool.open([str(path) for path in dice.sample(paths, 16)], rows=7, **wanted),
        }
        for number, (way, pool) in enumerate(pools.items()):
            found = tmp_path / f"{extension}-{number}.jsonl"
            write_batch(str(found), select(plan, pool, threads=1 + number % 2 * 2))
            outputs[extension, way] = found.read_bytes()
    assert len(outputs) == 12
    expected = tmp_path / "expected.jsonl"
    write_batch(str(expected), select(plan, pool_of(ROWS, name)))
    assert [case for case, found in outputs.items() if found != expected.read_bytes()] == []
    lines = [json.loads(line) for line in expected.read_text(encoding="utf-8").split("\n")[:-1]]
    chosen = twin.choose(ROWS, name, 60)[0]
    for field in ("id", "text", "count", "score", "why", "rank", "strategy"):
        assert [line[field] for line in lines] == [one[field] for one in chosen]


def test_progress_accounts_for_every_row_and_byte(twin, tmp_path):
    write_jsonl(tmp_path / "pool.jsonl", ROWS)
    pool = Pool.open([str(tmp_path / "pool.jsonl")], rows=50)
    seen = []
    select(plan_of(twin), pool, threads=2, progress=lambda rows, size: seen.append((rows, size)))
    assert sum(rows for rows, _ in seen) == len(ROWS)
    assert sum(size for _, size in seen) == (tmp_path / "pool.jsonl").stat().st_size == pool.total_bytes
    assert len(seen) > 5


def canvass_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("canvass")]


@pytest.mark.parametrize("threads", [1, 3])
def test_a_bad_line_in_the_middle_ends_the_selection(twin, tmp_path, threads):
    write_jsonl(tmp_path / "pool.jsonl", ROWS)
    with (tmp_path / "pool.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"text": 7}\n')
    with pytest.raises(InputError, match=r"pool.jsonl:\d+: field 'text' is 7"):
        select(plan_of(twin), Pool.open([str(tmp_path / "pool.jsonl")], rows=20), threads=threads)
    assert canvass_threads() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupt_ends_the_threads(twin, error):
    calls = []

    def progress(rows, size):
        calls.append(rows)
        if len(calls) == 3:
            raise error

    with pytest.raises(error):
        select(plan_of(twin), Pool.of(ROWS, rows=5), threads=2, progress=progress)
    assert len(calls) == 3
    end = time.monotonic() + 60  # whoever interrupts does not wait for the blocks under way
    while canvass_threads() and time.monotonic() < end:
        time.sleep(0.01)
    assert canvass_threads() == []


def test_an_error_of_a_thread_is_raised(twin, monkeypatch):
    monkeypatch.setattr(Plans, "score_block", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        select(plan_of(twin), Pool.of(ROWS, rows=5), threads=2)
    assert canvass_threads() == []


def test_few_blocks_are_read_ahead(twin, monkeypatch):
    """Memory does not grow with the pool: the reader waits for the threads."""
    done = []
    ahead = []
    score = Plans.score_block

    def counting(plans, block, so_far):
        found = score(plans, block, so_far)
        done.append(1)
        return found

    class Watched:
        read_options = None
        bad = BadLines()
        bad_files = BadLines()

        def blocks(self):
            for number, block in enumerate(Pool.of(ROWS[:240], rows=4).blocks()):
                ahead.append(number - len(done))
                yield block

    monkeypatch.setattr(Plans, "score_block", counting)
    select(plan_of(twin), Watched(), threads=2)
    assert max(ahead) <= 6
    assert len(done) == len(ahead) > 50


def test_numbers_of_threads(twin):
    for threads in (0, -1):
        with pytest.raises(OptionError, match=f"--threads {threads}"):
            select(plan_of(twin), Pool.of(ROWS), threads=threads)
    assert processors() >= 1


def test_an_empty_pool(twin):
    with pytest.raises(InputError, match="empty pool"):
        select(plan_of(twin), Pool.of([]))
    with pytest.raises(InputError, match="no utterance that could be chosen"):
        select(plan_of(twin), Pool.of([Utterance(" ")]))
