"""`canvass words`: what a pool teaches, shown and written."""

import gzip
import json
from collections import Counter

import pytest

from word_pools import KINDS, requests


@pytest.fixture
def pool(tmp_path):
    path = tmp_path / "pool.txt"
    path.write_text("\n".join(requests()) + "\n")
    return path


def test_clusters_neighbours_and_files(canvass, pool, tmp_path, small_blocks):
    learnt, vectors = tmp_path / "words.npz", tmp_path / "words.vec.gz"
    first = canvass("words", pool, "--out", learnt)
    assert (first.code, first.err) == (0, "")
    rows = [line.split("\t") for line in first.out.splitlines()]
    seen = Counter(word for line in set(requests()) for word in line.split())
    assert sum(int(count) for count, _ in rows) == sum(times > 1 for times in seen.values())
    again = canvass("words", learnt, "--out", vectors, "--near", "artist3", "--near", "DAY1", "--json")
    assert again.code == 0
    facts = json.loads(again.out)
    assert set(facts["near"]) == {"artist3", "DAY1"}
    assert {found["word"] for found in facts["near"]["DAY1"]} <= set(KINDS["day"])
    head, *lines = gzip.decompress(vectors.read_bytes()).decode().splitlines()
    assert head == f"{facts['words']} {len(lines[0].split(' ')) - 1}"
    assert len(lines) == facts["words"]
    shuffled = tmp_path / "shuffled.txt"
    shuffled.write_text("\n".join(sorted(requests()) * 2) + "\n")
    other = tmp_path / "other.npz"
    small_blocks(100)
    assert canvass("words", shuffled, "--out", other, "--threads", "1").code == 0
    assert learnt.read_bytes() == other.read_bytes()


def test_neighbours_piped_are_lines_with_tabs(canvass, pool):
    result = canvass("words", pool, "--near", "place5")
    assert result.code == 0
    for line in result.out.splitlines():
        word, near, cosine, seen = line.split("\t")
        assert (word, near[:5]) == ("place5", "place")
        assert 0 < float(cosine) <= 1
        assert int(seen) > 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--near", "xyzzy"), "--near 'xyzzy': fewer than two requests say this word"),
        (("--out", "words.json"), "--out words.json: end the name in .npz, or in .txt or .vec"),
        (("--out", "words.npz.gz"), "--out words.npz.gz: end the name in .npz, or in .txt or .vec"),
        (("--threads", "0"), "--threads 0 makes no sense"),
    ],
)
def test_bad_options_are_told_in_a_sentence(canvass, pool, words, sentence):
    result = canvass("words", pool, *words)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"canvass: {sentence}")
    assert result.err.count("\n") == 1


def test_a_pool_that_teaches_nothing(canvass, tmp_path):
    pool = tmp_path / "pool.txt"
    pool.write_text("play\n" * 100)
    result = canvass("words", pool)
    assert result.code == 2
    assert result.err == (
        "canvass: too little to learn word features from: only 0 words stand more than once in 1 different requests of "
        "at most 4,096 bytes, and 500 are needed\n"
    )


def test_a_file_that_is_none(canvass, tmp_path):
    path = tmp_path / "words.npz"
    path.write_bytes(b"nothing")
    result = canvass("words", path)
    assert result.code == 2
    assert "is not a word features file of canvass, or is damaged" in result.err
