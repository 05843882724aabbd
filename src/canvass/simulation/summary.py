"""Summary of a study: the final slot error rate of each strategy, and its keys, without intervals or tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.simulation.measures import MAIN, totals
from canvass.simulation.simulated_assistant import Check

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from canvass.simulation.store import StoredRun, Study

CEILING = "(ceiling: trained on the whole pool)"


def final_slot_error_rates(study: Study, target: str) -> dict[str, float]:
    """Average each strategy's slot error rate after the last round over the seeds; the best strategy first."""
    runs: dict[str, list[float]] = {}
    for run in study.runs_of(target, "strategy"):
        runs.setdefault(run.name.strategy, []).append(slot_error_rate(run))
    means = sorted((sum(rates) / len(rates), name) for name, rates in runs.items())
    ceiling = [slot_error_rate(run) for run in study.runs_of(target, "ceiling")]
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


def slot_error_rate(run: StoredRun, state: int = -1) -> float:
    """Compute the slot error rate after a round, by default the last one (see `metrics`)."""
    return float(MAIN.rate(totals(run.errors[state])))
