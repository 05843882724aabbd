"""Conditions: what the path decides, what Arrow is asked, and the twin that looks at each row."""

import itertools
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canvass.corpus.formats.losses import BadLines
from canvass.corpus.pool import Pool
from canvass.corpus.shards import cut
from canvass.corpus.where import Where, partition_of
from canvass.errors import FileError, InputError, OptionError
from parameters import slow_unless

VALUES = {"n": [-1, 0, 7, 12], "s": ["a", "b", "é", "2026-11-01"]}
SIGNS = ["=", "==", "!=", "<>", "<", "<=", ">", ">="]


@st.composite
def comparisons(draw):
    name = draw(st.sampled_from(sorted(VALUES)))
    kind = draw(st.sampled_from(["sign", "in", "not in", "null", "not null"]))
    values = draw(st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=3))
    if kind == "sign":
        return f"{name} {draw(st.sampled_from(SIGNS))} {values[0]!r}"
    if kind in ("in", "not in"):
        listed = ", ".join(map(repr, values))
        return f"{name} {kind.upper()} ({listed},)"
    return f"{name} is {'not ' if kind == 'not null' else ''}null"


CONDITIONS = st.recursive(
    comparisons(),
    lambda inner: st.tuples(inner, st.sampled_from(["and", "OR"]), inner).map(
        lambda three: f"({three[0]}) {three[1]} {three[2]}"
    ),
    max_leaves=5,
)


def twin(words, row):
    """Ask Python itself; a missing value passes nothing but `is null`."""
    import ast

    tree = Where.parse(words).tree

    def passes(node):
        if isinstance(node, ast.BoolOp):
            return (any if isinstance(node.op, ast.Or) else all)([passes(operand) for operand in node.values])
        value = row[node.left.id]
        if value is None and not isinstance(node.ops[0], ast.Is | ast.IsNot):
            return False
        return bool(eval(ast.unparse(node), {}, {node.left.id: value}))

    return passes(tree)


@given(CONDITIONS, st.data())
def test_arrow_path_and_python_agree(words, data):
    table = {
        name: data.draw(st.lists(st.sampled_from([None, *values]), min_size=8, max_size=8))
        for name, values in VALUES.items()
    }
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    expected = [twin(words, row) for row in rows]
    where = Where.parse(words)
    # All columns in the path.
    stated = [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]
    assert [where.decide(partition) for partition in stated] == expected
    # All columns in the file.
    arrow = pa.table({"n": pa.array(table["n"], pa.int16()), "s": pa.array(table["s"], pa.string())})
    numbered = arrow.append_column("row", pa.array(range(8)))
    kept = numbered.filter(where.expression(arrow.schema, "pool.parquet"))["row"].to_pylist()
    assert kept == [row for row in range(8) if expected[row]]
    # One in the path, the other in the file.
    for row in range(8):
        n = "__HIVE_DEFAULT_PARTITION__" if table["n"][row] is None else table["n"][row]
        path = f"pool/n={n}/a.parquet"
        decided = where.decide(partition_of(path))
        if decided is None:
            single = numbered.slice(row, 1).drop_columns(["n"])
            decided = single.filter(where.expression(single.schema, path)).num_rows == 1
        assert decided == expected[row]


@pytest.mark.parametrize(
    "words",
    ["", "date", "date >", "f(x) = 1", "a < 1 < 2", "x = null", "not a = 1", "x in 3", "x in ()", "a = b", "a is 3",
     "__import__('os')", "a.b = 1", "a = [1]", "(" * 200 + "a = 1"],
)  # fmt: skip
def test_what_is_no_condition(words):
    with pytest.raises(OptionError, match=r"--where .* cannot be read"):
        Where.parse(words)


def test_words_in_quotes_stay():
    where = Where.parse("a = 'x AND y = z' and b <> \"<>\"")
    assert where.decide({"a": "x AND y = z", "b": "="}) is True
    assert where.decide({"a": "x and y = z", "b": "="}) is False
    assert where.columns() == ["a", "b"]


def test_paths():
    assert partition_of("a=1/b%3D2/c=x%20y/d=3.parquet") == {"a": "1", "c": "x y"}
    assert partition_of("pool.parquet") == {}


@pytest.fixture
def lake(tmp_path):
    """Two days, each with a file of three row groups by language."""
    for day in ("2026-11-01", "2026-11-02"):
        folder = tmp_path / f"day={day}"
        folder.mkdir()
        languages = [language for language in ("de", "en", "fr") for _ in range(10)]
        texts = [f"{language} {day} {number}" for number, language in enumerate(languages)]
        table = pa.table({"text": texts, "language": languages, "other": [0] * 30})
        pq.write_table(table, folder / "a.parquet", row_group_size=10)
    return str(tmp_path)


def texts(pool):
    return [text for block in pool.blocks() for text in block.batch.column("text").to_pylist()]


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("day >= '2026-11-02'", 30),
        ("day = '2026-11-02' and language = 'en'", 10),
        ("language in ('de', 'fr')", 40),
        ("day = '2026-11-01' or language = 'fr'", 40),
        ("language = 'xx'", 0),
    ],
)
def test_a_pool_reads_what_meets_the_condition(lake, where, rows):
    pool = Pool.open([lake], where=where, rows=7)
    if not rows:
        with pytest.raises(InputError, match="empty pool"):
            texts(pool)
        return
    read = texts(pool)
    expected = [
        text
        for text in texts(Pool.open([lake]))
        if twin(where, {"day": text.split()[1], "language": text.split()[0]})
    ]
    assert read == expected
    assert len(read) == rows


def test_bytes_are_accounted_for_with_a_condition(lake):
    pool = Pool.open([lake], where="language = 'en'", rows=3)
    assert sum(block.consumed for block in pool.blocks()) == pool.total_bytes


def test_conditions_that_do_not_fit(lake, tmp_path):
    with pytest.raises(FileError, match="leaves out all 2 files"):
        Pool.open([lake], where="day = '1999-01-01'")
    with pytest.raises(InputError, match="'lang', which is neither in the path"):
        texts(Pool.open([lake], where="lang = 'de'"))
    with pytest.raises(InputError, match=r"'other' with 'de', but in .* it is int64"):
        texts(Pool.open([lake], where="language = 7 or other = 'de'"))
    with pytest.raises(InputError, match="--where compares 'day' with 7, but a path or a row has day=2026"):
        Pool.open([lake], where="day > 7")
    (tmp_path / "b.txt").write_text("play it\n")
    with pytest.raises(InputError, match="only rows of Parquet, JSON Lines, CSV and TSV can be chosen"):
        texts(Pool.open([str(tmp_path / "b.txt")], where="language = 'de'"))


def rows_of_a_pool(broken):
    """Rows with missing values and types that differ, and one that only the slow readers accept."""
    rows = [
        {"text": f"request {number}", "n": n, "s": s}
        for number, (n, s) in enumerate(
            itertools.product([None, -1, 0, 7, 12], [None, "a", "é", "2026-11-01"])
        )
    ]
    return [*rows, {"text": 'a "quote"', "n": 12, "s": "a"}] if broken else rows


@pytest.mark.parametrize(
    ("name", "broken"),
    slow_unless(
        [("pool.jsonl", False), ("pool.csv", True)],
        itertools.product(["pool.jsonl", "pool.csv", "pool.tsv"], [False, True]),
    ),
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=CONDITIONS)
def test_rows_of_lines_and_cells_are_chosen_as_by_python(tmp_path, name, broken, words):
    rows = rows_of_a_pool(broken)
    path = tmp_path / name
    if name.endswith("jsonl"):
        lines = [json.dumps(row) for row in rows]
        path.write_text("\n".join([*lines[:3], "", *lines[3:]]) + "\n")
    else:
        delimiter = "," if name.endswith("csv") else "\t"
        cells = [["" if value is None else str(value) for value in row.values()] for row in rows]
        path.write_text("".join(delimiter.join(row) + "\n" for row in [["text", "n", "s"], *cells]))
    expected = [row["text"] for row in rows if twin(words, row)]
    pool = Pool.open([str(path)], where=words, rows=6)
    if expected:
        assert texts(pool) == expected
        assert sum(block.consumed for block in pool.blocks()) == pool.total_bytes
    else:
        with pytest.raises(InputError, match=r"empty pool: no utterance in .* that meets --where"):
            texts(pool)


def test_ranges_of_a_file_are_filtered_alike(tmp_path):
    path = tmp_path / "pool.jsonl"
    path.write_text("".join(json.dumps({"text": f"r{n}", "n": n}) + "\n" for n in range(200)))
    pool = Pool.open([str(path)], where="n >= 100")
    shards = cut(pool.ranges, pool.read_options, step=700)
    assert len(shards) > 3
    found = [
        text
        for shard in shards
        for block in pool.read_options.blocks(shard.ranges[0], BadLines())
        for text in block.batch.column("text").to_pylist()
    ]
    assert found == [f"r{n}" for n in range(100, 200)]


def test_bad_rows_and_columns_that_are_not_there_are_named(tmp_path):
    (tmp_path / "p.csv").write_text("text,lang\nplay,de\n")
    with pytest.raises(InputError, match=r"'language', which is neither in the path of .* \(text, lang\)"):
        texts(Pool.open([str(tmp_path / "p.csv")], where="language = 'de'"))
    with pytest.raises(InputError, match="compares 'lang' with 7, but a path or a row has lang=de"):
        texts(Pool.open([str(tmp_path / "p.csv")], where="lang < 7"))
    (tmp_path / "q.jsonl").write_text('{"text": "play"}\n{"text": "stop", "lang": "de"}\n')
    assert texts(Pool.open([str(tmp_path / "q.jsonl")], where="lang = 'de'")) == ["stop"]
    with pytest.raises(InputError, match=r"'language', which is neither in the path of .* \(text\)"):
        texts(Pool.open([str(tmp_path / "q.jsonl")], where="language = 'de'"))
    (tmp_path / "p.jsonl").write_text('{"text": "play", "lang": "de"}\n{"text": 3, "lang": "de"}\n')
    with pytest.raises(InputError, match="jsonl:2: field"):
        texts(Pool.open([str(tmp_path / "p.jsonl")], where="lang = 'de'"))
