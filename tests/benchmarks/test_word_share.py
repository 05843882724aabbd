"""Word features by the share of a pool: which requests are learnt from, and how shares are compared."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.study import word_share
from benchmarks.study.word_share import WITHOUT, Curves, learn_share, rows_of

from canvass.types import Target, Utterance


def test_shares_of_a_start_are_nested_and_drawn_anew_for_each(monkeypatch):
    monkeypatch.setattr(word_share, "learn", lambda column: set(column.to_pylist()))
    pool = [Utterance(f"play  song {number}") for number in range(400)]
    quarter, half, every = (learn_share(pool, 1, share) for share in (0.25, 0.5, 1.0))
    assert quarter < half < every
    assert every == {f"play song {number}" for number in range(400)}  # keys
    assert 60 < len(quarter) < 140 < len(half) < 260
    assert learn_share(pool, 2, 0.25) != quarter


def test_a_share_is_compared_with_none_and_with_the_one_before():
    def curves(errors, requests):
        last = [np.full(20, errors)] * 2
        return Curves([requests] * 2, last, [2 * one for one in last], [errors / 10] * 2)

    shares = {WITHOUT: curves(4, 0), "1/2": curves(3, 1000), "all": curves(2, 2000)}
    rows = [
        [cell.strip("*").split(" (")[0].replace("\N{NO-BREAK SPACE}", " ") for cell in row]
        for row in rows_of(Target.parse("all"), shares)
    ]
    assert rows == [
        ["all", "without", "0", "40.0 %", "", "", ""],
        ["all", "1/2", "1,000", "30.0 %", "−25 %", "−25 %", "−25 %"],
        ["all", "all", "2,000", "20.0 %", "−50 %", "−50 %", "−33 %"],
    ]
