"""Figures are functions of raw runs; every scenario is well formed; results hold no text and no path."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.data.make_pool import POOLS, SIZES
from benchmarks.scenarios.definitions import SCENARIOS
from benchmarks.scenarios.figures import figure, reached, report

KEPT = [path for path in sorted((POOLS.parent / "results").glob("*.json")) if path.stem in SCENARIOS]


def document(**seconds):
    """Runs by side and workload, as run.py keeps them."""
    runs = [
        {
            "side": name.rpartition("_")[0],
            "workload": name.rpartition("_")[2],
            "seconds": one,
            "peak_mb": 100 * one,
        }
        for name, some in seconds.items()
        for one in some
    ]
    return {"workload": "big", "base": "small", "runs": runs}


def test_faster_is_the_ratio_of_medians_with_the_spread_of_the_pairs():
    scenario = SCENARIOS["score-scikit-learn"]
    found = figure(scenario, document(candidate_big=[1, 2, 3], peer_big=[40, 100, 240]))
    assert (found.value, found.low, found.high) == (50, 40, 80)
    assert reached(scenario, found) == "reached"
    assert reached(scenario, replace(found, value=80)) == "aim reached"
    assert reached(scenario, replace(found, value=39)) == "NOT REACHED"


def test_faster_takes_a_peer_that_was_run_once():
    found = figure(SCENARIOS["select-small-text-10m"], document(candidate_big=[1, 2, 3], peer_big=[60]))
    assert (found.value, found.low, found.high) == (30, 20, 60)


def test_cost_is_of_the_rows_beyond_the_base():
    scenario = SCENARIOS["select-reading"]
    runs = document(candidate_big=[9, 9], candidate_small=[3, 3], peer_big=[5, 5], peer_small=[2, 3])
    found = figure(scenario, runs)
    assert (found.value, found.low, found.high) == (6 / 2.5, 2, 3)
    assert reached(scenario, found) == "reached"
    assert reached(scenario, replace(found, value=2)) == "aim reached"


def test_memory_and_seconds_are_medians_of_the_candidate():
    runs = document(candidate_big=[1, 5, 2], peer_big=[9])
    assert figure(SCENARIOS["select-memory"], runs).value == 200
    assert figure(SCENARIOS["help"], runs).value == 2
    assert "big" in report(SCENARIOS["help"], runs)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_scenarios_are_well_formed(scenario):
    assert scenario.workload in SIZES
    assert scenario.base in (None, *SIZES)
    assert (scenario.base is not None) == (scenario.measure in ("cost", "memory"))
    assert scenario.runs_of is None or SCENARIOS[scenario.runs_of].candidate is scenario.candidate
    assert (scenario.peer is not None) == (scenario.measure in ("faster", "cost"))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_results_hold_seconds_and_versions_only(path):
    found = json.loads(path.read_text())
    assert set(found) <= {
        "scenario", "workload", "base", "command", "machine", "versions", "runs", "heavy_modules"
    }  # fmt: skip
    assert "/" not in json.dumps({**found, "command": ""})
    assert found["command"] == f"python -m benchmarks.run --scenario {path.stem}"
