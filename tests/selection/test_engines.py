"""One suite for all engines: the batch is that of the local one, byte for byte, whatever the pool is cut into."""

import contextlib
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canvass.corpus.pool import Pool
from canvass.errors import CanvassError, EngineError, FileError, InputError, OptionError
from canvass.features.key_sample import KeySample
from canvass.models import scorer as scorer_module
from canvass.models.scorer import Scorer
from canvass.selection import wire
from canvass.selection.engines import dask as dask_module
from canvass.selection.engines import engine_named, select, select_each
from canvass.selection.engines.dask import Dask, check_versions
from canvass.selection.engines.spark import Spark
from canvass.selection.engines.threads import Threads
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.job import Job
from canvass.selection.multi_target import Plans
from canvass.selection.plan import Plan
from canvass.selection.seed_phrases import SeedPhrases, SeedPlan
from canvass.strategies import STRATEGIES
from canvass.types import ModelAnswer, Target, Utterance
from engine_clusters import (
    bytes_of,
    dask_client,
    needs_dask,
    needs_spark,
    plans_of,
    run,
    shuffled,
    small_rows,
    spark_session,
    write_shards,
)
from examples import MUSIC
from parameters import slow_unless
from pools import pool_of, trained

NAMES = [name for name, row in STRATEGIES.items() if not row.for_all]
CASES = range(5)


@pytest.fixture(scope="module")
def models():
    return trained(MUSIC)


def start(name, stack):
    """Start an engine."""
    if name.startswith("threads"):
        return Threads(int(name[-1]))
    if name.startswith("dask"):
        processes = "processes" in name
        return Dask(client=stack.enter_context(dask_client(int(name[-1]), processes=processes)))
    return Spark(session=stack.enter_context(spark_session(f"local[{name[-1]},4]")))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("threads 1", marks=pytest.mark.slow),
        "threads 3",
        pytest.param("dask 1", marks=[*needs_dask, pytest.mark.slow]),
        pytest.param("dask 3", marks=needs_dask),
        pytest.param("dask processes 2", marks=[*needs_dask, pytest.mark.slow]),
        pytest.param("spark 2", marks=needs_spark),
    ],
)
def engine(request):
    with contextlib.ExitStack() as stack:
        yield start(request.param, stack)


@pytest.mark.parametrize("case", slow_unless([1, 3], CASES))
def test_the_batch_is_that_of_the_local_engine(engine, models, tmp_path, case):
    dice = random.Random(case)
    plans = plans_of(models, dice, NAMES[case % len(NAMES)])
    rows = small_rows()[: dice.choice([40, 2000])]
    files = write_shards(tmp_path, rows, dice)
    expected = select_each(plans, pool_of(rows, NAMES[case % len(NAMES)]))
    for number, step in enumerate((None, 1000, 6000, 40_000)[case % 2 :: 2]):
        found, pool = run(
            engine, plans, shuffled(files, number), step=step, rows=dice.choice([5, 64, 65_536])
        )
        assert found == expected
        path = tmp_path / "batch.jsonl"
        assert bytes_of(found, path) == bytes_of(expected, path)
        assert (pool.bad.count, pool.bad_files.count) == (0, 0)


@pytest.mark.parametrize("name", slow_unless(["random", "majority-joint", "external-joint"], NAMES))
def test_every_strategy(engine, models, tmp_path, name):
    plans = Plans((Plan.of(models, (), strategy=name, size=20),))
    files = write_shards(tmp_path, small_rows(), random.Random(5))
    assert run(engine, plans, files, step=20_000)[0] == select_each(plans, pool_of(small_rows(), name))


def test_a_scorer_is_asked_about_the_same_shortlist(engine, models, tmp_path, monkeypatch):
    asked = []

    def score(texts):
        asked.append(texts)
        return [ModelAnswer(None, len(text) % 10 / 10) for text in texts]

    monkeypatch.setattr(scorer_module, "load_callable", lambda name, option: score)
    scorer = Scorer.of("mine:score", (), shortlist=30)
    plans = Plans((Plan.of(models, (), size=9, scorer=scorer),))
    files = write_shards(tmp_path, small_rows(), random.Random(6))
    assert run(engine, plans, files, step=20_000)[0] == select_each(plans, Pool.of(small_rows()))
    assert asked[0] == asked[len(asked) // 2]
    assert len(asked[0]) == 30
    # More than a batch of that size has kept for variety.
    assert Plan.of(models, (), size=9, scorer=Scorer.of("mine:score", (), shortlist=700)).capacity == 700


def test_phrases_choose_the_same(engine, tmp_path):
    seeds = SeedPhrases(("björk", "will it rain"), (("song", "rain"),))
    plan = SeedPlan.of_phrases(seeds, MUSIC, 0, ExcludedKeys(()), size=60, seed=2)
    plans = Plans((plan,))
    files = write_shards(tmp_path, small_rows(), random.Random(8))
    expected = select_each(plans, Pool.of(small_rows()))
    assert {candidate.why for candidate in expected[0].candidates} == {"match", "near"}
    assert run(engine, plans, files, step=6000)[0] == expected


@pytest.mark.parametrize("limit", slow_unless([900], [900, 1 << 20]))
def test_the_sample_is_that_of_the_local_engine(engine, models, damaged, limit):
    plans = Plans((Plan.of(models, (), size=5),))
    pool = Pool.open([str(damaged)], skip_bad_files=True)
    result = engine.run(Job(plans, pool, 2000, sample=limit))
    expected = KeySample.of_pool(Pool.open([str(damaged)], skip_bad_files=True), limit=limit)
    assert result.sample.to_parts() == expected.to_parts()
    assert len(expected.keys()) > 20
    assert engine.run(Job(plans, pool)).sample is None


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


GOOD = ['{"text": "play song %d", "id": "%d"}' % (number, number) for number in range(300)]  # noqa: UP031


@pytest.fixture
def damaged(tmp_path):
    """Good files, and four that cannot be read: one is split, and only its middle is bad."""
    write_lines(tmp_path / "a.jsonl", GOOD[:100])
    write_lines(tmp_path / "b.jsonl", [*GOOD[100:150], '{"text": 7}', *GOOD[150:250]])
    write_lines(tmp_path / "c.jsonl", GOOD[250:])
    (tmp_path / "d.parquet").write_bytes(b"PAR1 and nothing else")
    pq.write_table(
        pa.table({"text": [f"play {n} by u2" for n in range(200)]}), tmp_path / "e.parquet", row_group_size=10
    )
    data = bytearray((tmp_path / "e.parquet").read_bytes())
    data[1500:1600] = bytes(100)
    (tmp_path / "e.parquet").write_bytes(bytes(data))
    return tmp_path


@pytest.mark.parametrize("step", slow_unless([2000], [300, 2000, None]))
def test_files_that_cannot_be_read_are_left_out_as_a_whole(engine, models, damaged, step):
    plans = Plans((Plan.of(models, (), size=500),))
    files = [str(path) for path in sorted(damaged.iterdir())]
    found, pool = run(engine, plans, files, step=step, skip_bad_files=True)
    good = [str(damaged / "a.jsonl"), str(damaged / "c.jsonl")]
    assert found == select_each(plans, Pool.open(good))
    assert pool.bad_files.count == 3
    assert "b.jsonl" in pool.bad_files.first
    assert "field 'text' is 7" in pool.bad_files.first


def test_a_file_that_cannot_be_read_ends_the_job(engine, models, damaged):
    plans = Plans((Plan.of(models, (), size=5),))
    with pytest.raises(InputError, match=r"b\.jsonl.*field 'text' is 7"):
        run(engine, plans, [str(damaged / "a.jsonl"), str(damaged / "b.jsonl")], step=500)
    pool = [str(damaged / "a.jsonl"), str(damaged / "c.jsonl")]
    opened = Pool.open(pool)
    (damaged / "c.jsonl").unlink()
    with pytest.raises(FileError, match=r"c\.jsonl: no such file"):
        select_each(plans, opened, engine=engine)


def test_bad_lines_are_counted_over_all_shards(engine, models, tmp_path):
    plans = Plans((Plan.of(models, (), size=5),))
    for number in range(3):
        write_lines(tmp_path / f"{number}.jsonl", [*GOOD[:20], "nothing", *GOOD[20:40]])
    expected = select_each(plans, Pool.open([str(tmp_path)], skip_bad=3))
    found, pool = run(engine, plans, [str(tmp_path)], step=700, skip_bad=3)
    assert found == expected
    assert pool.bad.count == 3
    assert "0.jsonl" in pool.bad.first
    # Threads read file by file, and stop at the line; a cluster counts when all shards are done.
    sentence = "bad line 3" if isinstance(engine, Threads) else "3 bad lines"
    with pytest.raises(
        InputError, match=sentence + r", but --skip-bad tolerates 2; the first was .*0\.jsonl"
    ):
        run(engine, plans, [str(tmp_path)], step=700, skip_bad=2)


def test_an_empty_pool(engine, models, tmp_path):
    plans = Plans((Plan.of(models, (), size=5),))
    with pytest.raises(InputError, match="empty pool: no utterance in"):
        run(engine, plans, [write_lines(tmp_path / "a.jsonl", [])])


def test_another_version_is_refused(engine, models, tmp_path, monkeypatch):
    if isinstance(engine, Threads):
        pytest.skip("there is no other process")
    plans = Plans((Plan.of(models, {"of this test"}, size=5),))
    monkeypatch.setattr(wire, "__version__", "9.9")
    monkeypatch.setattr(dask_module, "__version__", "9.9")
    with pytest.raises(EngineError, match=r"the client runs canvass 9\.9, but a worker has 0\.1\.0"):
        run(engine, plans, [write_lines(tmp_path / "a.jsonl", GOOD)])


class Workers:
    """A client whose workers say what they have installed."""

    def __init__(self, *found):
        self.found = found

    def wait_for_workers(self, count, timeout):
        if len(self.found) < count:
            raise TimeoutError

    def run(self, function, name, *, on_error):
        assert (function.__module__, name, on_error) == ("pkgutil", "canvass:__version__", "return")
        return {f"tcp://{number}": one for number, one in enumerate(self.found)}


def test_every_worker_is_asked_for_its_version():
    check_versions(Workers("0.1.0", "0.1.0"))
    with pytest.raises(EngineError, match="no worker came within 60 seconds"):
        check_versions(Workers())
    with pytest.raises(EngineError, match=r"canvass 0\.1\.0, but a worker has 0\.0\.9"):
        check_versions(Workers("0.1.0", "0.0.9"))
    with pytest.raises(EngineError, match="but a worker has none; install the same version"):
        check_versions(Workers(ModuleNotFoundError("No module named 'canvass'")))


def test_select_takes_an_engine_by_name_or_as_such(models, tmp_path):
    plan = Plan.of(models, (), size=9)
    files = write_shards(tmp_path, small_rows(), random.Random(1))
    expected = select(plan, Pool.of(small_rows()))
    for engine in ("local", Threads(2)):
        assert select(plan, Pool.open(files), engine=engine) == expected
    assert select(plan, Pool.open(files, skip_bad_files=True)) == expected


@pytest.mark.parametrize("engine", [Dask(), Spark()], ids=["dask", "spark"])
def test_pools_that_no_cluster_can_read(models, engine):
    plan = Plan.of(models, (), size=9)
    with pytest.raises(OptionError, match="a pool in memory cannot be read by a cluster"):
        select(plan, Pool.of([Utterance("play it")]), engine=engine)
    with pytest.raises(OptionError, match="standard input"):
        select(plan, Pool.open(["-"]), engine=engine)


def test_what_engines_cannot_do():
    with pytest.raises(
        OptionError, match="--engine 'ray' is not an engine; choose one of local, dask, spark"
    ):
        engine_named("ray")
    with pytest.raises(OptionError, match="--scheduler belongs to --engine dask"):
        engine_named("spark", scheduler="tcp://here:1")
    with pytest.raises(OptionError, match="--master belongs to --engine spark"):
        engine_named("local", master="yarn")
    with pytest.raises(OptionError, match="--threads is for this machine"):
        engine_named("dask", scheduler="tcp://here:1", threads=3)
    with pytest.raises(OptionError, match="--threads 0"):
        engine_named("dask", threads=0)
    assert engine_named("local", threads=3) == Threads(3)
    assert engine_named("dask", scheduler="tcp://here:1") == Dask("tcp://here:1")
    assert engine_named("spark", master="yarn") == Spark("yarn")


@pytest.mark.parametrize("name", ["dask", "spark"])
def test_a_missing_extra_is_named(models, tmp_path, monkeypatch, name):
    import sys

    for module in ("distributed", "pyspark", "pyspark.sql"):
        monkeypatch.setitem(sys.modules, module, None)
    pool = Pool.open([write_lines(tmp_path / "a.jsonl", GOOD)])
    with pytest.raises(CanvassError, match=rf"pip install 'canvass-nlu\[{name}\]'"):
        select(Plan.of(models, (), size=9), pool, engine=name)


def test_all_as_a_target(engine, tmp_path):
    plans = Plans((Plan.of(trained(Target("all")), (), strategy="margin-balanced", size=20),))
    files = write_shards(tmp_path, small_rows(), random.Random(9))
    assert run(engine, plans, files, step=9000)[0] == select_each(plans, Pool.of(small_rows()))
