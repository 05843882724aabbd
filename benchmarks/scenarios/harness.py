"""Take turns: candidate and peer one after the other, again and again, so that a busy machine hits both."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.data.workloads import Workload
    from benchmarks.scenarios.definitions import Scenario

HEAVY = ("dask", "distributed", "pyspark", "matplotlib", "starlette", "torch")
PROCESS = str(Path(__file__).with_name("process.py"))


def sides(scenario: Scenario, works: list[Workload]) -> list[tuple[str, str, Any]]:
    """List (side, workload, what it prepares or its command)."""
    both = [("candidate", scenario.candidate), ("peer", scenario.peer)]
    return [(side, work.name, made(work)) for work in works for side, made in both if made is not None]


def turns(scenario: Scenario, parts: list[tuple[str, str, Any]], runs: int) -> list[tuple[str, str, Any]]:
    """Order the runs: A B A B."""
    most = {"candidate": runs, "peer": min(runs, scenario.peer_runs or runs)}
    return [part for number in range(runs) for part in parts if number < most[part[0]]]


def time_functions(
    scenario: Scenario, works: list[Workload], runs: int, environment: dict[str, str]
) -> list[dict[str, Any]]:
    """Time functions of this process, after a warm-up of each."""
    del environment
    parts = sides(scenario, works)
    for _, _, function in parts:
        function()
    found = []
    for side, name, function in turns(scenario, parts, runs):
        gc.collect()
        start = time.perf_counter()
        function()
        found.append({"side": side, "workload": name, "seconds": time.perf_counter() - start})
    return found


def time_processes(
    scenario: Scenario, works: list[Workload], runs: int, environment: dict[str, str]
) -> list[dict[str, Any]]:
    """Time whole processes; the candidate and quick peers run once before, so that files and caches are warm."""
    parts = sides(scenario, works)
    for side, _, command in parts:
        if side == "candidate" or scenario.peer_runs is None:
            measured(command, environment)
    return [
        {"side": side, "workload": name, **measured(command, environment)}
        for side, name, command in turns(scenario, parts, runs)
    ]


def measured(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    """Run a command through `process.py`; raises RuntimeError where it fails."""
    whole = [sys.executable, "-S", "-E", PROCESS, *command]
    done = subprocess.run(whole, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    if found.pop("exit"):
        raise RuntimeError(f"{Path(command[0]).name} {command[1:]} failed: {done.stderr}")
    return found


def heavy_modules(command: list[str], environment: dict[str, str]) -> list[str]:
    """List the heavy modules that a Python program imports."""
    program = command if command[0] != sys.executable else command[1:]
    whole = [sys.executable, "-X", "importtime", *program]
    done = subprocess.run(whole, env=environment, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    return sorted(imported.intersection(HEAVY))
