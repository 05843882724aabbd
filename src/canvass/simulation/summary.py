"""The shortest account of a study: what each strategy reached, without intervals or tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canvass.metrics import score
from canvass.simulation.counts import unpacked

if TYPE_CHECKING:
    from canvass.simulation.store import StoredRun, Study

CEILING = "(ceiling: trained on the whole pool)"


def final_slot_error_rates(study: Study, target: str) -> dict[str, float]:
    """Give each strategy's slot error rate after the last round, the mean of the seeds, the best first."""
    runs: dict[str, list[float]] = {}
    for run in study.runs_of(target, "strategy"):
        runs.setdefault(run.name.strategy, []).append(slot_error_rate(run))
    found = sorted((sum(rates) / len(rates), name) for name, rates in runs.items())
    ceiling = [slot_error_rate(run) for run in study.runs_of(target, "ceiling")]
    return {name: rate for rate, name in found} | ({CEILING: sum(ceiling) / len(ceiling)} if ceiling else {})


def slot_error_rate(run: StoredRun, state: int = -1) -> float:
    """Compute SlotER after a round, the last one by default (see `metrics`)."""
    return score(unpacked(run.errors[state])).slot_error_rate
