"""Pools look like traffic: shares, repeats, and the same rows from the same seed."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.data.make_pool import numbers, write_labelled, write_pool
from benchmarks.data.traffic import FREEDOM, Population, cut, shares, source

from canvass import Slot, Target, Utterance, read_labelled

ROWS = 5_000


@pytest.fixture(scope="module")
def made_of():
    return source(seed=3)


@pytest.fixture(scope="module")
def pool(made_of, tmp_path_factory):
    path = tmp_path_factory.mktemp("pools") / "traffic.parquet"
    return path, write_pool(path, made_of, ROWS, seed=3)


@pytest.mark.slow
def test_pool_has_the_rows_ids_and_shares_that_it_says(pool):
    path, facts = pool
    table = pq.read_table(path)
    assert table.column_names == ["id", "text"]
    assert table.num_rows == facts.rows == ROWS
    assert len(set(table["id"].to_pylist())) == ROWS
    assert facts.target_rows == round(0.03 * ROWS)
    texts = table["text"].to_pylist()
    assert len(set(texts)) == facts.distinct
    assert facts.text_bytes == sum(len(text.encode()) for text in texts)
    assert 0.25 < 1 - facts.distinct / ROWS < 0.35


@pytest.mark.slow
def test_few_texts_come_very_often_and_most_once(pool):
    counts = Counter(pq.read_table(pool[0])["text"].to_pylist())
    assert counts.most_common(1)[0][1] > 0.01 * ROWS
    assert sum(count == 1 for count in counts.values()) > 0.8 * len(counts)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_rows(pool, made_of, tmp_path):
    again, other = tmp_path / "again.parquet", tmp_path / "other.parquet"
    assert replace(write_pool(again, made_of, ROWS, seed=3), name="traffic") == pool[1]
    assert again.read_bytes() == pool[0].read_bytes()
    write_pool(other, made_of, ROWS, seed=4)
    assert not pq.read_table(other).equals(pq.read_table(again))


@pytest.mark.slow
def test_repeats_are_spread_over_the_pool(pool):
    texts = pq.read_table(pool[0])["text"].to_pylist()
    often = Counter(texts).most_common(1)[0][0]
    half = Counter(text == often for text in texts[: ROWS // 2])[True]
    assert 0.3 < half / Counter(texts)[often] < 0.7


@pytest.mark.slow
def test_labelled_set_and_pool_share_no_utterance(made_of, tmp_path):
    path = tmp_path / "labelled.jsonl"
    write_labelled(path, made_of.labelled)
    read = read_labelled([str(path)]).utterances
    assert [(one.text, one.intent, one.slots) for one in read] == [
        (one.text, one.intent, one.slots) for one in made_of.labelled
    ]
    assert not {id(one) for one in made_of.labelled} & {id(one) for one in made_of.utterances}
    assert sum(map(made_of.target.matches, read)) == 1_000
    assert len(read) == 6_000


def test_slot_values_are_exchanged_within_a_label_only():
    utterances = [
        Utterance("play Low by Sol", slots=(Slot(5, 8, "song"), Slot(12, 15, "artist"))),
        Utterance("put on Rain", slots=(Slot(7, 11, "song"),)),
        Utterance("who sang Abc", slots=(Slot(9, 12, "artist"),)),
        Utterance("stop"),
    ]
    population = Population(utterances, 200, seed=1, purpose="test")
    import numpy as np

    texts = population.texts(np.arange(200)).to_pylist()
    assert texts[0] == "stop"
    assert set(texts) == {
        "stop",
        *(f"play {song} by {artist}" for song in ("Low", "Rain") for artist in ("Sol", "Abc")),
        "put on Low", "put on Rain", "who sang Sol", "who sang Abc",
    }  # fmt: skip
    assert population.texts(np.array([7, 150])).to_pylist() == [texts[7], texts[150]]


def test_utterances_without_slots_are_given_once_each():
    population = Population([Utterance("stop"), Utterance("go on")], 10, seed=1, purpose="test")
    import numpy as np

    assert population.size == 2
    assert population.texts(np.arange(2)).to_pylist() == ["stop", "go on"]


def test_every_request_comes_at_least_once_and_the_first_most_often():
    drawn = numbers(10_000, 7_000, 0, "test").tolist()
    counts = Counter(drawn)
    assert len(drawn) == 10_000
    assert set(counts) == set(range(7_000))
    assert counts[0] == max(counts.values())


def test_templates_give_no_more_than_they_have():
    import numpy as np

    most = np.array([1.0, 2.0, 1000.0]) / FREEDOM
    found = shares(most, 50)
    assert found.sum() == pytest.approx(1)
    assert (found * 50 <= most + 1e-3).all()
    assert shares(np.array([4.0, 4.0]), 100).tolist() == [0.5, 0.5]


def test_cut_gives_the_text_back():
    utterance = Utterance("play Low by Sol", slots=(Slot(5, 8, "song"), Slot(12, 15, "artist")))
    pieces, slots = cut(utterance)
    assert pieces == ["play ", " by ", ""]
    assert slots == [("song", "Low"), ("artist", "Sol")]


@pytest.mark.slow
def test_embedded_corpus_serves_where_the_corpora_are_absent(tmp_path):
    made_of = source(tmp_path / "nowhere", seed=3)
    assert made_of.name == "traffic_demo_v2"
    assert made_of.target == Target("domain", "media")
    facts = write_pool(tmp_path / "pool.parquet", made_of, ROWS, seed=3)
    assert 0.25 < 1 - facts.distinct / ROWS < 0.35
    assert facts.target_rows == round(0.03 * ROWS)
