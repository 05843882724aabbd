"""The measures of many runs at once, against `metrics` run by run, and counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from canvass.metrics import score
from canvass.simulation.measures import MEASURES, SUMMED, frame_errors, totals
from studies import unpack_errors

counts = arrays.arrays(np.uint16, st.tuples(st.integers(1, 3), st.integers(0, 6), st.just(5)), elements=st.integers(0, 4)).map(
    lambda drawn: np.concatenate([drawn[..., :4], np.minimum(drawn[..., 4:], 1)], axis=-1)
)  # fmt: skip


@given(counts)
def test_every_measure_is_that_of_metrics(errors):
    sums = totals(errors)
    assert sums.shape == (len(errors), len(SUMMED))
    for row, run in zip(sums, errors, strict=True):
        twin = score(unpack_errors(run))
        for name, measure in MEASURES.items():
            assert float(measure.rate(row)) == pytest.approx(getattr(twin, name), abs=1e-15), name
        assert row[SUMMED.index("frames_wrong")] == twin.frame_errors
    assert frame_errors(errors).tolist() == [
        [counts.errors for counts in unpack_errors(run)] for run in errors
    ]


def test_counted_by_hand():
    # Two utterances: three slots, one substituted, one deleted, one right, two inserted; then no slot, a wrong intent.
    sums = totals(np.array([[1, 2, 1, 1, 0], [0, 0, 0, 0, 1]], dtype=np.uint16))
    assert sums.tolist() == [1, 2, 1, 1, 1, 2, 2]
    rates = {name: float(measure.rate(sums)) for name, measure in MEASURES.items()}
    assert rates == {
        "slot_error_rate": 5 / 5,
        "span_slot_error_rate": 4 / 3,
        "intent_error_rate": 1 / 2,
        "span_f1": 2 * 1 / (4 + 3),
        "frame_error_rate": 2 / 2,
    }


def test_nothing_to_find_and_nothing_found():
    rates = {
        name: float(measure.rate(totals(np.zeros((3, 5), dtype=np.uint16))))
        for name, measure in MEASURES.items()
    }
    assert rates == {name: 1.0 if name == "span_f1" else 0.0 for name in MEASURES}


def test_many_rounds_at_once():
    errors = np.arange(2 * 3 * 4 * 5, dtype=np.uint16).reshape(2, 3, 4, 5) % 3
    assert (totals(errors)[1, 2] == totals(errors[1, 2])).all()
