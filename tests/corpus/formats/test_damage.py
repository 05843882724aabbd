"""Damaged files of every format and compression: rows or a named error, and nothing else."""

import gzip
import io
import os
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sound_files
from canvass.corpus.conversion import convert
from canvass.corpus.formats import FORMATS, format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.corpus.labelled import read_labelled
from canvass.corpus.pool import Pool
from canvass.errors import CanvassError
from parameters import slow_unless
from sound_files import write_sound_file

ROWS = [
    {
        "id": f"u{index}",
        "text": f'play {"jazz " * (index % 4)}naïve 😀 "{index}"',
        "count": index + 1,
        "domain": "music",
        "intent": None if index % 3 else "PlayMusic",
        "slots": [{"start": 0, "end": 4, "label": "verb"}] if index % 2 else [],
    }
    for index in range(40)
]
DAMAGES = 32
DAMAGES_OF_OTHERS = 8
PLAIN = ("jsonl", "csv", "tsv", "parquet", "text")  # with readers of their own for pools
WORDS = (
    b"null",
    b"\n",
    b'"',
    b"{",
    b"\x00",
    b"\xff\xfe",
    b"\\ud800",
    b"[" * 5000,
    b"\r",
    b"-1",
    b"1e999",
    b",",
    b"\xef\xbb\xbf",
    b"[]",
    b"&x",
    b"*x",
    b"!!python/name:os.system ",
    b"- ",
    b"{}",
    b"[a : b]",
)


def stored(kind, folder):
    """Write a sound file; returns its name."""
    if kind.name == "spacy":
        pytest.importorskip("spacy", reason="the extra spacy is not installed")
    path = folder / f"whole{kind.extensions[0]}"
    if kind.write is not None:
        kind.write(str(path), ROWS)
        return path
    return write_sound_file(kind, folder)


def other_parquet_files():
    table = pa.table(
        {"text": pa.array([row["text"] for row in ROWS]).dictionary_encode(), "id": list(range(len(ROWS)))}
    )
    for compression, dictionary in (("none", False), ("zstd", True), ("gzip", False)):
        sink = io.BytesIO()
        pq.write_table(table, sink, compression=compression, use_dictionary=dictionary, row_group_size=16)
        yield sink.getvalue()


def damaged(data, generator):
    """Flip, delete, insert, repeat or cut some bytes, once to four times."""
    for _ in range(generator.integers(1, 5)):
        place, other = sorted(generator.integers(0, len(data) + 1, 2))
        near = min(place + int(generator.integers(1, 6)), len(data))
        word = WORDS[generator.integers(len(WORDS))]
        data = (
            data[:place] + generator.bytes(near - place) + data[near:],
            data[:place] + data[near:],
            data[:place] + word + data[place:],
            data[:other] + data[place:],
            data[:place],
        )[generator.choice(5, p=[0.4, 0.2, 0.3, 0.05, 0.05])]
        if not data:
            break
    return data


def rows_of_pool(path, tolerated, kind):
    return sum(block.batch.num_rows for block in Pool.open([path], rows=7, skip_bad=tolerated).blocks())


def rows_of_labelled(path, tolerated, kind):
    return len(read_labelled([path], skip_bad=tolerated).utterances)


def rows_of_reader(path, tolerated, kind):
    return (
        0
        if kind.read is None
        else len(list(kind.read(path, Columns(), BadLines(tolerated, losses=Losses()))))
    )


def outcome_of(way, path, tolerated, kind):
    """Read a file; a `CanvassError` is an outcome like a number of rows, anything else fails the test."""
    try:
        return way(path, tolerated, kind)
    except CanvassError as error:
        return str(error)


COMPRESSIONS = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}


CASES = [
    pytest.param(kind, ending, id=f"{kind.name}{ending}")
    for kind in FORMATS
    for ending in (COMPRESSIONS if kind.name in PLAIN else [""])
]


# A part of the damages in the quick suite; few of Parquet can be read after any.
@pytest.mark.parametrize("share", slow_unless([4], [4, 1]))
@pytest.mark.parametrize(("kind", "ending"), CASES)
def test_damaged_files_are_refused_by_name(tmp_path, kind, ending, share):
    generator = np.random.default_rng([17, *f"{kind.name}{ending}".encode()])
    sound = stored(kind, tmp_path)
    # What belongs to the file stays sound.
    for beside in set(tmp_path.iterdir()) - {sound}:
        beside.with_name(f"{beside.name}{ending}").write_bytes(COMPRESSIONS[ending](beside.read_bytes()))
    whole = [sound.read_bytes(), *(other_parquet_files() if kind.name == "parquet" else ())]
    path = tmp_path / f"{sound.name}{ending}"
    outcomes = []
    damages = DAMAGES if kind.name in PLAIN else DAMAGES_OF_OTHERS
    for index in range(damages if kind.name == "parquet" else damages // share):
        before = whole[index % len(whole)]
        # Damage below the compression reaches the parser; damage above it reaches the decompressor.
        below = COMPRESSIONS[ending](damaged(before, generator))
        above = damaged(COMPRESSIONS[ending](before), generator)
        path.write_bytes(below if index % 2 else above)
        outcomes += [
            outcome_of(way, str(path), tolerated, kind)
            for way in (rows_of_pool, rows_of_labelled, rows_of_reader)
            for tolerated in (0, 5)
        ]
    sentences = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert all(str(tmp_path) in sentence and len(sentence) < 3000 for sentence in sentences)
    # The damage is such that some files cannot be read, and some can where not all of a file hangs together.
    assert sentences
    assert kind.name not in PLAIN or any(isinstance(outcome, int) for outcome in outcomes)


@pytest.mark.parametrize("kind", FORMATS, ids=[row.name for row in FORMATS])
def test_sound_samples_are_read_and_recognised(tmp_path, kind):
    path = stored(kind, tmp_path)
    assert format_of(str(path)) is kind
    assert rows_of_pool(str(path), 0, kind) == len(ROWS)
    if kind.read is not None:
        assert rows_of_labelled(str(path), 0, kind) == len(ROWS)


FUZZED = int(os.environ.get("CANVASS_FUZZED_FILES", "300"))  # of each format
FUZZED_UTTERANCES = 6
FIRST_SEED = int(os.environ.get("CANVASS_FIRST_SEED", "0"))


def fuzzed(data, generator):
    """Damage a file; of a zip archive a member, which its checksum would protect otherwise."""
    if not data.startswith(b"PK") or not generator.integers(4):
        return damaged(data, generator)
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as sound, zipfile.ZipFile(sink, "w") as archive:
        chosen = generator.integers(len(sound.namelist()))
        for index, name in enumerate(sound.namelist()):
            member = sound.read(name)
            archive.writestr(name, damaged(member, generator) if index == chosen and member else member)
    return sink.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS, ids=[row.name for row in FORMATS])
def test_fuzzed_files_give_utterances_or_a_sentence_and_whole_files(tmp_path, kind, monkeypatch):
    """The seed of a file is its number: a failure names it, and is met again by it."""
    monkeypatch.setattr("os.fsync", lambda handle: None)
    # Few utterances, as each file is read whole and what is damaged in it is drawn anew.
    monkeypatch.setattr(sound_files, "ANNOTATED", sound_files.ANNOTATED[:FUZZED_UTTERANCES])
    monkeypatch.setattr(f"{__name__}.ROWS", ROWS[:FUZZED_UTTERANCES])
    sound = stored(kind, tmp_path)
    whole = sound.read_bytes()
    out = tmp_path / "out" / "made.jsonl"
    out.parent.mkdir()
    outcomes = set()
    for seed in range(FIRST_SEED, FIRST_SEED + FUZZED):
        generator = np.random.default_rng([seed, *kind.name.encode()])
        sound.write_bytes(fuzzed(whole, generator))
        override = kind.name if seed % 2 else None
        try:
            utterances = convert(
                [str(sound)], str(out), source=override, strict=seed % 3 == 0, skip_bad=seed % 5
            ).utterances
        except CanvassError:
            utterances = 0
        except Exception as error:
            raise AssertionError(f"seed {seed} of {kind.name}: {error!r}") from error
        outcomes.add(utterances > 0)
        # The file is there with all of them, or not at all.
        assert out.exists() == (utterances > 0), seed
        assert not utterances or out.read_bytes().count(b"\n") == utterances, seed
        out.unlink(missing_ok=True)
        assert list(out.parent.iterdir()) == [], seed
    # What is compressed as a whole, as spaCy has it, is never sound again.
    assert outcomes >= {False, kind.name != "spacy"} or FUZZED < 100


def test_what_was_found_by_damaged_files(tmp_path):
    """A name of a column that is no UTF-8 (seed 78 of parquet), and a tag behind nothing (seed 15 of rhasspy)."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a"], "intent": ["b"]}), path)
    path.write_bytes(path.read_bytes().replace(b"intent", b"i\xe2\xedent"))
    with pytest.raises(CanvassError, match=r"a\.parquet"):
        read_labelled([str(path)])
    sentences = tmp_path / "sentences.ini"
    sentences.write_text("[A]\nplay :x it\nstop!\n")
    assert [row.text for row in read_labelled([str(sentences)]).utterances] == ["play it", "stop"]
