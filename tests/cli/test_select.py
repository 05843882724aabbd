"""`canvass select`: what it writes, whatever the formats it reads and writes, and what it tells."""

import gzip
import json
import re
import unicodedata

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from commands import MUSIC, record, records, refused, write, write_records

from canvass.strategies import STRATEGIES
from canvass.types import Utterance
from engine_clusters import needs_dask, needs_spark
from examples import labelled_and_rest
from parameters import slow_unless
from pools import OWN
from word_pools import annotated, named_requests

KNOWN, REST = labelled_and_rest()
FILES = ["labelled.jsonl", "pool.jsonl"]
FIELDS = [
    "rank",
    "id",
    "text",
    "count",
    "target",
    "strategy",
    "why",
    "score",
    "score_logistic",
    "score_hinge",
    "score_squared",
    "predicted_intent",
    "intent_probability",
    "predicted_slots",
    "tagger_confidence",
]


@pytest.fixture
def batch(canvass, folder):
    """The records of a batch, from a run that must succeed without a warning about bad input."""

    def run(*words, stdin=b""):
        result = canvass("select", *words, stdin=stdin)
        assert result.code == 0, result
        assert "bad" not in result.err
        return records(result.out)

    return run


def test_piped_it_is_the_batch_and_nothing_else(canvass, folder):
    result = canvass("select", *FILES, *MUSIC)
    assert result.code == 0
    found = records(result.out)
    assert [list(one) for one in found] == [FIELDS] * 10
    assert [one["rank"] for one in found] == list(range(1, 11))
    assert [one["score"] for one in found] == sorted(one["score"] for one in found)
    assert {one["strategy"] for one in found} == {"majority-joint"}
    assert {one["why"] for one in found} <= {"filter", "fill"}
    texts = {one.text for one in REST}
    assert all(one["text"] in texts and one["id"] == f"u-{one['text']}" for one in found)
    assert all(line.startswith("canvass: warning: ") for line in result.err.splitlines())
    assert "\x1b" not in result.out + result.err


@pytest.mark.slow
def test_same_command_twice_gives_the_same_bytes(canvass, folder, small_blocks):
    for words in (MUSIC, (*MUSIC, "--strategy", "random", "--seed", "3")):
        first = canvass("select", *FILES, *words)
        small_blocks(7)
        assert canvass("select", *FILES, *words, "--threads", 1).out == first.out
        small_blocks(65_536)
    assert canvass("select", *FILES, *MUSIC, "--strategy", "random", "--seed", "4").out != first.out


@pytest.mark.parametrize("strategy", slow_unless(["random", "majority-crf", "joint"], OWN))
def test_every_strategy_by_its_name(batch, strategy):
    target = ["--target", "all"] if STRATEGIES[strategy].for_all else ["--target", "domain:music"]
    found = batch(*FILES, *target, "--size", "5", "--strategy", strategy)
    assert [one["strategy"] for one in found] == [strategy] * 5


def test_default_for_all_is_margin_balanced(batch, folder):
    write(folder / "music.jsonl", [one for one in KNOWN if one.domain == "music"])
    found = batch("music.jsonl", "pool.jsonl", "--target", "all", "--size", "5")
    assert {one["strategy"] for one in found} == {"margin-balanced"}
    assert not any("score_logistic" in one for one in found)


def test_domain_is_short_for_target(batch):
    long = batch(*FILES, "--target", "domain:music", "--size", "10")
    assert batch(*FILES, *MUSIC) == long
    assert batch(*FILES, "--target", "domain:music", "-n", "10") == long
    assert batch(*FILES, "-t", "intent:PlayMusic", "-n", "10") != long


def from_columns(table):
    """Records of a flat file: slots are JSON in CSV."""
    found = []
    for row in table.to_pylist():
        slots = row["predicted_slots"]
        found.append({**row, "predicted_slots": json.loads(slots) if isinstance(slots, str) else slots})
    return found


@pytest.mark.slow
def test_all_output_formats_hold_the_same_records(canvass, folder):
    expected = records(canvass("select", *FILES, *MUSIC).out)
    for name in ("b.jsonl", "b.jsonl.gz", "b.jsonl.zst", "b.csv", "b.tsv", "b.csv.gz", "b.parquet"):
        result = canvass("select", *FILES, *MUSIC, "--out", name)
        assert (result.code, result.out) == (0, "")
    assert records((folder / "b.jsonl").read_text(encoding="utf-8")) == expected
    assert records(gzip.decompress((folder / "b.jsonl.gz").read_bytes()).decode()) == expected
    with pa.input_stream(folder / "b.jsonl.zst", compression="zstd") as stream:
        assert records(stream.read().decode()) == expected
    assert from_columns(pq.read_table(folder / "b.parquet")) == expected
    assert from_columns(pa.csv.read_csv(folder / "b.csv")) == expected
    assert from_columns(pa.csv.read_csv(folder / "b.csv.gz")) == expected
    tabs = pa.csv.ParseOptions(delimiter="\t")
    assert from_columns(pa.csv.read_csv(folder / "b.tsv", parse_options=tabs)) == expected
    assert records(canvass("select", *FILES, *MUSIC, "--out", "-").out) == expected


def test_a_batch_can_be_read_as_a_pool(batch, canvass, folder):
    canvass("select", *FILES, *MUSIC, "--out", "b.parquet")
    found = batch("labelled.jsonl", "b.parquet", "--target", "domain:music", "--size", "3")
    assert len(found) == 3


def test_pools_of_all_formats_and_places_give_the_same_batch(batch, folder):
    expected = batch(*FILES, *MUSIC)
    rows = [record(one, annotated=False) for one in REST]
    (folder / "shards/deep").mkdir(parents=True)
    write_records(folder / "shards/b.jsonl", rows[:20])
    write_records(folder / "shards/deep/a.jsonl", rows[20:50])
    with gzip.open(folder / "shards/c.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows[50:])
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, folder / "p.parquet", row_group_size=9)
    pa.csv.write_csv(table, folder / "p.csv")
    for pool in (
        ["shards"],
        ["shards/**/*.jsonl*"],
        ["shards/c.jsonl.gz", "shards/b.jsonl", "shards/deep"],
        ["p.parquet"],
        ["p.csv"],
    ):
        assert batch("labelled.jsonl", *pool, *MUSIC) == expected, pool
    lines = (folder / "pool.jsonl").read_bytes()
    assert batch("labelled.jsonl", "-", *MUSIC, stdin=lines) == expected
    assert batch("-", "pool.jsonl", *MUSIC, stdin=(folder / "labelled.jsonl").read_bytes()) == expected
    csv = (folder / "p.csv").read_bytes()
    assert batch("labelled.jsonl", "-", *MUSIC, "--pool-format", "csv", stdin=csv) == expected
    # Plain text has no ids: these are made from the keys.
    (folder / "pool.txt").write_text("".join(f"{one.text}\n" for one in REST), encoding="utf-8")
    found = batch("labelled.jsonl", "pool.txt", *MUSIC)
    without = [{name: value for name, value in one.items() if name != "id"} for one in expected]
    assert [{name: value for name, value in one.items() if name != "id"} for one in found] == without
    assert len({one["id"] for one in found}) == 10


def test_columns_by_option(batch, folder):
    expected = batch(*FILES, *MUSIC)
    names = {name: f"my {name}" for name in ("text", "id", "count", "domain", "intent", "slots")}
    for file in FILES:
        rows = records((folder / file).read_text(encoding="utf-8"))
        renamed = [{names[name]: value for name, value in row.items()} for row in rows]
        write_records(folder / f"my-{file}", renamed)
    given = ",".join(f"{name}={names[name]}" for name in names)
    assert batch("my-labelled.jsonl", "my-pool.jsonl", *MUSIC, "--columns", given) == expected


@pytest.mark.parametrize("pool", ["mine.jsonl", "mine.csv", "mine.parquet"])
def test_the_advice_on_a_missing_column_works(canvass, folder, pool):
    """Followed to the letter, beside a name that was given before; a comma in a name is doubled."""
    column = "what was said, roughly"
    known = records((folder / "labelled.jsonl").read_text(encoding="utf-8"))
    write_records(
        folder / "known.jsonl",
        [{column if name == "text" else name: row[name] for name in row} for row in known],
    )
    table = pa.table({column: [one.text for one in REST]})
    if pool == "mine.jsonl":
        write_records(folder / pool, table.to_pylist())
    elif pool == "mine.csv":
        pyarrow.csv.write_csv(table, folder / pool)
    else:
        pq.write_table(table, folder / pool)
    words = ["select", "labelled.jsonl", pool, *MUSIC, "--columns", "count=freq"]
    advice = re.search(r"name the column with (--columns) text=NAME", canvass(*words).err)
    assert advice
    words[1] = "known.jsonl"
    result = canvass(*words, advice[1], f"text={column.replace(',', ',,')}")
    assert result.code == 0, result.err
    assert len(records(result.out)) == 10


def test_counts_of_a_key_are_summed_and_labelled_ones_never_chosen(batch, folder):
    rows = [{"text": one.text, "count": 2} for one in REST]
    rows += [{"text": f"  {one.text.replace(' ', '  ')} "} for one in REST]  # another spelling, seen once
    rows += [{"text": one.text, "count": 1000} for one in KNOWN]
    write_records(folder / "counted.jsonl", rows)
    found = batch("labelled.jsonl", "counted.jsonl", "--target", "domain:music", "--size", "200")
    assert {one["count"] for one in found} == {3}
    assert len(found) == len(REST)
    assert {one["why"] for one in found} == {"filter", "fill"}


def test_text_is_as_written_and_offsets_refer_to_it(batch, folder):
    """Double blanks, decomposed characters and emoji of two UTF-16 units stay, and are counted as code points."""
    texts = [
        "now play  blue   moon by  bj\u00f6rk",
        " \U0001f3b5 now play  hey jude  by miles davis",
        "now put on  \u0141\u00f3d\u017a by night",
    ]
    written = [unicodedata.normalize("NFD", text) for text in texts]
    write_records(folder / "odd.jsonl", [{"text": text} for text in written])
    found = batch("labelled.jsonl", "odd.jsonl", "--target", "domain:music", "--size", "3")
    assert sorted(one["text"] for one in found) == sorted(written)
    values = {
        unicodedata.normalize("NFC", one["text"][slot["start"] : slot["end"]])
        for one in found
        for slot in one["predicted_slots"]
    }
    assert {"blue   moon", "bj\u00f6rk", "hey jude", "miles davis"} <= values
    assert all(value == value.strip() for value in values)


def test_too_long_is_left_out_and_counted(canvass, folder):
    result = canvass("select", *FILES, *MUSIC, "--max-tokens", 4, "--json")
    facts = json.loads(result.out)
    assert facts["too_long"] > 10
    assert all(len(one["text"].split()) <= 4 for one in facts["choices"])


def test_json_is_one_object(canvass, folder):
    result = canvass("select", *FILES, *MUSIC, "--json")
    facts = json.loads(result.out)
    assert result.out.count("\n") == 1
    assert facts["rows"] == len(REST)
    assert facts["chosen"] == len(facts["choices"]) == 10
    assert (
        facts["labelled"] == facts["too_long"] == facts["blank"] == facts["bad_lines"] == facts["filled"] == 0
    )
    assert abs(facts["distinct"] - len(REST)) <= 3
    assert facts["passed"] >= 10
    assert set(facts["seconds"]) == {"train", "select"}
    assert [f"canvass: warning: {one}" for one in facts["warnings"]] == result.err.splitlines()
    assert facts["choices"] == records(canvass("select", *FILES, *MUSIC).out)
    kept = canvass("select", *FILES, *MUSIC, "--json", "--out", "b.jsonl")
    assert "choices" not in json.loads(kept.out)
    assert records((folder / "b.jsonl").read_text(encoding="utf-8")) == facts["choices"]
    both = canvass("select", *FILES, *MUSIC, "--json", "--out", "-")
    assert records(both.out) == facts["choices"]
    assert json.loads(both.err.splitlines()[-1])["chosen"] == 10


def test_warnings_go_to_standard_error(canvass, folder):
    few = [one for one in KNOWN if one.domain == "music"][:4] + [
        one for one in KNOWN if one.domain != "music"
    ]
    write(folder / "few.jsonl", few)
    result = canvass("select", "few.jsonl", "pool.jsonl", "--target", "domain:music", "--size", "60")
    assert "warning: LABELLED has only 4 utterances of domain:music" in result.err
    assert "passed the filter" in result.err
    assert "3 x 60" in result.err
    assert len(records(result.out)) == 60


SEVERAL = [
    "--target",
    "domain:music",
    "--target",
    "intent:AddToPlaylist",
    "--target",
    "intent:PlayMusic",
    "-n",
    "8",
]


def test_several_targets_one_after_the_other(batch):
    found = batch(*FILES, *SEVERAL)
    targets = ["domain:music", "intent:AddToPlaylist", "intent:PlayMusic"]
    assert [one["target"] for one in found] == [name for name in targets for _ in range(8)]
    assert [one["rank"] for one in found] == [*range(1, 9)] * 3
    for name in targets:
        alone = batch(*FILES, "--target", name, "-n", "8")
        ours = [one for one in found if one["target"] == name]
        assert [{key: value for key, value in one.items() if key != "also_for"} for one in ours] == alone
    of_text = {}
    for one in found:
        of_text.setdefault(one["text"], []).append(one["target"])
    assert any(one["also_for"] for one in found)
    for one in found:
        assert one["also_for"] == [name for name in of_text[one["text"]] if name != one["target"]]


@pytest.mark.slow
def test_several_targets_in_every_output_format(canvass, folder):
    for name in ("b.jsonl", "b.csv", "b.tsv", "b.parquet"):
        assert canvass("select", *FILES, *SEVERAL, "-o", name).code == 0
    expected = [json.loads(line)["also_for"] for line in (folder / "b.jsonl").read_text().splitlines()]
    table = pq.read_table(folder / "b.parquet")
    assert table["also_for"].to_pylist() == expected
    assert table.schema.field("also_for").type == pa.list_(pa.string())
    assert table["predicted_slots"].type != table["also_for"].type
    cells = pa.csv.read_csv(folder / "b.csv")["also_for"].to_pylist()
    assert [json.loads(cell) for cell in cells] == expected


def test_each_domain_that_can_be_trained(canvass, folder):
    result = canvass("select", *FILES, "--target", "each-domain", "-n", "3", "-s", "majority-crf", "--json")
    facts = json.loads(result.out)
    assert [one["target"] for one in facts["targets"]] == ["domain:music"]
    assert len(facts["choices"]) == facts["chosen"] == 3
    assert "left out, with too few utterances annotated for slots" in result.err
    result = canvass("select", *FILES, "--target", "each-domain", "-n", "3", "-s", "majority-sa", "--json")
    facts = json.loads(result.out)
    domains = sorted({f"domain:{one.domain}" for one in KNOWN if one.domain})
    assert [one["target"] for one in facts["targets"]] == domains
    assert [one["chosen"] for one in facts["targets"]] == [3] * len(domains)
    assert "passed" not in facts
    assert len(facts["choices"]) == 3 * len(domains)
    assert all(warning.startswith("domain:") for warning in facts["warnings"])


@pytest.mark.slow
def test_word_features_change_predictions_and_nothing_else(canvass, tmp_path, small_blocks):
    known = [annotated(text) for text in named_requests(200)]
    others = [Utterance(f"other {text}", domain="two", intent="x", slots=()) for text in named_requests(80)]
    write(tmp_path / "labelled.jsonl", known + others)
    (tmp_path / "pool.txt").write_text("\n".join(named_requests(4000)) + "\n")
    job = ("select", tmp_path / "labelled.jsonl", tmp_path / "pool.txt", "-t", "domain:one", "-n", "40")

    def choose(*words):
        result = canvass(*job, *words)
        assert (result.code, result.err) == (0, "")
        return [json.loads(line) for line in result.out.splitlines()]

    predicted = ("predicted_slots", "tagger_confidence", "predicted_intent", "intent_probability")
    plain, with_words = choose("--words", "off"), choose()
    assert [strip(row, predicted) for row in plain] == [strip(row, predicted) for row in with_words]
    gold = {
        text: [(slot.start, slot.end, slot.label) for slot in annotated(text).slots]
        for text in named_requests(4000)
    }

    def right(rows):
        return sum(
            [(slot["start"], slot["end"], slot["label"]) for slot in row["predicted_slots"]]
            == gold[row["text"]]
            for row in rows
        )

    assert right(with_words) > right(plain)
    # Learnt beforehand, from the same requests: the same predictions.
    assert canvass("words", tmp_path / "pool.txt", "--out", tmp_path / "words.npz").code == 0
    assert choose("--words", tmp_path / "words.npz") == with_words
    (tmp_path / "other.txt").write_text("\n".join(named_requests(4000)[1:]) + "\n")
    assert canvass("words", tmp_path / "other.txt", "--out", tmp_path / "other.npz").code == 0
    other = canvass(*job, "--words", tmp_path / "other.npz")
    assert other.code == 0
    assert re.search(r"other\.npz: learnt from [\d,]+ requests that are not the [\d,]+ sampled", other.err)
    assert choose("--skip-bad-files") == with_words
    small_blocks(99)
    assert choose("--threads", "1") == with_words


@pytest.mark.parametrize(
    "engine",
    [pytest.param("dask", marks=[*needs_dask, pytest.mark.slow]), pytest.param("spark", marks=needs_spark)],
)
def test_word_features_are_learnt_on_clusters(canvass, tmp_path, engine):
    """In the pass of the cluster: the same predictions."""
    write(tmp_path / "labelled.jsonl", [annotated(text) for text in named_requests(200)])
    (tmp_path / "pool").mkdir()
    for number in range(3):
        lines = named_requests(4000)[number::3]
        (tmp_path / "pool" / f"{number}.txt").write_text("\n".join(lines) + "\n")
    job = ("select", tmp_path / "labelled.jsonl", tmp_path / "pool", "-t", "all", "-n", "40")
    plain, here = canvass(*job, "--words", "off").out, canvass(*job).out
    assert plain != here
    assert canvass(*job, "--engine", engine).out == here


def strip(row, names):
    return {name: value for name, value in row.items() if name not in names}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("on", "--words on: write pool, off, or the name of a file that canvass words wrote (.npz)"),
        ("none.npz", "none.npz: cannot be read (No such file or directory)"),
    ],
)
def test_words_that_are_none_are_told_in_a_sentence(canvass, folder, words, sentence):
    result = canvass("select", *FILES, "-t", "domain:music", "--words", words)
    assert (result.code, result.out, result.err) == (2, "", f"canvass: {sentence}\n")


def test_a_target_without_example_begins_with_phrases(canvass, folder):
    texts = [f"{verb} my money back {when}" for verb in ("send", "give me") for when in ("now", "today", "")]
    write_records(folder / "pool.jsonl", [{"text": text} for text in [*texts, "is it cold", "refunds?"]])
    words = ("labelled.jsonl", "pool.jsonl", "--target", "intent:Refund", "--size", "9")
    assert refused(
        canvass("select", *words), "to begin without an example, give --keywords or --seed-phrases"
    )
    result = canvass("select", *words, "--keywords", "refund, money back")
    batch = records(result.out)
    assert [(one["why"], one["strategy"]) for one in batch] == [("match", "seed-phrases")] * 6 + [
        ("near", "seed-phrases")
    ]
    assert "warning: there are 0 labelled requests of intent:Refund" in result.err
    (folder / "phrases.txt").write_text("refund\n\nmoney back\n")
    assert canvass("select", *words, "--seed-phrases", "phrases.txt").out == result.out
    groups = [
        {"text": text, "group": number} for number, text in ((2, "money back"), (1, "play"), (2, "refund"))
    ]
    write_records(folder / "groups.jsonl", groups)
    assert canvass("select", *words, "--seed-phrases", "groups.jsonl:2").out == result.out
    assert refused(
        canvass("select", *words, "--seed-phrases", "groups.jsonl:3"), "groups.jsonl: no group 3 there"
    )
    # A file of that name comes before a group.
    write_records(folder / "odd:2", [{"text": "refund"}, {"text": "money back"}])
    assert canvass("select", *words, "--seed-phrases", "odd:2").out == result.out
    # Without any labelled request, too: the pool itself may stand for LABELLED.
    assert len(records(canvass("select", "pool.jsonl", *words[1:], "--keywords", "money back").out)) == 6


def test_phrases_are_not_used_where_models_can_choose(canvass, folder):
    words = ("select", "labelled.jsonl", "pool.jsonl", *MUSIC)
    result = canvass(*words, "--keywords", "play")
    assert "the phrases are not used: LABELLED has at least 5 requests of domain:music" in result.err
    assert result.out == canvass(*words).out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--keywords", " , "), ("no phrase to begin with",)),
        (("--keywords", "refund, ?!"), ("the phrase '?!' has no word",)),
        (("--seed-phrases", "empty.txt"), ("--seed-phrases empty.txt: no phrase there",)),
        (("--seed-phrases", "blank.txt"), ("--seed-phrases blank.txt: no phrase there",)),
        (("--seed-phrases", "nix.txt"), ("nix.txt: no such file",)),
        (("--keywords", "zzz"), ("has the words of zzz, or is near to them",)),
        (("--keywords", "refund", "--target", "domain:music"), ("are for one target",)),
    ],
)
def test_phrases_that_cannot_be_used_are_refused(canvass, folder, options, words):
    (folder / "empty.txt").touch()
    (folder / "blank.txt").write_text("\n \n")
    found = canvass("select", "labelled.jsonl", "pool.jsonl", "--target", "intent:Refund", *options)
    assert refused(found, *words)


@pytest.mark.parametrize("name", slow_unless(["pool.csv"], ["pool.jsonl", "pool.csv", "pool.parquet"]))
def test_the_batch_keeps_the_columns_of_the_pool(canvass, folder, name):
    rows = [
        {
            "text": one.text,
            "language": ["de", "en"][number % 2],
            "turn": number,
            "intent": "hidden",
            "rank": 7,
        }
        for number, one in enumerate(REST)
    ]
    of_text = {row["text"]: row for row in rows}
    pq.write_table(pa.Table.from_pylist(rows), folder / "pool.parquet")
    write_records(folder / "pool.jsonl", rows)
    pyarrow.csv.write_csv(pa.Table.from_pylist(rows), folder / "pool.csv")
    plain = canvass("select", "labelled.jsonl", "pool.jsonl", *MUSIC)
    batch = records(canvass("select", "labelled.jsonl", name, *MUSIC).out)
    assert [one["text"] for one in batch] == [one["text"] for one in records(plain.out)]
    for rank, one in enumerate(batch, 1):
        row = of_text[one["text"]]
        assert (one["language"], str(one["turn"])) == (row["language"], str(row["turn"]))
        # What a batch, or a labelled set, has itself is not the pool's.
        assert (one["rank"], "intent" in one) == (rank, False)
    for out in ("b.csv", "b.parquet"):
        assert canvass("select", "labelled.jsonl", name, *MUSIC, "--out", out).code == 0
    table = pq.read_table(folder / "b.parquet")
    assert table["language"].to_pylist() == [one["language"] for one in batch]


def test_columns_are_kept_by_every_reader(canvass, folder):
    """A line that only the slow reader takes, other names of columns, values of several types, and copies of a text."""
    rows = [
        {"utt": "play river", "language": "en", "n": 3, "nested": {"a": [1]}, "empty": None},
        {"utt": "play  river", "language": "de", "n": "x"},
        {"utt": "play blue moon", "language": "é"},
        {"utt": 'play "one"', "note": "", "n": 1.5},
    ]
    lines = [json.dumps(row) for row in rows]
    (folder / "a.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "b.jsonl").write_text(
        "\n".join([*lines[::-1], '{"utt": "play it", "id": 1, "count": null}']) + "\n"
    )
    words = ("--target", "domain:music", "--columns", "text=utt", "--strategy", "uncertainty", "--size", "9")
    known = [record(one) | {"utt": one.text} for one in KNOWN]
    write_records(folder / "labelled.jsonl", known)
    found = [
        {one["text"]: one for one in records(canvass("select", "labelled.jsonl", pool, *words).out)}
        for pool in ("a.jsonl", "b.jsonl")
    ]
    kept = [
        {
            text: {k: v for k, v in one.items() if k in {"language", "n", "nested", "note", "utt"}}
            for text, one in batch.items()
        }
        for batch in found
    ]
    assert kept[0] == {text: kept[1][text] for text in kept[0]}
    assert kept[0]["play blue moon"] == {"language": "é"}
    assert kept[0]['play "one"'] == {"n": 1.5}
    assert len(kept[0]) == 3
