"""Run scenarios, keep the raw seconds, and print the figures.

    python -m benchmarks.run                      # all; about twenty minutes
    python -m benchmarks.run --quick              # small pools, two runs, nothing kept
    python -m benchmarks.run --report             # the figures of the results that are there, again

Candidate and peer take turns, in one process on one thread, or as whole processes. Raw seconds go to one JSON file a
scenario under benchmarks/results/; figures are computed from these.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

PINNED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
ENVIRONMENT = dict(os.environ)
os.environ.update(dict.fromkeys(PINNED, "1"))  # before numpy is imported

from benchmarks.data.workloads import workload  # noqa: E402
from benchmarks.environment import machine, versions  # noqa: E402
from benchmarks.scenarios.definitions import SCENARIOS, Scenario  # noqa: E402
from benchmarks.scenarios.figures import report  # noqa: E402
from benchmarks.scenarios.harness import heavy_modules, time_functions, time_processes  # noqa: E402
from canvass.files import whole_file  # noqa: E402

RESULTS = Path(__file__).parent / "results"
RUNS, QUICK_RUNS = 5, 2


def run(scenario: Scenario, *, quick: bool, runs: int) -> dict[str, Any]:
    """Run a scenario; returns the document that is kept."""
    sizes = [scenario.workload, *([scenario.base] if scenario.base else [])]
    works = [workload(size, quick=quick) for size in sizes]
    for work in works:
        work.make()
    time_all = time_processes if scenario.processes else time_functions
    document: dict[str, Any] = {
        "scenario": scenario.id,
        "workload": works[0].name,
        "base": works[1].name if scenario.base else None,
        "command": f"python -m benchmarks.run --scenario {scenario.id}",
        "machine": machine(),
        "versions": versions(),
        "runs": time_all(scenario, works, runs, ENVIRONMENT),
    }
    command = scenario.candidate(works[0]) if scenario.measure == "seconds" else None
    if isinstance(command, list):
        document["heavy_modules"] = heavy_modules(command, ENVIRONMENT)
    return document


def keep(path: Path, document: dict[str, Any]) -> None:
    """Write a result; small, and without a text or a path of this machine."""
    RESULTS.mkdir(exist_ok=True)
    with whole_file(path) as stream:
        stream.write(json.dumps(document).encode() + b"\n")


def main() -> None:
    """Run what is asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--scenario", action="append", choices=SCENARIOS, metavar="ID", help="may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="small pools and few runs; nothing is kept")
    parser.add_argument("--runs", type=int, help=f"of each side [default: {RUNS}]")
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    parser.add_argument(
        "--report", action="store_true", help="print the figures of the results that are there"
    )
    options = parser.parse_args()
    chosen = options.scenario or list(SCENARIOS)
    if options.list:
        print("\n".join(f"{name}: {SCENARIOS[name].what}" for name in chosen))
        return
    found: dict[str, dict[str, Any]] = {}
    for name in chosen:
        source = SCENARIOS[SCENARIOS[name].runs_of or name]
        path = RESULTS / f"{source.id}.json"
        if options.report and path.exists():
            found[source.id] = json.loads(path.read_text())
        elif source.id not in found and not options.report:
            runs = options.runs or (QUICK_RUNS if options.quick else RUNS)
            found[source.id] = run(source, quick=options.quick, runs=runs)
            if not options.quick:
                keep(path, found[source.id])
        if source.id in found:
            print(report(SCENARIOS[name], found[source.id]), flush=True)


if __name__ == "__main__":
    main()
