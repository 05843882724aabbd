"""From raw seconds to figures: pure functions of a scenario and its runs, so that a new figure needs no rerun."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.scenarios.definitions import Scenario

UNIT = {"faster": " x", "cost": " x", "memory": " MB", "seconds": " s"}


@dataclass(frozen=True)
class Figure:
    """A figure with the smallest and the largest that single rounds of interleaved runs gave."""

    value: float
    low: float
    high: float
    unit: str

    def __str__(self) -> str:
        return f"{self.value:.3g}{self.unit} ({self.low:.3g} to {self.high:.3g})"


def values(runs: list[dict[str, Any]], side: str, workload: str, what: str = "seconds") -> list[float]:
    """Pick the values of one side on one workload, in the order of the runs."""
    return [run[what] for run in runs if run["side"] == side and run["workload"] == workload]


def figure(scenario: Scenario, document: dict[str, Any]) -> Figure:
    """Compute a scenario's figure from what `run.py` keeps."""
    runs, workload, base = document["runs"], document["workload"], document["base"]
    ours = values(runs, "candidate", workload)
    theirs = values(runs, "peer", workload)
    unit = UNIT[scenario.measure]
    if scenario.measure == "seconds":
        return Figure(median(ours), min(ours), max(ours), unit)
    if scenario.measure == "memory":
        peaks = values(runs, "candidate", workload, "peak_mb")
        return Figure(median(peaks), min(peaks), max(peaks), unit)
    if scenario.measure == "cost":
        ours_before, theirs_before = (values(runs, side, base) for side in ("candidate", "peer"))
        more = [after - before for after, before in zip(ours, ours_before, strict=True)]
        more_there = [after - before for after, before in zip(theirs, theirs_before, strict=True)]
        ratios = [mine / there for mine, there in zip(more, more_there, strict=True)]
        cost = median(ours) - median(ours_before)
        return Figure(cost / (median(theirs) - median(theirs_before)), min(ratios), max(ratios), unit)
    if len(theirs) == len(ours):
        ratios = [there / mine for there, mine in zip(theirs, ours, strict=True)]
    else:
        ratios = [min(theirs) / max(ours), max(theirs) / min(ours)]
    return Figure(median(theirs) / median(ours), min(ratios), max(ratios), unit)


def reached(scenario: Scenario, found: Figure) -> str:
    """Say what the figure reaches: the aim, what is asked at least, or neither."""
    bigger_is_better = scenario.measure == "faster"

    def holds(limit: float) -> bool:
        return found.value >= limit if bigger_is_better else found.value <= limit

    if scenario.aim is not None and holds(scenario.aim):
        return "aim reached"
    return "reached" if holds(scenario.at_least) else "NOT REACHED"


def report(scenario: Scenario, document: dict[str, Any]) -> str:
    """Print a scenario's figure and what it was computed from."""
    runs = document["runs"]
    found = figure(scenario, document)
    aim = "" if scenario.aim is None else f", aim {scenario.aim:g}"
    lines = [
        f"{scenario.id} [{document['workload']}]: {scenario.what}",
        f"  {found}; asked {scenario.at_least:g}{aim}: {reached(scenario, found)}",
    ]
    for side, workload in dict.fromkeys((run["side"], run["workload"]) for run in runs):
        seconds = values(runs, side, workload)
        spread = f"{min(seconds):.4g} to {max(seconds):.4g}, {len(seconds)} runs"
        line = f"  {side} {workload}: median {median(seconds):.4g} s ({spread})"
        if "peak_mb" in runs[0]:
            line += f", peak {median(values(runs, side, workload, 'peak_mb')):.0f} MB"
        lines.append(line)
    if document.get("heavy_modules") is not None:
        lines.append(f"  heavy modules loaded: {', '.join(document['heavy_modules']) or 'none'}")
    return "\n".join(lines)
