"""Rows that an engine has read itself: Spark DataFrames, Dask collections, and the batch as a table."""

import json
import random
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.pool import ROWS as BLOCK
from canvass.corpus.pool import Pool
from canvass.errors import CanvassError, InputError
from canvass.selection.batch_file import batch_columns, batches_as_rows, candidate_record
from canvass.selection.engines import select_each
from canvass.selection.job import _blocks, score_rows
from canvass.selection.multi_target import Plans
from canvass.selection.plan import Plan
from canvass.types import Target
from engine_clusters import dask_client, needs_spark, small_rows, spark_session
from examples import MUSIC
from parameters import slow_unless
from pools import LABELLED, opinion_records, trained

FIELDS = Columns(text="utterance", id="key", count="n")
KEEPING = replace(FIELDS, others=True)


@pytest.fixture(scope="module")
def plans():
    return Plans.train(LABELLED, [MUSIC, Target("intent", "PlayMusic")], size=11, seed=2)


@pytest.fixture(scope="module")
def rows():
    return small_rows()


@pytest.fixture(scope="module")
def expected(plans, rows):
    return select_each(plans, Pool.of(rows))


def named(rows):
    """Records with other names, and a column that nobody asked for."""
    return [
        {"more": number, "utterance": one["text"], "key": one["id"], "n": one["count"]}
        for number, one in enumerate(opinion_records(rows))
    ]


def as_records(batches):
    return [candidate_record(one) for batch in batches for one in batch.candidates]


def test_rows_in_batches_of_any_size(plans, rows, expected):
    table = pa.Table.from_pylist(named(rows)).drop_columns("more")
    for size in (1, 50, 10_000):
        part = score_rows(plans, table.to_batches(max_chunksize=size), FIELDS, "here")
        assert plans.finish(part.partials) == expected


def columns_of(text):
    """Columns of every kind, beside those of a pool; a batch has a rank of its own."""
    return {
        "day": date(2026, 11, 1 + len(text) % 9), "language": f"l{text[:1]}", "turn": len(text),
        "live": len(text) % 2 == 0, "share": len(text) / 4, "tags": [text[:2]], "rank": 7,
    }  # fmt: skip


def with_columns(rows):
    return [
        {"utterance": row.text, "key": row.id, "n": row.count} | columns_of(row.text)
        for row in rows
        if row.text.strip()
    ]


@pytest.fixture(scope="module")
def kept(plans, rows):
    return select_each(plans, Pool.from_table(pa.Table.from_pylist(with_columns(rows)), columns=KEEPING))


def test_rows_keep_their_other_columns_where_asked(plans, rows, kept):
    table = pa.Table.from_pylist(with_columns(rows))
    for candidate in (candidate for batch in kept for candidate in batch.candidates):
        columns = columns_of(candidate.text)
        assert candidate.others == columns | {"day": str(columns["day"])}
        record = candidate_record(candidate)
        assert (record["rank"], record["turn"]) == (candidate.rank, len(candidate.text))
    part = score_rows(plans, table.to_batches(max_chunksize=50), KEEPING, "here")
    assert plans.finish(part.partials) == kept
    plain = select_each(plans, Pool.from_table(table, columns=FIELDS))
    for batch, without in zip(kept, plain, strict=True):
        assert tuple(replace(candidate, others={}) for candidate in batch.candidates) == without.candidates


def test_blocks_are_joined_and_cut():
    sizes = [3, 0, BLOCK - 2, BLOCK, 2 * BLOCK + 5, 7]
    batches = [pa.RecordBatch.from_pydict({"a": pa.array(range(size))}) for size in sizes]
    made = list(_blocks(batches))
    assert [value for batch in made for value in batch["a"].to_pylist()] == [
        v for size in sizes for v in range(size)
    ]
    assert max(batch.num_rows for batch in made) <= BLOCK
    assert len(made) <= 6


def test_a_batch_as_rows_is_the_batch_as_a_file(rows, expected):
    table = batches_as_rows(
        batch_columns(several_targets=True, committee=True, intents=True, slots=True), expected
    )
    assert table.to_pylist() == as_records(expected)
    alone = Plans((Plan.of(trained(Target("all")), (), strategy="random", size=3),))
    batches = select_each(alone, Pool.of(rows))
    table = batches_as_rows(
        batch_columns(several_targets=False, committee=False, intents=True, slots=True), batches
    )
    assert table.to_pylist() == as_records(batches)
    assert not {"also_for", "score_hinge"} & set(table.schema.names)


@pytest.fixture(scope="module")
def client():
    with dask_client(2) as one:
        yield one


@pytest.mark.parametrize(
    "kind", slow_unless(["delayed tables", "bag"], ["delayed tables", "bag", "texts", "frame"])
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_dask_collections(client, plans, rows, expected, kind):
    dask = pytest.importorskip("dask")
    from canvass.selection.engines.dask import batches_of

    some = random.Random(1).sample(named(rows), len(rows))
    if kind == "delayed tables":
        table = pa.Table.from_pylist(some)
        collection = [dask.delayed(table.slice(start, 40)) for start in range(0, len(some), 40)]
    elif kind == "bag":
        import dask.bag

        collection = dask.bag.from_sequence(some, npartitions=7)
    elif kind == "texts":
        import dask.bag

        texts = [row.text for row in rows]
        collection = dask.bag.from_sequence(texts, npartitions=3)
        expected = select_each(plans, Pool.from_table(pa.table({"text": texts})))
    else:
        pandas = pytest.importorskip("pandas")
        frame = pytest.importorskip("dask.dataframe")
        collection = frame.from_pandas(pandas.DataFrame(some), npartitions=5)
    assert batches_of(plans, collection, client, columns=FIELDS) == expected


@pytest.mark.parametrize("kind", slow_unless(["bag"], ["bag", "frame"]))
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_dask_collections_keep_their_other_columns(client, plans, rows, kept, kind):
    dask, _ = pytest.importorskip("dask"), pytest.importorskip("pandas")
    from canvass.selection.engines.dask import batches_of

    table = pa.Table.from_pylist(with_columns(rows))
    parts = (table.slice(start, 60) for start in range(0, len(table), 60))
    collection = [dask.delayed(part.to_pandas() if kind == "frame" else part.to_pylist()) for part in parts]
    assert batches_of(plans, collection, client, columns=KEEPING) == kept


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_bad_row_of_a_dask_collection(client, plans):
    bag = pytest.importorskip("dask.bag")
    from canvass.selection.engines.dask import batches_of

    bad = bag.from_sequence([{"text": "play it"}, {"text": "play it", "count": 0}], npartitions=1)
    with pytest.raises(InputError, match="partition 0 of the collection: row 2: field 'count' is 0"):
        batches_of(plans, bad, client)
    mixed = bag.from_sequence([{"text": "play it"}, {"text": 7}], npartitions=1)
    with pytest.raises(InputError, match="partition 0 of the collection"):
        batches_of(plans, mixed, client)
    with pytest.raises(InputError, match="column 'text' is missing"):
        batches_of(plans, bag.from_sequence([{"words": "play it"}], npartitions=1), client)


@pytest.fixture(scope="module")
def session():
    with spark_session("local[2]") as one:
        yield one


def spark_frame(session, rows):
    schema = "more long, utterance string, key string, n long"
    values = [(one["more"], one["utterance"], one["key"], one["n"]) for one in named(rows)]
    return session.createDataFrame(values, schema)


class TestSpark:
    pytestmark = needs_spark

    @pytest.mark.parametrize("partitions", [1, 5])
    def test_from_a_frame_to_a_frame(self, session, plans, rows, expected, partitions):
        from canvass.selection.engines.spark import batches_of, choose

        frame = spark_frame(session, rows).repartition(partitions)
        chosen = choose(plans, frame, columns=FIELDS, mergers=3)
        assert [row.asDict(recursive=True) for row in chosen.collect()] == as_records(expected)
        assert chosen.where("target = 'domain:music'").count() == 11
        assert batches_of(plans, frame, columns=FIELDS, mergers=2) == expected

    def test_frames_keep_their_other_columns(self, session, plans, rows, kept):
        from canvass.selection.engines.spark import batches_of, choose

        schema = (
            "utterance string, key string, n long, day date, language string, turn int, live boolean, share double, "
            "tags array<string>, rank long"
        )
        frame = session.createDataFrame([tuple(row.values()) for row in with_columns(rows)], schema)
        assert batches_of(plans, frame.repartition(3), columns=KEEPING) == kept
        frame = frame.selectExpr("*", "named_struct('a', turn) as nested")
        for row in choose(plans, frame, columns=KEEPING, mergers=2).collect():
            columns = columns_of(row.text)
            assert (row.day, row.nested) == (str(columns["day"]), json.dumps({"a": len(row.text)}))
            names = ("language", "turn", "live", "share", "tags")
            assert [row[name] for name in names] == [columns[name] for name in names]
            assert row["rank"] <= 11

    def test_bad_input(self, session, plans):
        from canvass.selection.engines.spark import batches_of, choose

        with pytest.raises(InputError, match="the DataFrame has no column 'text'"):
            choose(plans, session.createDataFrame([("a",)], "words string"))
        frame = session.createDataFrame([("play it", 0)], "text string, count long").repartition(1)
        with pytest.raises(CanvassError, match="partition 0 of the DataFrame: row 1: field 'count' is 0"):
            batches_of(plans, frame)
