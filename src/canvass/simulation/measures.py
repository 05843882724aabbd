"""How errors are stored, and rates computed from sums of stored counts, for many runs and rounds at once.

The definitions are those of `metrics.Scores`, which is their readable twin in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.metrics import FrameErrors
from canvass.simulation.simulated_assistant import Check
from canvass.simulation.store import StoredRun, Study

Totals = NDArray[np.int64]
Rates = NDArray[np.float64]

ERROR_COLUMNS = ("substitutions", "insertions", "deletions", "hits", "intent_wrong")
SUMMED = (*ERROR_COLUMNS, "frames_wrong", "utterances")  # columns of the sums
SUBSTITUTED, INSERTED, DELETED, HITS, WRONG_INTENT, WRONG_FRAME, UTTERANCES = range(len(SUMMED))


class Measure(NamedTuple):
    """An error rate or score: its name in files, its title in reports, its direction and how it is computed.

    `rate` maps sums int64 (..., 7) with the columns `SUMMED` to float64 (...).

    >>> MEASURES["span_f1"].rate(np.array([1, 0, 1, 6, 0, 2, 10])).item()
    0.8
    """

    name: str
    title: str
    less_is_better: bool
    rate: Callable[[Totals], Rates]


def pack_errors(counts: Sequence[FrameErrors]) -> NDArray[np.uint16]:
    """Pack the error counts of N utterances into uint16 (N, 5) with the columns `ERROR_COLUMNS`.

    Reference slots are substitutions + deletions + hits; predicted slots are substitutions + insertions + hits.

    >>> pack_errors([FrameErrors(1, 0, 2, 3, reference_slots=6, predicted_slots=4, intent_wrong=True)]).tolist()
    [[1, 0, 2, 3, 1]]
    """
    rows = [
        (
            errors.substitutions,
            errors.insertions,
            errors.deletions,
            errors.correct_slots,
            errors.intent_wrong,
        )
        for errors in counts
    ]
    return np.array(rows, dtype=np.uint16).reshape(len(rows), len(ERROR_COLUMNS))


def frame_errors(errors: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Count the errors of each frame, intent included: uint16 (..., N, 5) to int64 (..., N)."""
    counts = errors.astype(np.int64)
    return np.asarray(counts[..., :3].sum(axis=-1) + counts[..., WRONG_INTENT])


def totals(errors: NDArray[np.uint16]) -> Totals:
    """Sum stored counts over the utterances: uint16 (..., N, 5) to int64 (..., 7), columns `SUMMED`.

    >>> totals(np.array([[1, 0, 2, 3, 1], [0, 0, 0, 2, 0]], dtype=np.uint16)).tolist()
    [1, 0, 2, 5, 1, 1, 2]
    """
    sums = errors.sum(axis=-2, dtype=np.int64)
    wrong = np.count_nonzero(frame_errors(errors), axis=-1)
    count = np.full(sums.shape[:-1], errors.shape[-2])
    return np.concatenate([sums, wrong[..., np.newaxis], count[..., np.newaxis]], axis=-1)


def _ratio(errors: Any, of: Any) -> Rates:
    """Divide; where the denominator is 0, return the number of errors, as `metrics` does."""
    return np.asarray(errors / np.maximum(1, of), dtype=np.float64)


def _span_errors(sums: Totals) -> Any:
    return sums[..., SUBSTITUTED] + sums[..., INSERTED] + sums[..., DELETED]


def _reference(sums: Totals) -> Any:
    return sums[..., SUBSTITUTED] + sums[..., DELETED] + sums[..., HITS]


def slot_error_rate(sums: Totals) -> Rates:
    """Compute SlotER; the intent counts as one more slot of every utterance (Makhoul et al. 1999)."""
    return _ratio(_span_errors(sums) + sums[..., WRONG_INTENT], _reference(sums) + sums[..., UTTERANCES])


def span_slot_error_rate(sums: Totals) -> Rates:
    """Compute SlotER of the spans alone, without intents."""
    return _ratio(_span_errors(sums), _reference(sums))


def intent_error_rate(sums: Totals) -> Rates:
    """Compute the share of utterances with a wrong intent."""
    return _ratio(sums[..., WRONG_INTENT], sums[..., UTTERANCES])


def span_f1(sums: Totals) -> Rates:
    """Compute the micro-averaged F1 of exact spans; 1 if there are no spans and none was predicted."""
    predicted = sums[..., SUBSTITUTED] + sums[..., INSERTED] + sums[..., HITS]
    both = predicted + _reference(sums)
    return np.where(both == 0, 1.0, _ratio(2 * sums[..., HITS], both))


def frame_error_rate(sums: Totals) -> Rates:
    """Compute the share of utterances with any error."""
    return _ratio(sums[..., WRONG_FRAME], sums[..., UTTERANCES])


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("slot_error_rate", "slot error rate", less_is_better=True, rate=slot_error_rate),
        Measure(
            "span_slot_error_rate",
            "slot error rate, spans alone",
            less_is_better=True,
            rate=span_slot_error_rate,
        ),
        Measure("intent_error_rate", "intent error rate", less_is_better=True, rate=intent_error_rate),
        Measure("span_f1", "span F1", less_is_better=False, rate=span_f1),
        Measure("frame_error_rate", "frame error rate", less_is_better=True, rate=frame_error_rate),
    )
}
MAIN = MEASURES["slot_error_rate"]


def has_slots(sums: Iterable[Totals]) -> bool:
    """Tell whether any slot was there or was predicted; if not, the slot error rate is that of the intents."""
    return any(some[..., : HITS + 1].any() for some in sums)


def main_measure(*, slots: bool) -> Measure:
    """Give the measure that strategies are compared by, under the name of what it counts."""
    return MAIN if slots else MEASURES["intent_error_rate"]


CEILING = "(ceiling: trained on the whole pool)"


def final_slot_error_rates(study: Study, target: str) -> dict[str, float]:
    """Average each strategy's slot error rate after the last round over the seeds; the best strategy first."""
    runs: dict[str, list[float]] = {}
    for run in study.runs_of(target, "strategy"):
        runs.setdefault(run.name.strategy, []).append(final_error_rate(run))
    means = sorted((sum(rates) / len(rates), name) for name, rates in runs.items())
    ceiling = [final_error_rate(run) for run in study.runs_of(target, "ceiling")]
    return {name: rate for rate, name in means} | ({CEILING: sum(ceiling) / len(ceiling)} if ceiling else {})


def checked(study: Study, target: str) -> dict[str, dict[str, float]]:
    """Average, for each strategy, what a request took with an assistant: as `Check`; empty without one."""
    checks: dict[str, list[NDArray[np.float64]]] = {}
    for run in study.runs_of(target, "strategy"):
        if len(run.checks):
            checks.setdefault(run.name.strategy, []).append(run.checks)
    return {
        name: dict(zip(Check._fields[1:], np.concatenate(rows).mean(axis=0).tolist(), strict=True))
        for name, rows in checks.items()
    }


def final_error_rate(run: StoredRun) -> float:
    """Compute the slot error rate after the last round."""
    return float(MAIN.rate(totals(run.errors[-1])))
