"""Every bad input is one sentence and exit code 2, and leaves the output as it was."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import MUSIC, record, records, refused, write, write_records

from examples import labelled_and_rest

OLD = b"the old bytes"
KNOWN, REST = labelled_and_rest()
SLOTTED = next(one for one in KNOWN if one.slots)


@pytest.fixture
def refuses(canvass, folder):
    """Run select with an old output and with a new one; both must be as they were."""

    def run(words, *expected, stdin=b""):
        for out in (folder / "old.jsonl", folder / "new.jsonl"):
            (folder / "old.jsonl").write_bytes(OLD)
            before = sorted(path.name for path in folder.rglob("*"))
            refused(canvass("select", *words, "--out", out, stdin=stdin), *expected)
            assert (folder / "old.jsonl").read_bytes() == OLD
            # No new output, and no part of one.
            assert sorted(path.name for path in folder.rglob("*")) == before
        return True

    return run


def plain(**changes):
    """A labelled record with changes; None takes a field away."""
    found = {**record(SLOTTED), **changes}
    return {name: value for name, value in found.items() if value is not None}


def test_missing_files(refuses):
    assert refuses(["nix.jsonl", "pool.jsonl", *MUSIC], "nix.jsonl", "no such file")
    assert refuses(["labelled.jsonl", "nix.jsonl", *MUSIC], "nix.jsonl", "no such file")
    assert refuses(["labelled.jsonl", "*.parquet", *MUSIC], "*.parquet", "no file")


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_empty_pool(refuses, folder, content):
    (folder / "empty.jsonl").write_bytes(content)
    assert refuses(["labelled.jsonl", "empty.jsonl", *MUSIC], "empty pool", "empty.jsonl")


def test_empty_labelled(refuses, folder):
    (folder / "empty.jsonl").write_bytes(b"")
    assert refuses(["empty.jsonl", "pool.jsonl", *MUSIC], "empty.jsonl", "no annotated utterance")


def test_pool_that_has_nothing_new(refuses, folder):
    write(folder / "known.jsonl", KNOWN, annotated=False)
    assert refuses(
        ["labelled.jsonl", "known.jsonl", *MUSIC], f"{len(KNOWN)} already labelled", "another pool"
    )


def test_unknown_target_with_the_nearest_names(refuses):
    words = ["labelled.jsonl", "pool.jsonl"]
    assert refuses([*words, "--target", "domain:musik"], "'musik'", "did you mean music?", "weather")
    assert refuses([*words, "--target", "intent:playmusik"], "did you mean PlayMusic?")


def test_no_negative_example(refuses, folder):
    write(folder / "music.jsonl", [one for one in KNOWN if one.domain == "music"])
    assert refuses(["music.jsonl", "pool.jsonl", *MUSIC], "only utterances of domain:music", "--target all")


LINES = [
    ("not json", b'{"text": "play', ["not valid JSON", "one object a line"]),
    ("not an object", b'["play"]', ["expected one JSON object"]),
    ("wrong type", b'{"text": 5}', ["text"]),
    ("missing field", b'{"words": "play"}', ["text"]),
    ("invalid UTF-8", b'{"text": "pl\xffay"}', ["UTF-8"]),
    ("bad count", b'{"text": "play", "count": 0}', ["count"]),
]


@pytest.mark.parametrize("where", ["labelled", "pool"])
@pytest.mark.parametrize(("line", "expected"), [row[1:] for row in LINES], ids=[row[0] for row in LINES])
def test_bad_lines(refuses, folder, where, line, expected):
    lines = (folder / f"{where}.jsonl").read_bytes().splitlines()
    (folder / "bad.jsonl").write_bytes(b"\n".join([*lines[:3], line, *lines[3:]]))
    files = ["bad.jsonl" if name == where else f"{name}.jsonl" for name in ("labelled", "pool")]
    assert refuses([*files, *MUSIC], "bad.jsonl:4", *expected)


SLOTS = [
    ("out of bounds", [{"start": 0, "end": 500, "label": "a"}], ["0", "500"]),
    ("negative", [{"start": -1, "end": 4, "label": "a"}], ["-1"]),
    ("empty", [{"start": 2, "end": 2, "label": "a"}], ["2"]),
    (
        "overlapping",
        [{"start": 0, "end": 7, "label": "a"}, {"start": 5, "end": 10, "label": "b"}],
        ["overlap"],
    ),
    ("wrong type", "0-4", ["slots"]),
    ("no label", [{"start": 0, "end": 4}], ["label"]),
]


@pytest.mark.parametrize(("slots", "expected"), [row[1:] for row in SLOTS], ids=[row[0] for row in SLOTS])
def test_bad_slots(refuses, folder, slots, expected):
    write_records(folder / "bad.jsonl", [*map(record, KNOWN), plain(slots=slots)])
    assert refuses(["bad.jsonl", "pool.jsonl", *MUSIC], f"bad.jsonl:{len(KNOWN) + 1}", *expected)


def misaligned():
    return plain(text="play everything", slots=[{"start": 5, "end": 8, "label": "SongName"}])


def test_slot_off_the_token_borders_is_left_out(canvass, refuses, folder):
    write_records(folder / "off.jsonl", [*map(record, KNOWN), misaligned(), misaligned()])
    result = canvass("select", "off.jsonl", "pool.jsonl", *MUSIC)
    assert result.code == 0
    assert len(records(result.out)) == 10
    assert "2 labelled records are left out" in result.err
    assert f"off.jsonl:{len(KNOWN) + 1}" in result.err
    assert "token borders" in result.err
    assert refuses(
        ["off.jsonl", "pool.jsonl", *MUSIC, "--strict"], f"off.jsonl:{len(KNOWN) + 1}", "token borders"
    )


def test_skip_bad_tolerates_and_reports(canvass, refuses, folder):
    for name in ("labelled", "pool"):
        lines = (folder / f"{name}.jsonl").read_bytes().splitlines()
        bad = b"\n".join([lines[0], b"nonsense", *lines[1:], b'{"text": 5}'])
        (folder / f"bad-{name}.jsonl").write_bytes(bad)
    words = ["bad-labelled.jsonl", "bad-pool.jsonl", *MUSIC]
    result = canvass("select", *words, "--skip-bad", 2)
    assert result.code == 0
    assert result.err.count("2 bad lines of ") == 2
    assert "bad-pool.jsonl:2" in result.err
    assert records(result.out) == records(canvass("select", "labelled.jsonl", "pool.jsonl", *MUSIC).out)
    assert refuses([*words, "--skip-bad", "1"], "bad-labelled.jsonl")
    assert refuses(["labelled.jsonl", "bad-pool.jsonl", *MUSIC, "--skip-bad", "1"], "bad-pool.jsonl")
    assert refuses([*words, "--skip-bad=-1"], "--skip-bad")


def test_parquet_without_the_column(refuses, folder):
    pq.write_table(pa.table({"words": ["play river"]}), folder / "bad.parquet")
    assert refuses(["labelled.jsonl", "bad.parquet", *MUSIC], "bad.parquet", "'text'", "words")


def test_parquet_and_gzip_that_are_none(refuses, folder):
    (folder / "bad.parquet").write_bytes(b"PAR1 not really")
    assert refuses(["labelled.jsonl", "bad.parquet", *MUSIC], "bad.parquet")
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress((folder / "pool.jsonl").read_bytes())[:-20])
    assert refuses(["labelled.jsonl", "cut.jsonl.gz", *MUSIC], "cut.jsonl.gz")


def test_folder_whose_schemas_differ(refuses, folder):
    (folder / "pool").mkdir()
    pq.write_table(pa.table({"text": ["play"], "count": [1]}), folder / "pool/a.parquet")
    pq.write_table(pa.table({"text": ["stop"]}), folder / "pool/b.parquet")
    assert refuses(["labelled.jsonl", "pool", *MUSIC], "a.parquet", "b.parquet", "'count'")
    pq.write_table(pa.table({"text": ["stop"], "count": ["one"]}), folder / "pool/b.parquet")
    assert refuses(["labelled.jsonl", "pool", *MUSIC], "b.parquet", "'count'")


def test_output_folder_that_does_not_exist(canvass, folder):
    result = canvass("select", "labelled.jsonl", "pool.jsonl", *MUSIC, "--out", "nix/batch.jsonl")
    assert refused(result, "nix/batch.jsonl", "does not exist")
    assert not (folder / "nix").exists()
    assert refused(canvass("select", "labelled.jsonl", "pool.jsonl", *MUSIC, "--out", folder), "--out")


def test_output_that_is_an_input(canvass, folder):
    (folder / "pool").mkdir()
    (folder / "known").mkdir()
    write(folder / "pool/a.jsonl", REST, annotated=False)
    write(folder / "known/a.jsonl", KNOWN)
    (folder / "link.jsonl").symlink_to("pool.jsonl")
    (folder / "hard.jsonl").hardlink_to("labelled.jsonl")
    before = {path: path.read_bytes() for path in folder.rglob("*.jsonl")}
    for known, pool, out in [
        ("labelled.jsonl", "pool.jsonl", "pool.jsonl"),
        ("labelled.jsonl", "pool.jsonl", "./pool.jsonl"),
        ("labelled.jsonl", "pool.jsonl", "known/../pool.jsonl"),
        ("labelled.jsonl", "pool.jsonl", "link.jsonl"),
        ("labelled.jsonl", "link.jsonl", "pool.jsonl"),
        ("labelled.jsonl", "pool.jsonl", "labelled.jsonl"),
        ("labelled.jsonl", "pool.jsonl", "hard.jsonl"),
        ("labelled.jsonl", "pool", "pool/a.jsonl"),
        ("labelled.jsonl", "p*/*.jsonl", "pool/a.jsonl"),
        ("known", "pool.jsonl", "known/a.jsonl"),
        ("kn*", "pool.jsonl", "known/a.jsonl"),
    ]:
        result = canvass("select", known, pool, *MUSIC, "--out", out)
        assert refused(result, out.removeprefix("./"), "input"), (known, pool, out)
    assert {path: path.read_bytes() for path in folder.rglob("*.jsonl")} == before


FILES = ["labelled.jsonl", "pool.jsonl"]
OPTIONS = [
    (
        "unknown strategy",
        [*MUSIC, "--strategy", "majority-crv"],
        ["'majority-crv'", "did you mean majority-crf"],
    ),
    (
        "committee for all",
        ["--target", "all", "--strategy", "majority-crf"],
        ["--target all", "margin-balanced"],
    ),
    ("size 0", ["--target", "domain:music", "--size", "0"], ["--size 0", "at least 1"]),
    ("max-tokens 0", [*MUSIC, "--max-tokens", "0"], ["--max-tokens 0", "at least 1"]),
    ("threads 0", [*MUSIC, "--threads", "0"], ["--threads 0"]),
    ("columns without a name", [*MUSIC, "--columns", "text="], ["'text'", "text=utt,intent=label"]),
    ("a column unknown", [*MUSIC, "--columns", "txt=utt"], ["no column 'txt'", "did you mean text?"]),
    ("a column twice", [*MUSIC, "--columns", "text=a,text=b"], ["names text twice"]),
    ("columns alike", [*MUSIC, "--columns", "text=id"], ["text=id,id=id,count=count", "three different"]),
    ("no target", [], ["--target is missing", "domain:NAME"]),
    (
        "a target twice",
        ["--target", "domain:music", "--target", "domain:music"],
        ["domain:music is given twice"],
    ),
    ("all and another", [*MUSIC, "--target", "all"], ["--target all stands for every utterance"]),
    (
        "each domain and one",
        [*MUSIC, "--target", "each-domain"],
        ["each-domain takes every domain", "leave out"],
    ),
    ("malformed target", ["--target", "music"], ["'music'", "domain:NAME"]),
    ("target of no name", ["--target", "domain:"], ["'domain:'", "domain:NAME"]),
    ("target of no kind", ["--target", "slot:artist"], ["'slot:artist'", "domain:NAME"]),
    ("pool format", [*MUSIC, "--pool-format", "xml"], ["--pool-format 'xml'", "jsonl"]),
    ("labelled format", [*MUSIC, "--labelled-format", "xml"], ["--labelled-format 'xml'", "jsonl"]),
]


@pytest.mark.parametrize(
    ("options", "expected"), [row[1:] for row in OPTIONS], ids=[row[0] for row in OPTIONS]
)
def test_options_that_make_no_sense(refuses, options, expected):
    assert refuses([*FILES, *options], *expected)


@pytest.mark.parametrize("name", ["batch", "batch.xlsx", "batch.txt", "batch.jsonl.bz2"])
def test_unknown_output_extension(canvass, folder, name):
    assert refused(canvass("select", *FILES, *MUSIC, "--out", name), name, ".jsonl", ".parquet")
    assert not (folder / name).exists()


def test_labelled_as_plain_text(refuses, folder):
    (folder / "labelled.txt").write_text("play river\n", encoding="utf-8")
    assert refuses(["labelled.txt", "pool.jsonl", *MUSIC], "labelled.txt", "no annotations", "jsonl")


def test_standard_input_twice(refuses, folder):
    text = (folder / "labelled.jsonl").read_bytes()
    assert refuses(["-", "-", *MUSIC], "standard input", "once", stdin=text)
    assert refuses(["labelled.jsonl", "-", "-", *MUSIC], "standard input", "once", stdin=text)


@pytest.mark.parametrize("annotated", [0, 1])
def test_too_few_annotated_utterances_for_a_tagger(canvass, refuses, folder, annotated):
    rows = [record(one) for one in KNOWN]
    slotted = [row for row in rows if row["domain"] == "music"]
    for row in slotted[annotated:]:
        del row["slots"]
    write_records(folder / "few.jsonl", rows)
    for strategy in ("majority-crf", "qbc-crf", "majority-mnlp"):
        words = ["few.jsonl", "pool.jsonl", *MUSIC, "--strategy", strategy]
        assert refuses(words, "at least 2", f"LABELLED has {annotated}", strategy)
    result = canvass("select", "few.jsonl", "pool.jsonl", *MUSIC, "--strategy", "majority-as")
    assert result.code == 0
    assert len(records(result.out)) == 10
    assert not {name for one in records(result.out) for name in one if "slot" in name or "tagger" in name}
    # The default ranks by what there is, unless that is nothing.
    result = canvass("select", "few.jsonl", "pool.jsonl", *MUSIC)
    assert len(records(result.out)) == 10
    assert ("p_crf counts as 1" in result.err) == bool(annotated)
    write_records(folder / "few.jsonl", [{**row, "intent": None} for row in rows])
    assert refuses(
        ["few.jsonl", "pool.jsonl", *MUSIC], "at least 2", "or intents", f"LABELLED has {annotated}"
    )


def test_messages_are_one_line_whatever_the_names_hold(refuses, folder):
    rows = [{**record(one), "domain": "a\nb\x1b[31m"} for one in KNOWN]
    write_records(folder / "odd.jsonl", rows)
    assert refuses(["odd.jsonl", "pool.jsonl", *MUSIC], "'music'", "a\ufffdb\ufffd[31m")


def test_json_too_refuses_with_a_sentence(refuses):
    assert refuses(["labelled.jsonl", "nix.jsonl", *MUSIC, "--json"], "nix.jsonl")


def test_slots_that_are_absent_or_empty_differ(canvass, folder):
    """Absent: not annotated, so there is no tagger; []: annotated, and the tagger knows that there are none."""
    rows = [plain(text=one.text, domain=one.domain, intent=one.intent, slots=None) for one in KNOWN]
    write_records(folder / "absent.jsonl", rows)
    write_records(folder / "none.jsonl", [{**row, "slots": []} for row in rows])
    result = canvass("select", "absent.jsonl", "pool.jsonl", *MUSIC)
    assert "slot" not in result.err + result.out
    result = canvass("select", "none.jsonl", "pool.jsonl", *MUSIC)
    assert "no labelled utterance of the target has a slot" in result.err
    assert all(json.loads(line)["predicted_slots"] == [] for line in result.out.splitlines())
